"""The source itself: a thread a request, which waits until its delivery is settled."""

from __future__ import annotations

import base64
import hmac
import io
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from logsluice.errors import UsageError
from logsluice.model import ByteStream, Delivery, Format, Origin, Outcome
from logsluice.sources.http import Config

BATCH = 10
IDLE_SECONDS = 60


class Pending:
    """A request that waits for its outcome."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._outcome = Outcome.RETRY

    def settle(self, outcome: Outcome) -> None:
        """It is known."""
        self._outcome = outcome
        self._done.set()

    def wait(self, seconds: float) -> bool:
        """Whether it was used up within that time."""
        return self._done.wait(seconds) and self._outcome is not Outcome.RETRY


class HttpSource:
    """Deliveries of requests (`model.Source`). Never comes to an end.

    Attributes:
        address: Where it listens, after `open`.
    """

    visibility: float | None = None

    def __init__(self, config: Config, formats: Mapping[str, Format]) -> None:
        self.config = config
        self.by_type = formats
        self._waiting: deque[Delivery] = deque()
        self._in_hand = 0
        self._changed = threading.Condition()

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of its own."""
        return tuple(self.by_type.values())

    def open(self) -> None:
        """Listen. Raises UsageError: the address can't be had."""
        source = self

        class Handler(_Handler):
            pass

        Handler.source = source
        try:
            self._server = ThreadingHTTPServer((self.config.host, self.config.port), Handler)
        except OSError as error:
            raise UsageError(
                f"can't listen on {self.config.host}:{self.config.port}: {error.strerror}", "choose another port"
            ) from error
        self._server.daemon_threads = True
        self.address: tuple[str, int] = self._server.server_address[:2]  # type: ignore[assignment]
        threading.Thread(target=self._server.serve_forever, daemon=True, name="http-source").start()

    def take(self, delivery: Delivery) -> bool:
        """Put a request in line; False when too many wait."""
        with self._changed:
            if len(self._waiting) + self._in_hand >= self.config.pending:
                return False
            self._waiting.append(delivery)
            self._changed.notify()
            return True

    def receive(self, wait: float) -> list[Delivery]:
        """Up to ten requests."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting), wait)
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            self._in_hand += len(batch)
            return batch

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - it stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Answer the request. Who gets 503 sends it again: it is not kept here."""
        with self._changed:
            self._in_hand -= 1
        delivery.handle.settle(outcome)

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Listen no more; what waits is answered with 503."""
        self._server.shutdown()
        self._server.server_close()
        with self._changed:
            for delivery in self._waiting:
                delivery.handle.settle(Outcome.RETRY)
            self._waiting.clear()


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
        config = self.source.config
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            self._answer(411, close=True)
        elif int(length) > config.max_body:
            self._answer(413, close=True)
        elif not self._is_allowed():
            self._answer(401, close=True)
        else:
            body = self.rfile.read(int(length))
            pending = Pending()
            kind = self.headers.get_content_type()
            payload = BodyPayload(body, self._about(), self.source.by_type.get(kind))
            delivery = Delivery(payload.origin.uri, [payload] if body else [], handle=pending)
            if not self.source.take(delivery):
                self._answer(429)
            else:
                self._answer(config.status if pending.wait(config.timeout) else 503)

    do_PUT = do_POST  # noqa: N815 - likewise

    def _about(self) -> dict[str, object]:
        headers = {name.lower(): value for name, value in self.headers.items() if name.lower() != "authorization"}
        return {"method": self.command, "path": self.path, "remote": self.client_address[0], "headers": headers}

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
