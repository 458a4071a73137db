"""The HTTP endpoint of a running program: `/health/live`, `/health/ready` and `/metrics`. For a private network only.

It answers GET and nothing else, reads no body, and hangs up on a client after CLIENT_SECONDS, however busy it looks; at
most MOST_CLIENTS are served at once.
"""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import orjson

from logsluice._version import __version__
from logsluice.errors import UsageError
from logsluice.hosts.status import Status
from logsluice.telemetry.metrics import CONTENT_TYPE, exposition

CLIENT_SECONDS = 5.0
MOST_CLIENTS = 16


class HealthServer:
    """Serves in threads of its own while it is entered.

    Args:
        host: Where to listen: 127.0.0.1, or an address that a load balancer or Prometheus reaches.
        port: 0 for any free one; see `port`.
        status: Asked at each request.

    Raises:
        UsageError: The address can't be listened on.
    """

    def __init__(self, host: str, port: int, status: Callable[[], Status]) -> None:
        try:
            self._server = _Server((host, port), _Handler)
        except OSError as error:
            raise UsageError(
                f"can't serve health and metrics on {host}:{port}: {error.strerror}", "choose another `http:` address"
            ) from error
        self._server.status = status
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="http", daemon=True)

    @property
    def port(self) -> int:
        """The port that is listened on."""
        return int(self._server.server_address[1])

    def __enter__(self) -> HealthServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    status: Callable[[], Status]

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._free = threading.BoundedSemaphore(MOST_CLIENTS)
        super().__init__(address, handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for each client, as far as there are; the others are hung up on."""
        if self._free.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def server_bind(self) -> None:
        """Without asking the DNS for our name, as the base class does: nobody wants it, and it may take a minute."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        over = threading.Timer(CLIENT_SECONDS, _hang_up, (request,))
        over.daemon = True
        over.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            over.cancel()
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to tell of."""


def _hang_up(request: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it has gone by itself
        request.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    timeout = CLIENT_SECONDS
    server_version = f"logsluice/{__version__}"
    sys_version = ""

    def do_GET(self) -> None:
        """Answer by path; there are three."""
        assert isinstance(self.server, _Server)
        match self.path.partition("?")[0]:
            case "/health/live" | "/health/ready" as path:
                good, told = self.server.status().answer(path.removeprefix("/health/"))
                body = orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
                self._send(200 if good else 503, "application/json", body)
            case "/metrics":
                self._send(200, CONTENT_TYPE, exposition(self.server.status().samples).encode())
            case _:
                self._send(404, "text/plain", b"there are /health/live, /health/ready and /metrics\n")

    def _send(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        """Health checks come every few seconds: not logged."""
