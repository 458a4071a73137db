"""The source itself: a thread a request, which waits until its delivery is settled."""

from __future__ import annotations

import base64
import hmac
import io
import re
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from logsluice.errors import UsageError
from logsluice.model import ByteStream, Delivery, Format, Origin, Outcome
from logsluice.sources.http import Config

BATCH = 10
IDLE_SECONDS = 60
CLOSE_SECONDS = 2
"""How long `close` waits for answers that are being written."""

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


class HttpSource:
    """Deliveries of requests (`model.Source`). Never comes to an end.

    Attributes:
        address: Where it listens, after `open`.
    """

    visibility: float | None = None

    def __init__(self, config: Config, formats: Mapping[str, Format]) -> None:
        self.config = config
        self.by_type = formats
        self._server: _Server | None = None
        self._waiting: deque[Delivery] = deque()
        self._held = 0
        self._held_bytes = 0
        self._unanswered = 0
        self._changed = threading.Condition()

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of its own."""
        return tuple(self.by_type.values())

    def open(self) -> None:
        """Listen. Raises UsageError: the address can't be had, or the password can't be read."""
        source = self
        if self.config.password is not None:
            self.config.password.reveal()  # one that can't be read is told now

        class Handler(_Handler):
            pass

        Handler.source = source
        try:
            self._server = _Server((self.config.host, self.config.port), Handler, 2 * self.config.pending)
        except OSError as error:
            raise UsageError(
                f"can't listen on {self.config.host}:{self.config.port}: {error.strerror}", "choose another port"
            ) from error
        self.address: tuple[str, int] = self._server.server_address[:2]  # type: ignore[assignment]
        threading.Thread(target=self._server.serve_forever, daemon=True, name="http-source").start()

    # --------------------------------------------------------------------------------- what the connections call

    def reserve(self, length: int) -> Pending | None:
        """Room for a body, before it is read; None when too much is held. One body alone always has room."""
        with self._changed:
            over = self._held_bytes and self._held_bytes + length > self.config.buffer
            if over or self._held >= self.config.pending:
                return None
            self._held += 1
            self._held_bytes += length
            self._unanswered += 1
            return Pending(length)

    def take(self, delivery: Delivery) -> None:
        """Put a request in line."""
        with self._changed:
            self._waiting.append(delivery)
            self._changed.notify_all()

    def withdraw(self, delivery: Delivery) -> None:
        """Who sent it waits no more; what nobody has received yet is not handed out, for it will be sent again."""
        with self._changed:
            if delivery in self._waiting:
                self._waiting.remove(delivery)
                self.release(delivery.handle)

    def release(self, pending: Pending) -> None:
        """Its body is held no more."""
        with self._changed:
            self._held -= 1
            self._held_bytes -= pending.length

    def answered(self) -> None:
        """A request that had room has its answer, or nobody to take it."""
        with self._changed:
            self._unanswered -= 1
            self._changed.notify_all()

    # ------------------------------------------------------------------------------------ what the pipeline calls

    def receive(self, wait: float) -> list[Delivery]:
        """Up to ten requests."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting), wait)
            return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - it stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Answer the request. Who gets 503 sends it again: it is not kept here."""
        self.release(delivery.handle)
        delivery.handle.settle(outcome)

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Listen no more; what waits is answered with 503, and answers are written before this returns."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            for delivery in self._waiting:
                delivery.handle.settle(Outcome.RETRY)
            self._waiting.clear()
            self._changed.wait_for(lambda: not self._unanswered, CLOSE_SECONDS)


class _Server(ThreadingHTTPServer):
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


class _Handler(BaseHTTPRequestHandler):
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
