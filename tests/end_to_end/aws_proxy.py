"""Between a program and moto: what a test wants to see, or to be answered otherwise than moto does."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.parts.moto_server import MotoServer

_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date", "server"}


@dataclass(frozen=True, slots=True)
class Request:
    """What the program asks."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What it is told."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class AwsProxy(ThreadingHTTPServer):
    """Passes everything on to moto; subclasses look on, and answer some of it themselves."""

    daemon_threads = True

    def __init__(self, moto: MotoServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.moto = moto

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, request: Request) -> Answer:
        """What a request is answered, called by many threads."""
        return self.pass_on(request)

    def pass_on(self, request: Request) -> Answer:
        """What moto answers."""
        moto = http.client.HTTPConnection("127.0.0.1", self.moto.port, timeout=30)
        try:
            moto.request(request.method, request.path, request.body, dict(request.headers))
            answer = moto.getresponse()
            headers = {name: value for name, value in answer.getheaders() if name.lower() not in _BY_HOP}
            return Answer(answer.status, answer.read(), headers)
        finally:
            moto.close()

    def handle_error(self, request: object, client_address: object) -> None:
        """A program that ends leaves its last poll open."""


class _Handler(BaseHTTPRequestHandler):
    server: AwsProxy
    protocol_version = "HTTP/1.1"

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.server.answer(Request(self.command, self.path, dict(self.headers), body))
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _handle  # noqa: N815 - BaseHTTPRequestHandler's names

    def log_message(self, *_: object) -> None:
        pass
