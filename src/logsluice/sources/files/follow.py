"""Files that grow, as deliveries of complete lines: found, followed through rotation, and resumed after a restart."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from logsluice.errors import SourceFault, UsageError
from logsluice.framing.decompress import is_compressed
from logsluice.model import Delivery, Outcome, Payload, Reject
from logsluice.sources.files.followed import Followed, Range
from logsluice.sources.files.identity import HEAD_BYTES, Known, inflated_head, node_of, read_at, same_content
from logsluice.sources.files.paths import find_files
from logsluice.sources.files.payload import FilePayload, file_fault
from logsluice.sources.files.positions import Positions
from logsluice.sources.files.ranges import RangePayload, last_line_end
from logsluice.sources.files.retries import Retries

if TYPE_CHECKING:
    from logsluice.sources.files import Config

BATCH = 10
BATCH_BYTES = 1024 * 1024
OPEN_FILES = 256
"""How many handles are kept of files that are read to their end: those that grew last."""

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
        self._base = base
        self._positions = positions
        self._files: dict[tuple[int, int], Followed] = {}
        self._leaving: list[Followed] = []
        self._retries = Retries(config.retry_delay, config.retry_delay_max, config.quarantine_after)
        self._next_look = 0.0
        self._wakeup = threading.Condition()

    def open(self) -> None:
        """Read the state, and look for files the first time.

        Raises:
            UsageError: The state can't be used.
        """
        self._positions.open()
        with self._wakeup:
            self._look(at_end=self.config.start_at == "end" and not self._positions)

    def receive(self, wait: float) -> list[Delivery] | None:
        """New lines of some files; an empty list when there are none within `wait` seconds."""
        end = time.monotonic() + wait
        with self._wakeup:
            while True:
                now = time.monotonic()
                if now >= self._next_look:
                    self._look()
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
            self._positions.save()
            for file in (*self._files.values(), *self._leaving):
                file.close()
        self._positions.close()

    # -------------------------------------------------------------------------------------------- handing out

    def _batch(self) -> Iterator[Delivery]:
        """Some ranges: small ones together, a large one alone. Files take turns."""
        count = size = 0
        for file in (*self._leaving, *self._files.values()):
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
                self._to_the_end(file)
                return

    def _to_the_end(self, file: Followed) -> None:
        """The others' turn."""
        node = file.known.node
        if self._files.get(node) is file:
            self._files[node] = self._files.pop(node)

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

    # ------------------------------------------------------------------------------------------------ looking

    def _look(self, at_end: bool = False) -> None:
        """Look at every file once: those that grew, moved, shrank, went and came."""
        self._next_look = time.monotonic() + self.config.interval
        found = dict(self._found())
        for node, file in list(self._files.items()):
            self._look_at(file, found.pop(node, None))
        claimed = {file.known.key: file for file in (*self._files.values(), *self._leaving)}
        for path, status in found.values():
            try:
                self._meet(path, status, claimed, at_end)
            except OSError as error:
                log.warning("a file can't be read", reason=str(file_fault(error, path)))
        self._leaving = [file for file in self._leaving if self._still_leaving(file)]
        self._close_some()
        self._positions.save()  # who a file is must be known after a kill, before the first line of it goes out

    def _found(self) -> Iterator[tuple[tuple[int, int], tuple[Path, os.stat_result]]]:
        seen: set[tuple[int, int]] = set()
        for text in self.config.paths:
            try:
                paths = find_files([text], self._base, self.config.recursive)
            except UsageError:
                continue  # it may come
            for path in paths:
                assert isinstance(path, Path), "standard input is refused by the configuration"
                try:
                    status = path.stat()
                except OSError:
                    continue
                if path.is_file() and status.st_size and node_of(status) not in seen:
                    seen.add(node_of(status))
                    yield node_of(status), (path, status)

    def _look_at(self, file: Followed, found: tuple[Path, os.stat_result] | None) -> None:
        """A file that we follow: still there, truncated, or gone from where the paths lead."""
        try:
            if found is not None:
                file.path = found[0]
                before = file.known.size
                if file.look(found[1]):
                    if file.known.size != before:
                        self._positions.note(file.known)
                    return
            elif file.handle is not None and file.look(os.fstat(file.handle)):
                self._leaving.append(self._files.pop(file.known.node))
                return
        except OSError as error:
            log.warning("a file can't be looked at", reason=str(file_fault(error, file.path)))
        self._files.pop(file.known.node)
        if file.has_more or file.has_in_hand:
            log.warning("a file was truncated or removed before all of it was read", file=str(file.path), read=file.cut)
        file.is_void = True
        file.close()

    def _still_leaving(self, file: Followed) -> bool:
        """Whether a file that was renamed out of sight or deleted, and is open, has something left to be read."""
        assert file.handle is not None
        if not file.look(os.fstat(file.handle)):
            file.is_void = True
        elif file.has_more or file.has_in_hand or file.idle_for() < self.config.idle:
            return True
        file.close()
        return False

    def _meet(self, path: Path, status: os.stat_result, claimed: dict[bytes, Followed], at_end: bool) -> None:
        """A file that is not followed: one known from before, a copy of one that is followed, or a new one."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            head = read_at(handle, 0, HEAD_BYTES)
            compressed = is_compressed(head)
            if compressed and time.time() - status.st_mtime < self.config.interval:
                return  # still being written
            alike = self._positions.alike(head)
            free = [entry for entry in alike if entry.key not in claimed and entry.position <= status.st_size]
            if free:
                known = max(free, key=lambda entry: (entry.node == node_of(status), entry.length, entry.position))
            elif any(_is_copy(handle, claimed[key]) for key in self._positions.began_alike(head) if key in claimed):
                return  # rotation is copying it: which of the two goes on is seen when the other is truncated
            else:
                known = self._positions.new(path, head)
                if compressed:
                    self._look_inside(handle, known, status)
                if at_end:
                    known.position = status.st_size if compressed else last_line_end(handle, 0, status.st_size) or 0
            known.look_at(head, status)
        finally:
            os.close(handle)
        self._positions.note(known)
        file = Followed(known, path, compressed, known.position, status.st_size)
        self._files[known.node] = claimed[known.key] = file

    def _look_inside(self, handle: int, known: Known, status: os.stat_result) -> None:
        """Rotation compresses what was followed before: nothing of it is to be read twice, and none under other ids."""
        followed = self._positions.alike(inflated_head(handle))
        if followed:
            origin = max(followed, key=lambda entry: (entry.length, entry.seen))
            known.inside = origin.key.decode()
            if origin.position >= origin.size:
                known.position = status.st_size

    def _close_some(self) -> None:
        """Let go of the handles of files that rest, and of the oldest of those that are too many."""
        unused = [file for file in self._files.values() if file.handle is not None and not file.has_in_hand]
        unused.sort(key=Followed.idle_for)
        for number, file in enumerate(unused):
            if number >= OPEN_FILES or (file.idle_for() >= self.config.idle and not file.has_more):
                file.close()


def _is_copy(handle: int, other: Followed) -> bool:
    with other.opened() as theirs:
        return same_content(handle, theirs)
