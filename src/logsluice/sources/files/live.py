"""Standard input as it comes: complete lines as deliveries, one after the other, so that their order stays."""

from __future__ import annotations

import io
import os
import select
import sys
import threading
import time
import uuid
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from logsluice.errors import UsageError
from logsluice.framing.limits import DEFAULT_LIMITS
from logsluice.model import ByteStream, Delivery, Origin, Outcome
from logsluice.sources.files import Config
from logsluice.sources.files.payload import file_fault
from logsluice.sources.files.ranges import LEAD_BYTES
from logsluice.sources.files.retries import Retries
from logsluice.sources.files.source import quarantined

URI = "stdin:"
BLOCK = 64 * 1024
"""Bytes asked for at once, as many as a pipe holds (pipe(7))."""

MOST_BYTES = 1024 * 1024
LINGER_SECONDS = 0.05
"""How long further lines are waited for, as Logstash does (`pipeline.batch.delay`)."""


class LiveSource:
    """Deliveries from standard input (`model.Source`); None when it has ended and all is settled.

    Nobody can read it again, so its events are known by this run and their offset, not by their content.

    Args:
        config: With `follow`.
    """

    visibility: float | None = None
    total_bytes: int | None = None

    def __init__(self, config: Config) -> None:
        self._retries = Retries(config.retry_delay, config.retry_delay_max, config.quarantine_after)
        run = uuid.uuid4().hex
        self._origin = Origin(URI, run, {}, URI, (run,), config.id_salt)
        self._file = -1
        self._beginning = b""
        self._start = 0
        self._held = bytearray()
        self._is_busy = False
        self._has_ended = False
        self._changed = threading.Condition()

    def open(self) -> None:
        """Nothing is read yet. Raises UsageError where the program was started without standard input."""
        if sys.stdin is None:
            raise UsageError("there is no standard input", "start it with one: `< /dev/null` is an empty one")
        self._file = sys.stdin.fileno()

    def receive(self, wait: float) -> list[Delivery] | None:
        """What has come, once the delivery before is settled; an empty list when nothing comes within `wait` seconds.

        Raises:
            SourceFault: It can't be read.
        """
        end = time.monotonic() + wait
        with self._changed:
            while self._is_busy or self._retries:
                if due := self._retries.due():
                    self._is_busy = True
                    return [self._again(delivery) for delivery in due]
                left = min([end, *self._retries.times()]) - time.monotonic()
                if time.monotonic() >= end:
                    return []
                self._changed.wait(max(0.0, left))
            if self._has_ended and not self._held:
                return None
            self._is_busy = True
        data = b""
        try:
            data = self._read(end)
        finally:
            if not data:
                self._free()
        return [self._delivery(data)] if data else None if self._has_ended else []

    def _read(self, end: float) -> bytes:
        """Complete lines; the last ones of the stream may lack their end, and a line over the limit is cut there."""
        held = self._held
        while not self._has_ended and len(held) < DEFAULT_LIMITS.record:
            if not select.select([self._file], [], [], max(0.0, end - time.monotonic()))[0]:
                break
            try:
                piece = os.read(self._file, BLOCK)
            except OSError as error:
                if b"\n" in held:  # what came before goes first, and the next call meets the error
                    break
                raise file_fault(error, URI) from error
            self._has_ended = not piece
            held += piece
            if b"\n" in piece:
                if len(held) >= MOST_BYTES:
                    break
                end = min(end, time.monotonic() + LINGER_SECONDS)
        is_whole = self._has_ended or len(held) >= DEFAULT_LIMITS.record
        cut = held.rfind(b"\n") + 1 or (len(held) if is_whole else 0)
        if self._has_ended:
            cut = len(held)
        data = bytes(held[:cut])
        del held[:cut]
        return data

    def _delivery(self, data: bytes) -> Delivery:
        payload = _Lines(data, self._start, self._beginning, self._origin)
        if self._start < LEAD_BYTES:
            beginning = (self._beginning + data)[:LEAD_BYTES]
            self._beginning = beginning[: beginning.rfind(b"\n") + 1]
        self._start += len(data)
        return Delivery(id=f"{URI}{payload.start}", payloads=[payload], handle=payload)

    def _again(self, delivery: Delivery) -> Delivery:
        if self._retries.is_hopeless(delivery):
            lines: _Lines = delivery.handle
            # all of it, and not a reference: there is nowhere to read it again
            delivery.rejects = [replace(quarantined(lines, delivery), position=lines.start, excerpt=lines.data)]
            delivery.payloads = ()
        return delivery

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - what was read stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Done with, or to be handed out again after a growing delay; only then comes what follows."""
        if outcome is Outcome.RETRY:
            with self._changed:
                self._retries.add(delivery)
        self._free()

    def _free(self) -> None:
        with self._changed:
            self._is_busy = False
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Standard input stays open."""


@dataclass(slots=True)
class _Lines:
    """Lines that were read (`model.Payload`, `model.Continues`); before them the stream's first lines."""

    data: bytes
    start: int
    beginning: bytes
    origin: Origin
    read: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def lead(self) -> int:
        return len(self.beginning)

    @property
    def size(self) -> int | None:
        """Bytes of the lines."""
        return len(self.data)

    def modified(self) -> datetime | None:
        """When they were read: the time of lines that say none."""
        return self.read

    def open(self) -> AbstractContextManager[ByteStream]:
        """The stream's first lines, and these."""
        return nullcontext(io.BytesIO(self.beginning + self.data))
