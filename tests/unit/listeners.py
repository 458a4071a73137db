"""Small real servers on loopback for outputs: they keep what they are sent and answer as a test tells them."""

from __future__ import annotations

import http.server
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    client: tuple[str, int] = ("", 0)


@dataclass
class HttpListener:
    """What came to a server, and how it answers: a status, and a text."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], tuple[int, bytes]] = lambda _: (200, b"ok")


@contextmanager
def http_listener() -> Iterator[HttpListener]:
    """An HTTP server on loopback."""
    listener = HttpListener()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def take(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.command, self.path, headers, body, self.client_address)
            listener.received.append(received)
            status, text = listener.answer(received)
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            if self.command != "HEAD":
                with suppress(ConnectionError):  # who asked may have read enough
                    self.wfile.write(text)

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET = do_HEAD = take  # noqa: N815 - as http.server wants them

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listener.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()


@dataclass
class LineListener:
    """What came to a TCP server; it closes a connection after `hang_up_after` lines."""

    port: int = 0
    lines: list[str] = field(default_factory=list)
    connections: int = 0
    hang_up_after: int = -1


@contextmanager
def line_listener() -> Iterator[LineListener]:
    """A TCP server on loopback that keeps lines."""
    listener = LineListener()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            listener.connections += 1
            for line in self.rfile:
                listener.lines.append(line.decode().rstrip("\n"))
                if len(listener.lines) == listener.hang_up_after:
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        listener.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listener
        finally:
            server.shutdown()
            thread.join()


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until something holds; fails after ten seconds."""
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.005)
