"""One file that is being followed: how far it goes, what of it is in hand, and what is settled."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from logsluice.sources.files.identity import HEAD_BYTES, Known, node_of, read_at
from logsluice.sources.files.ranges import end_of_range

RANGES_IN_HAND = 4
"""Of one file at once, so that several workers share a large one."""


@dataclass(slots=True, eq=False)
class Range:
    """A stretch of a file that is handed out as one delivery."""

    file: Followed
    start: int
    end: int
    in_hand: bool = True
    done: bool = False


@dataclass(slots=True, eq=False)
class Followed:
    """A file at work; its lock is the source's.

    Attributes:
        known: Its identity and position, as the state keeps them.
        path: Where it is now, or was last.
        compressed: Read once and whole, when it no longer grows.
        cut: Everything before it was handed out.
        size: How far it goes.
        changed: When it last grew, on the monotonic clock.
        is_void: Its bytes were cut away: what is in hand of it comes to nothing.
        handle: Open for reading, or None.
    """

    known: Known
    path: Path
    compressed: bool = False
    cut: int = 0
    size: int = 0
    changed: float = field(default_factory=time.monotonic)
    is_void: bool = False
    handle: int | None = None
    ranges: deque[Range] = field(default_factory=deque)
    _seen: tuple[int, int] = (-1, -1)
    _no_line_in: int = -1

    @property
    def has_more(self) -> bool:
        """Whether something of it was not handed out yet."""
        return self.cut < self.size

    @property
    def has_in_hand(self) -> bool:
        """Whether somebody reads it, or will."""
        return any(taken.in_hand for taken in self.ranges)

    def idle_for(self) -> float:
        """Seconds since it last grew."""
        return time.monotonic() - self.changed

    def look(self, status: os.stat_result) -> bool:
        """Note how the file is now; whether it is still the file that it was. Raises OSError."""
        seen = (status.st_size, status.st_mtime_ns)
        if seen == self._seen:
            self.known.seen = time.time()
            return True
        with self.opened() as file:
            head = read_at(file, 0, HEAD_BYTES)
        if status.st_size < max(self.cut, self.known.position) or not self.known.is_head_of(head):
            return False
        self._seen, self.size, self.changed = seen, status.st_size, time.monotonic()
        self.known.look_at(head, status)
        return True

    @contextmanager
    def opened(self) -> Iterator[int]:
        """Its handle; one that was not open is closed again. Raises OSError."""
        if self.handle is not None:
            yield self.handle
            return
        file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            yield file
        finally:
            os.close(file)

    def keep_open(self) -> int:
        """Its handle, kept until `close`.

        Raises:
            FileNotFoundError: The path is another file's now.
            OSError: It can't be opened.
        """
        if self.handle is None:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            if node_of(os.fstat(file)) != self.known.node:
                os.close(file)
                raise FileNotFoundError(2, "replaced by another file", str(self.path))
            self.handle = file
        return self.handle

    def close(self) -> None:
        """Let go of the handle, unless something of it is in hand."""
        if self.handle is not None and not self.has_in_hand:
            os.close(self.handle)
            self.handle = None

    def next_range(self, most: int, ended: bool) -> Range | None:
        """Take the next complete lines in hand, if there are any. Raises OSError.

        Args:
            most: Bytes.
            ended: Whether nothing more is expected: a last line without a newline is then complete.
        """
        if not self.has_more or len(self.ranges) >= RANGES_IN_HAND:
            return None
        if self.compressed:
            end: int | None = self.size
        elif self._no_line_in == self.size and not ended:
            return None
        else:
            end = end_of_range(self.keep_open(), self.cut, self.size, most)
        if end is None:
            self._no_line_in = self.size
            if not ended:
                return None
            end = self.size
        taken = Range(self, self.cut, end)
        self.ranges.append(taken)
        self.cut = end
        return taken

    def settled(self, taken: Range, used: bool) -> bool:
        """Note that a range is out of hand; whether the position moved on: never over one that was not used up."""
        taken.in_hand, taken.done = False, used
        moved = False
        while self.ranges and self.ranges[0].done:
            end = self.ranges.popleft().end
            if end > self.known.position:
                self.known.position, moved = end, True
        if self.is_void:
            self.close()
        return moved
