"""Between a program and moto: a role's sessions that end early, as moto's never do."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tests.end_to_end.aws_proxy import Answer, AwsProxy, Request
from tests.parts.moto_server import MotoServer

_KEY = re.compile(r"Credential=([A-Z0-9a-z]+)/")
_NEW_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_EXPIRATION = re.compile(rb"<Expiration>[^<]+</Expiration>")

_EXPIRED_FOR_SQS = Answer(
    403,
    b'{"__type": "com.amazon.coral.service#ExpiredTokenException", "message": "expired"}',
    {"Content-Type": "application/x-amz-json-1.0"},
)
_EXPIRED_FOR_S3 = Answer(
    400,
    b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>",
    {"Content-Type": "application/xml"},
)


class RevokingProxy(AwsProxy):
    """Passes everything on, but each session only so often; the first session says that it ends in five minutes.

    Attributes:
        sessions: The access keys that were handed out, in order.
        used: Requests by access key.
        refused: Requests that were answered with ExpiredToken.
    """

    def __init__(self, moto: MotoServer, uses: int) -> None:
        super().__init__(moto)
        self.uses = uses
        self.sessions: list[str] = []
        self.used: Counter[str] = Counter()
        self.refused = 0
        self.lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        key = _KEY.search(request.headers.get("Authorization", ""))
        if key is not None and not self._is_taken(key[1]):
            return _EXPIRED_FOR_SQS if "X-Amz-Target" in request.headers else _EXPIRED_FOR_S3
        answer = self.pass_on(request)
        return replace(answer, body=self._handed_out(answer.body)) if b"AssumeRole" in request.body else answer

    def _is_taken(self, key: str) -> bool:
        """Whether a request with this key may pass."""
        with self.lock:
            self.used[key] += 1
            is_over = key in self.sessions and self.used[key] > self.uses
            self.refused += is_over
            return not is_over

    def _handed_out(self, answer: bytes) -> bytes:
        """Note a session that STS gives."""
        found = _NEW_KEY.search(answer)
        if found is None:
            return answer
        with self.lock:
            self.sessions.append(found[1].decode())
            is_first = len(self.sessions) == 1
        soon = datetime.now(UTC) + timedelta(minutes=5)
        until = f"<Expiration>{soon:%Y-%m-%dT%H:%M:%SZ}</Expiration>".encode()
        return _EXPIRATION.sub(until, answer) if is_first else answer
