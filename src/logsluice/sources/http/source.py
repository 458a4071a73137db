"""The source itself: what is held of requests, and who waits for which outcome."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping

from logsluice.errors import UsageError
from logsluice.model import Delivery, Format, Outcome
from logsluice.sources.http import Config
from logsluice.sources.http.server import Handler, Pending, Server

BATCH = 10
SPARE_CONNECTIONS = 100
"""For those who are refused, or keep a connection for later, beside the `pending` ones."""

CLOSE_SECONDS = 2
"""How long `close` waits for answers that are being written."""


class HttpSource:
    """Deliveries of requests (`model.Source`). Never comes to an end.

    Attributes:
        address: Where it listens, after `open`.
    """

    visibility: float | None = None

    def __init__(self, config: Config, formats: Mapping[str, Format]) -> None:
        self.config = config
        self.by_type = formats
        self._server: Server | None = None
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

        class Own(Handler):
            pass

        Own.source = source
        try:
            self._server = Server((self.config.host, self.config.port), Own, self.config.pending + SPARE_CONNECTIONS)
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
