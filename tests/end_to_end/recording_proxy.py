"""Between a program and moto: which permissions its calls needed, and which of them it was denied.

Actions are those of the Service Authorization Reference, by which AWS allows a call: DeleteMessageBatch needs
sqs:DeleteMessage, ListObjectsV2 needs s3:ListBucket, GetObject with a version s3:GetObjectVersion.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

from tests.end_to_end.aws_proxy import Answer, AwsProxy, Request
from tests.parts.moto_server import MotoServer

_SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/")
_BATCHES = {"DeleteMessageBatch": "DeleteMessage", "ChangeMessageVisibilityBatch": "ChangeMessageVisibility"}


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the program.

    Attributes:
        action: The permission that it needs.
        resource: The queue's name, the bucket, or the bucket and the key.
        status: What it was answered.
    """

    action: str
    resource: str
    status: int


class RecordingProxy(AwsProxy):
    """Passes everything on and notes it.

    Attributes:
        calls: In the order of their answers.
        received: How often each message was handed out, by its id.
        deleted: How many messages were deleted.
        hides_missing: Whether a key that is not there is answered as S3 does where the bucket may not be listed; moto
            says 404 to everybody.
        extensions_before_reads: Objects are handed out when so many calls have extended a message.
    """

    def __init__(self, moto: MotoServer) -> None:
        super().__init__(moto)
        self.calls: list[Call] = []
        self.received: Counter[str] = Counter()
        self.deleted = 0
        self.hides_missing = False
        self.extensions_before_reads = 0
        self._changed = threading.Condition()

    @property
    def outcomes(self) -> Counter[tuple[str, bool]]:
        """How often each permission was needed, and whether it was there."""
        return Counter((call.action, call.status != 403) for call in self.calls)

    @property
    def needed(self) -> dict[str, set[str]]:
        """By action, what it was needed for."""
        found: dict[str, set[str]] = {}
        for call in self.calls:
            found.setdefault(call.action, set()).add(call.resource)
        return found

    def wait_for(self, action: str, times: int) -> None:
        """Until an action was allowed so often."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.outcomes[action, True] >= times, 60), self.calls

    def wait_until_deleted(self, messages: int) -> None:
        """Until so many messages were deleted."""
        with self._changed:
            assert self._changed.wait_for(lambda: self.deleted >= messages, 60), self.calls

    def answer(self, request: Request) -> Answer:
        action, resource = needs(request)
        if action == "s3:GetObject":
            self.wait_for("sqs:ChangeMessageVisibility", self.extensions_before_reads)
        answer = self.pass_on(request)
        if self.hides_missing and b"<Code>NoSuchKey</Code>" in answer.body:
            answer = _hidden(resource.partition("/")[0])
        with self._changed:
            self.calls.append(Call(action, resource, answer.status))
            if action == "sqs:ReceiveMessage" and answer.status == 200:
                self.received.update(message["MessageId"] for message in json.loads(answer.body).get("Messages", ()))
            if action == "sqs:DeleteMessage" and answer.status == 200:
                self.deleted += len(json.loads(request.body)["Entries"])
            self._changed.notify_all()
        return answer


def needs(request: Request) -> tuple[str, str]:
    """The permission that a request needs, and for what; its own words for what no program here should ask."""
    if "X-Amz-Target" in request.headers:
        name = request.headers["X-Amz-Target"].rpartition(".")[2]
        return f"sqs:{_BATCHES.get(name, name)}", json.loads(request.body).get("QueueUrl", "").rpartition("/")[2]
    service = _SERVICE.search(request.headers.get("Authorization", ""))
    url = urlsplit(request.path)
    place, asked = unquote(url.path).strip("/"), parse_qs(url.query, keep_blank_values=True)
    if service is not None and service[1] == "s3" and request.method == "GET":
        if "/" not in place and asked.get("list-type") == ["2"]:
            return "s3:ListBucket", place
        if "/" in place and asked.keys() <= {"versionId"}:
            return "s3:GetObjectVersion" if asked else "s3:GetObject", place
    return f"{service and service[1]}: {request.method} {request.path} {request.body[:100]!r}", place


def _hidden(bucket: str) -> Answer:
    said = (
        "User: arn:aws:iam::123456789012:user/s3logsbeat is not authorized to perform: s3:ListBucket on resource:"
        f" &quot;arn:aws:s3:::{bucket}&quot; because no identity-based policy allows the s3:ListBucket action"
    )
    body = f"<Error><Code>AccessDenied</Code><Message>{said}</Message></Error>"
    return Answer(403, body.encode(), {"Content-Type": "application/xml"})
