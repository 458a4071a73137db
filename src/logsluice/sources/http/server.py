"""What a connection does: it reads a request, and answers when its delivery is settled."""

from __future__ import annotations

import base64
import hmac
import io
import re
import sys
import threading
import time
import uuid
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from logsluice.model import ByteStream, Delivery, Format, Origin, Outcome

if TYPE_CHECKING:
    from logsluice.sources.http.source import HttpSource

IDLE_SECONDS = 60
PIECE = 64 * 1024
_PRIVATE = ("authorization", "proxy-authorization", "cookie")
_LENGTH = re.compile("[0-9]{1,18}")

DROPPED = 1024 * 1024
"""So much of a body that is not wanted is read, to keep the connection; of a longer one it is closed."""


class Pending:
    """A request that waits for its outcome.

    Args:
        length: Bytes of its body.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._done = threading.Event()
        self._outcome = Outcome.RETRY

    def settle(self, outcome: Outcome) -> None:
        """It is known."""
        self._outcome = outcome
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether it is known within that time."""
        return self._done.wait(seconds)

    @property
    def is_used_up(self) -> bool:
        """Whether nobody needs to send it again."""
        return self._outcome is not Outcome.RETRY


class Server(ThreadingHTTPServer):
    """A thread a connection, and only so many: who keeps one open and says nothing costs memory, too."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], connections: int) -> None:
        super().__init__(address, handler)
        self._places = threading.BoundedSemaphore(connections)

    def verify_request(self, request: object, client_address: object) -> bool:  # noqa: ARG002 - the first come
        """Whether there is a place; else the connection is closed."""
        return self._places.acquire(blocking=False)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class BodyPayload:
    """The body of a request (`model.Payload`)."""

    def __init__(self, body: bytes, about: dict[str, object], form: Format | None) -> None:
        self._body = body
        self._received = datetime.now(UTC)
        name = uuid.uuid4().hex
        self.origin = Origin(f"http:{name}", "", {"http": about}, str(about["path"]), (name,), format=form)

    @property
    def size(self) -> int | None:
        """Bytes of the body."""
        return len(self._body)

    def open(self) -> AbstractContextManager[ByteStream]:
        """The body."""
        return nullcontext(io.BytesIO(self._body))

    def modified(self) -> datetime | None:
        """When it was received."""
        return self._received


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    source: HttpSource
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS

    def do_POST(self) -> None:
        """Take the body, and answer when it is confirmed."""
        said = self.headers.get_all("Content-Length", [])
        if len(said) != 1 or not _LENGTH.fullmatch(said[0]) or "Transfer-Encoding" in self.headers:
            self._answer(411, close=True)
            return
        length = int(said[0])
        if not self._is_allowed():
            self._refuse(401, length)
        elif length > self.source.config.max_body:
            self._refuse(413, length)
        elif (pending := self.source.reserve(length)) is None:
            self._refuse(429, length)
        else:
            try:
                self._take(pending)
            finally:
                self.source.answered()

    def _take(self, pending: Pending) -> None:
        config = self.source.config
        body = self._body(pending.length)
        if body is None:
            self.source.release(pending)
            self._answer(408, close=True)
            return
        payload = BodyPayload(body, self._about(), self.source.by_type.get(self.headers.get_content_type()))
        delivery = Delivery(payload.origin.uri, [payload] if body else [], handle=pending)
        self.source.take(delivery)
        if not pending.wait(config.timeout):
            self.source.withdraw(delivery)
        self._answer(config.status if pending.is_used_up else 503)

    def _body(self, length: int) -> bytes | None:
        """All of it, or None where it breaks off or takes too long: half a body is no event."""
        end = time.monotonic() + self.source.config.timeout
        body = bytearray()
        try:
            while len(body) < length:
                piece = self.rfile.read1(min(PIECE, length - len(body)))
                if not piece or time.monotonic() > end:
                    return None
                body += piece
        except OSError:
            return None
        return bytes(body)

    def _refuse(self, status: int, length: int) -> None:
        """Answer so; the body is not kept."""
        self._answer(status, close=length > DROPPED or self._body(length) is None)

    do_PUT = do_POST  # noqa: N815 - likewise

    def _about(self) -> dict[str, object]:
        sent = {name.lower(): value for name, value in self.headers.items() if name.lower() not in _PRIVATE}
        headers = self._as_logstash(sent) if self.source.config.header_names == "logstash" else sent
        return {"method": self.command, "path": self.path, "remote": self.client_address[0], "headers": headers}

    def _as_logstash(self, headers: dict[str, str]) -> dict[str, str | None]:
        """Underscores, the request's line among them, and three that are there even where they were not sent."""
        found: dict[str, str | None] = {name.replace("-", "_"): value for name, value in headers.items()}
        found |= {f"http_{name}": found.pop(name, None) for name in ("accept", "host", "user_agent")}
        line = {"request_method": self.command, "request_path": self.path, "http_version": self.request_version}
        return found | line

    def _is_allowed(self) -> bool:
        config = self.source.config
        if config.password is None:
            return True
        wanted = base64.b64encode(f"{config.user}:{config.password.reveal()}".encode()).decode()
        return hmac.compare_digest(self.headers.get("Authorization", "").encode(), f"Basic {wanted}".encode())

    def _answer(self, status: int, close: bool = False) -> None:
        self.send_response(status)
        body = b"" if status == 204 else (b"ok" if status < 300 else self.responses[status][0].encode())
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="logsluice"')
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        if close:  # what is left of the body is not read
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of http.server
        """Requests are counted as deliveries, not logged."""
