"""Between a program and moto: a role's sessions that end early, as moto's never do."""

from __future__ import annotations

import http.client
import re
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.parts.moto_server import MotoServer

_KEY = re.compile(r"Credential=([A-Z0-9a-z]+)/")
_NEW_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_EXPIRATION = re.compile(rb"<Expiration>[^<]+</Expiration>")
_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


class RevokingProxy(ThreadingHTTPServer):
    """Passes everything on, but each session only so often; the first session says that it ends in five minutes.

    Attributes:
        sessions: The access keys that were handed out, in order.
        used: Requests by access key.
        refused: Requests that were answered with ExpiredToken.
    """

    daemon_threads = True

    def __init__(self, moto: MotoServer, uses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.moto = moto
        self.uses = uses
        self.sessions: list[str] = []
        self.used: Counter[str] = Counter()
        self.refused = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def is_taken(self, key: str) -> bool:
        """Whether a request with this key may pass."""
        with self.lock:
            self.used[key] += 1
            is_over = key in self.sessions and self.used[key] > self.uses
            self.refused += is_over
            return not is_over

    def handed_out(self, answer: bytes) -> bytes:
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

    def handle_error(self, request: object, client_address: object) -> None:
        """A program that ends leaves its last poll open."""


class _Handler(BaseHTTPRequestHandler):
    server: RevokingProxy
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        key = _KEY.search(self.headers.get("Authorization", ""))
        if key is not None and not self.server.is_taken(key[1]):
            self._refuse()
            return
        moto = http.client.HTTPConnection("127.0.0.1", self.server.moto.port, timeout=30)
        try:
            moto.request(self.command, self.path, body, dict(self.headers))
            answer = moto.getresponse()
            content = answer.read()
        finally:
            moto.close()
        if b"AssumeRole" in body:
            content = self.server.handed_out(content)
        headers = {name: value for name, value in answer.getheaders() if name.lower() not in _BY_HOP}
        self._answer(answer.status, headers, content)

    def _refuse(self) -> None:
        """As S3 says it in XML and SQS in JSON."""
        if "X-Amz-Target" in self.headers:
            body = b'{"__type": "com.amazon.coral.service#ExpiredTokenException", "message": "expired"}'
            self._answer(403, {"Content-Type": "application/x-amz-json-1.0"}, body)
        else:
            body = b"<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>"
            self._answer(400, {"Content-Type": "application/xml"}, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
