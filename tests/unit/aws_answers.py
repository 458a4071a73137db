"""AWS as one client sees it: answers instead of a network, and the requests that were made."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from urllib3 import HTTPResponse

Answer = tuple[int, Mapping[str, str], bytes]


class Answers:
    """Stands for the network of a client.

    Args:
        client: Any boto3 client.
        answers: Status, headers and body of each answer, in order.

    Attributes:
        requests: What was sent, signed.
    """

    def __init__(self, client: Any, *answers: Answer) -> None:
        self.requests: list[AWSPreparedRequest] = []
        self._answers = list(answers)
        client.meta.events.register("before-send", self._answer, unique_id="answers")

    def give(self, *answers: Answer) -> None:
        """These are the next answers, and there are no others."""
        self._answers = list(answers)

    @property
    def urls(self) -> list[str]:
        """Where the requests went."""
        return [request.url for request in self.requests]

    @property
    def scopes(self) -> list[tuple[str, str]]:
        """The key and the region that the requests were signed with."""
        parts = [self.header(n, "Authorization").split("Credential=")[1].split("/") for n in range(len(self.requests))]
        return [(part[0], part[2]) for part in parts]

    def header(self, number: int, name: str) -> str:
        """A header of one request."""
        value = self.requests[number].headers[name]
        return value.decode() if isinstance(value, bytes) else str(value)

    def _answer(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        self.requests.append(request)
        status, headers, body = self._answers.pop(0)
        raw = HTTPResponse(io.BytesIO(body), preload_content=False)
        return AWSResponse(request.url, status, HTTPHeaders.from_dict(dict(headers)), raw)


def refusal(status: int, code: str, more: str = "", message: str = "", **headers: str) -> Answer:
    """An error as S3 writes it."""
    body = f"<Error><Code>{code}</Code><Message>{message or f'{code}.'}</Message>{more}</Error>".encode()
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body
