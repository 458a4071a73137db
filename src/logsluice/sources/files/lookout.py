"""Looks for the files that are to be followed: which grew, were renamed, copied, truncated, compressed or deleted."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from logsluice.errors import UsageError
from logsluice.framing.decompress import is_compressed
from logsluice.sources.files.followed import Followed
from logsluice.sources.files.identity import (
    HEAD_BYTES,
    Known,
    holds_exactly,
    inflated_head,
    node_of,
    read_at,
    same_content,
)
from logsluice.sources.files.paths import find_files
from logsluice.sources.files.payload import file_fault
from logsluice.sources.files.positions import Positions
from logsluice.sources.files.ranges import last_line_end

if TYPE_CHECKING:
    from logsluice.sources.files import Config

OPEN_FILES = 256
"""How many handles are kept of files that are read to their end: those that grew last."""

log = structlog.get_logger("files")


class Lookout:
    """Every file that is followed now. Not locked: its source is."""

    def __init__(self, config: Config, base: Path, positions: Positions) -> None:
        self._config = config
        self._base = base
        self._positions = positions
        self._files: dict[tuple[int, int], Followed] = {}
        self._leaving: list[Followed] = []

    def files(self) -> list[Followed]:
        """Those that go away first, then in the order of `last`."""
        return [*self._leaving, *self._files.values()]

    def last(self, file: Followed) -> None:
        """It had its turn."""
        node = file.known.node
        if self._files.get(node) is file:
            self._files[node] = self._files.pop(node)

    def close(self) -> None:
        """Let go of every file."""
        for file in self.files():
            file.close()

    def look(self, first: bool = False) -> None:
        """Look at every file once: those that grew, moved, shrank, went and came.

        Args:
            first: Nothing is known yet: the configuration says where to start in files that are there.

        Raises:
            SourceFault: The state can't be written.
        """
        found = dict(self._found())
        for node, file in list(self._files.items()):
            self._look_at(file, found.pop(node, None))
        claimed = {file.known.key: file for file in (*self._files.values(), *self._leaving)}
        for path, status in found.values():
            try:
                self._meet(path, status, claimed, first)
            except OSError as error:
                log.warning("a file can't be read", reason=str(file_fault(error, path)))
        self._leaving = [file for file in self._leaving if self._still_leaving(file)]
        self._close_some()
        self._positions.save()  # who a file is must be known after a kill, before the first line of it goes out

    def _found(self) -> Iterator[tuple[tuple[int, int], tuple[Path, os.stat_result]]]:
        seen: set[tuple[int, int]] = set()
        for text in self._config.paths:
            try:
                paths = find_files([text], self._base, self._config.recursive, self._config.exclude)
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
        try:
            file.is_void = not file.look(os.fstat(file.handle))
        except OSError as error:
            log.warning("a file can't be looked at", reason=str(file_fault(error, file.path)))
            file.is_void = True
        if not file.is_void and (file.has_more or file.has_in_hand or file.idle_for() < self._config.idle):
            return True
        file.close()
        return False

    def _meet(self, path: Path, status: os.stat_result, claimed: dict[bytes, Followed], first: bool) -> None:
        """A file that is not followed: one known from before, a copy of one that is followed, or a new one."""
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            head = read_at(handle, 0, HEAD_BYTES)
            compressed = is_compressed(head)
            if compressed and time.time() - status.st_mtime < self._config.interval:
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
                if first:
                    end = self._start_in(path, status.st_size)
                    whole = compressed and end == status.st_size
                    known.position = end if whole else last_line_end(handle, 0, 0 if compressed else end) or 0
            known.look_at(head, status)
        finally:
            os.close(handle)
        self._positions.note(known)
        file = Followed(known, path, compressed, known.position, status.st_size)
        self._files[known.node] = claimed[known.key] = file

    def _start_in(self, path: Path, size: int) -> int:
        """How much of a file that is there at the very first start is left out."""
        named = self._config.positions.get(str(path.absolute()))
        if named is not None:
            return min(named, size)
        return size if self._config.start_at == "end" else 0

    def _look_inside(self, handle: int, known: Known, status: os.stat_result) -> None:
        """Rotation compresses what was followed before: nothing of it is to be read twice, and none under other ids."""
        followed = self._positions.alike(inflated_head(handle))
        if followed:
            origin = max(followed, key=lambda entry: (entry.length, entry.seen))
            known.inside = origin.key.decode()
            if holds_exactly(handle, status.st_size, origin.position):
                known.position = status.st_size

    def _close_some(self) -> None:
        """Let go of the handles of files that rest, and of the oldest of those that are too many."""
        unused = [file for file in self._files.values() if file.handle is not None and not file.has_in_hand]
        unused.sort(key=Followed.idle_for)
        for number, file in enumerate(unused):
            if number >= OPEN_FILES or (file.idle_for() >= self._config.idle and not file.has_more):
                file.close()


def _is_copy(handle: int, other: Followed) -> bool:
    with other.opened() as theirs:
        return same_content(handle, theirs)
