"""Files that grow, as deliveries of complete lines: found, followed through rotation, and resumed after a restart."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from logsluice.errors import SourceFault
from logsluice.model import Delivery, Outcome, Payload, Reject
from logsluice.sources.files.followed import Range
from logsluice.sources.files.lookout import Lookout
from logsluice.sources.files.payload import FilePayload, file_fault
from logsluice.sources.files.positions import Positions
from logsluice.sources.files.ranges import RangePayload
from logsluice.sources.files.retries import Retries

if TYPE_CHECKING:
    from logsluice.sources.files import Config

BATCH = 10
BATCH_BYTES = 1024 * 1024

log = structlog.get_logger("files")


class FollowingSource:
    """Deliveries from growing files (`model.Source`). Never comes to an end.

    Args:
        config: With `follow`.
        base: Where relative paths start.
        positions: What is known from earlier runs.
    """

    visibility: float | None = None
    total_bytes: int | None = None

    def __init__(self, config: Config, base: Path, positions: Positions) -> None:
        self.config = config
        self._positions = positions
        self._lookout = Lookout(config, base, positions)
        self._retries = Retries(config.retry_delay, config.retry_delay_max, config.quarantine_after)
        self._next_look = 0.0
        self._is_closed = False
        self._wakeup = threading.Condition()

    def open(self) -> None:
        """Read the state, and look for files the first time.

        Raises:
            UsageError: The state can't be used.
        """
        self._positions.open()
        with self._wakeup:
            self._lookout.look(first=not self._positions)

    def receive(self, wait: float) -> list[Delivery] | None:
        """New lines of some files; an empty list when there are none within `wait` seconds."""
        end = time.monotonic() + wait
        with self._wakeup:
            while True:
                now = time.monotonic()
                if self._is_closed:
                    return []
                if now >= self._next_look:
                    self._lookout.look()  # nothing is handed out while who a file is can't be written down
                    self._next_look = now + self.config.interval
                batch = [self._again(delivery) for delivery in self._retries.due()] or list(self._batch())
                if batch or now >= end:
                    return batch
                until = min(end, self._next_look, *self._retries.times())
                self._wakeup.wait(max(0.0, until - now))

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - a file stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Done with, or to be handed out again after a growing delay. The state is written by `flush`."""
        taken: Range = delivery.handle
        with self._wakeup:
            file = taken.file
            if outcome is Outcome.RETRY and not file.is_void:
                self._retries.add(delivery)
            elif file.settled(taken, outcome is not Outcome.RETRY):
                self._positions.note(file.known)
            self._wakeup.notify_all()

    def flush(self) -> None:
        """Write the positions that moved. Raises SourceFault."""
        with self._wakeup:
            self._positions.save()
        self._positions.flush()

    def close(self) -> None:
        """Write what is left to be written, and let go of every file."""
        with self._wakeup:
            self._is_closed = True
            self._wakeup.notify_all()
            self._positions.save()
            self._lookout.close()
        self._positions.close()

    # -------------------------------------------------------------------------------------------- handing out

    def _batch(self) -> Iterator[Delivery]:
        """Some ranges: small ones together, a large one alone. Files take turns."""
        count = size = 0
        for file in self._lookout.files():
            ended = file.idle_for() >= self.config.idle
            while count < BATCH and size < BATCH_BYTES:
                try:
                    taken = file.next_range(self.config.range_bytes, ended)
                except OSError as error:
                    log.warning("a file can't be read", reason=str(file_fault(error, file.path)))
                    break
                if taken is None:
                    break
                count, size = count + 1, size + taken.end - taken.start
                yield self._delivery(taken)
            if count >= BATCH or size >= BATCH_BYTES:
                self._lookout.last(file)
                return

    def _delivery(self, taken: Range) -> Delivery:
        delivery = Delivery(id=f"{taken.file.path}:{taken.start}", handle=taken)
        self._fill(delivery)
        return delivery

    def _fill(self, delivery: Delivery) -> None:
        taken: Range = delivery.handle
        file = taken.file
        try:
            delivery.payloads = [self._payload(taken)]
        except OSError as error:
            delivery.fault = file_fault(error, file.path)
        except SourceFault as fault:
            delivery.fault = fault
        if delivery.fault is not None:
            delivery.rejects = [self._reject(taken, str(delivery.fault))]

    def _payload(self, taken: Range) -> Payload:
        file, salt = taken.file, self.config.id_salt
        if file.compressed:
            return FilePayload(file.path, salt, self._positions.inside(file.known, salt))
        return RangePayload(file.known, file.path, file.keep_open(), taken.start, taken.end, file.known.origin(salt))

    def _again(self, delivery: Delivery) -> Delivery:
        """A range that was not used up; after some tries it is put aside by reference."""
        delivery.fault, delivery.rejects, delivery.payloads = None, (), ()
        self._fill(delivery)
        if delivery.fault is None and self._retries.is_hopeless(delivery):
            reason = f"quarantined: read {delivery.receive_count - 1} times and never used up"
            delivery.payloads, delivery.rejects = (), [self._reject(delivery.handle, reason)]
        return delivery

    def _reject(self, taken: Range, reason: str) -> Reject:
        origin = taken.file.known.origin(self.config.id_salt)
        return Reject(origin, taken.start, b"", taken.end - taken.start, "source", reason)
