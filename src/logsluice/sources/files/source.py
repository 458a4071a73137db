"""Files as deliveries: each once, again after a delay when it was not used up, None when all are settled."""

from __future__ import annotations

import sys
import threading
import time
from collections import deque
from pathlib import Path

from logsluice.decode import faulty
from logsluice.errors import SourceFault
from logsluice.model import Delivery, Origin, Outcome, Payload, Reject
from logsluice.sources.files import Config
from logsluice.sources.files.paths import STDIN, find_files
from logsluice.sources.files.payload import FilePayload, PipePayload, file_fault
from logsluice.sources.files.retries import Retries

BATCH = 10
BATCH_BYTES = 1024 * 1024
"""Small files are handed out together, large ones one by one, so that the workers share them."""


class FilesSource:
    """Deliveries from files (`model.Source`)."""

    visibility: float | None = None

    def __init__(self, config: Config, base: Path) -> None:
        self.config = config
        self.total_bytes: int | None = None
        self._base = base
        self._waiting: deque[str | Path] = deque()
        self._retries = Retries(config.retry_delay, config.retry_delay_max, config.quarantine_after)
        self._in_hand = 0
        self._changed = threading.Condition()

    def open(self) -> None:
        """Find the files. `total_bytes` then says how much there is to read, None when a pipe is among it.

        Raises:
            UsageError: A path does not exist, or a pattern matches nothing.
        """
        files = find_files(self.config.paths, self._base, self.config.recursive, self.config.exclude)
        sizes = [_size(file) for file in files]
        self.total_bytes = None if None in sizes else sum(size or 0 for size in sizes)
        self._waiting.extend(files)

    def receive(self, wait: float) -> list[Delivery] | None:
        """Some files; an empty list while the last ones are worked on elsewhere; None when all are settled."""
        taken = self._take(wait)
        if not isinstance(taken, list):
            return taken
        return [self._delivery(item) if not isinstance(item, Delivery) else self._retried(item) for item in taken]

    def _take(self, wait: float) -> list[Delivery | str | Path] | None:
        """What is due, counted as in hand."""
        end = time.monotonic() + wait
        with self._changed:
            while True:
                now = time.monotonic()
                due = self._retries.due()
                if due:
                    self._in_hand += len(due)
                    return list(due)
                if self._waiting:
                    batch = self._next_files()
                    self._in_hand += len(batch)
                    return list(batch)
                if not self._retries and not self._in_hand:
                    return None
                if now >= end:
                    return []
                self._changed.wait(min([end, *self._retries.times()]) - now)

    def _next_files(self) -> list[str | Path]:
        batch = [self._waiting.popleft()]
        size = _size(batch[0]) or 0
        while self._waiting and len(batch) < BATCH and size < BATCH_BYTES:
            size += _size(self._waiting[0]) or BATCH_BYTES
            batch.append(self._waiting.popleft())
        return batch

    def _delivery(self, file: str | Path) -> Delivery:
        delivery = Delivery(id=str(file), handle=file)
        try:
            delivery.payloads = [self._payload(file)]
        except SourceFault as fault:
            delivery.fault = fault
            delivery.rejects = [Reject(Origin(f"file:{file}"), -1, b"", 1, "source", str(fault))]
        return delivery

    def _retried(self, delivery: Delivery) -> Delivery:
        """A file that could not even be opened is looked at afresh; one that is never used up is put aside."""
        if delivery.fault is None:
            if self._retries.is_hopeless(delivery):
                delivery.rejects = [quarantined(payload, delivery) for payload in delivery.payloads]
                delivery.payloads = ()
            return delivery
        fresh = self._delivery(delivery.handle)
        fresh.receive_count = delivery.receive_count
        return fresh

    def _payload(self, file: str | Path) -> Payload:
        if isinstance(file, Path) and file.is_file():
            return FilePayload(file, self.config.id_salt)
        if file == STDIN:
            return PipePayload(sys.stdin.buffer, "stdin:", self.config.id_salt)
        path = Path(file)
        try:
            return PipePayload(path.open("rb"), path.absolute().as_uri(), self.config.id_salt)
        except OSError as error:
            raise file_fault(error, path) from error

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - a file stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Done with, or to be handed out again after a growing delay."""
        with self._changed:
            self._in_hand -= 1
            if outcome is Outcome.RETRY:
                self._retries.add(delivery)
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Nothing is held open."""


def quarantined(payload: Payload, delivery: Delivery) -> Reject:
    """By reference, for a payload that was tried often enough."""
    reason = f"quarantined: read {delivery.receive_count - 1} times and never used up"
    return faulty(payload.origin, payload.size, reason)


def _size(file: str | Path) -> int | None:
    """Bytes of a file as stored, None for a pipe; 0 when it can't be told."""
    if not isinstance(file, Path):
        return None
    try:
        return file.stat().st_size if file.is_file() else None
    except OSError:
        return 0
