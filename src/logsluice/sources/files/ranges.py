"""Whole lines of a growing file as deliveries: where a range ends, and reading it with the file's header lines."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from logsluice.errors import Unavailable
from logsluice.model import ByteStream, Origin
from logsluice.sources.files.identity import HEAD_BYTES, Known, read_at
from logsluice.sources.files.payload import file_fault

BLOCK = 64 * 1024
LEAD_BYTES = 4096
"""How much of a file's beginning is read again with each range: CloudFront's longest header line has 1,900 bytes."""


def last_line_end(file: int, start: int, end: int) -> int | None:
    """Behind the last newline between two offsets. Raises OSError."""
    while end > start:
        block = max(start, end - BLOCK)
        found = read_at(file, block, end - block).rfind(b"\n")
        if found >= 0:
            return block + found + 1
        end = block
    return None


def first_line_end(file: int, start: int, end: int) -> int | None:
    """Behind the first newline between two offsets. Raises OSError."""
    while start < end:
        found = (block := read_at(file, start, min(BLOCK, end - start))).find(b"\n")
        if found >= 0:
            return start + found + 1
        if not block:
            return None
        start += len(block)
    return None


def end_of_range(file: int, start: int, size: int, most: int) -> int | None:
    """Where a range of complete lines ends that begins at `start`, or None when not even one line is complete.

    Args:
        file: Open for reading.
        start: Where a line begins.
        size: How far the file goes.
        most: Bytes of a range, unless its first line alone is longer.

    Raises:
        OSError: It can't be read.
    """
    limit = min(size, start + most)
    end = last_line_end(file, start, limit)
    return first_line_end(file, limit, size) if end is None and limit < size else end


@dataclass(slots=True)
class RangePayload:
    """Lines of a growing file (`model.Payload`, `model.Continues`).

    Before them comes the file's beginning, whole lines of at most LEAD_BYTES: what header lines say, and by what `auto`
    tells the format, must be known to whoever starts in the middle.
    """

    known: Known
    path: Path
    file: int
    start: int
    end: int
    origin: Origin
    lead: int = 0
    _modified: datetime | None = None

    @property
    def size(self) -> int | None:
        """Bytes of the range."""
        return self.end - self.start

    def modified(self) -> datetime | None:
        """The file's mtime, after `open`."""
        return self._modified

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        """Start to read. Raises Unavailable when the file was truncated since it was looked at."""
        try:
            self._modified = datetime.fromtimestamp(os.fstat(self.file).st_mtime, UTC)
            self._insist_on_head()
            beginning = read_at(self.file, 0, min(LEAD_BYTES, self.start))
        except OSError as error:
            raise file_fault(error, self.path) from error
        lead = beginning[: beginning.rfind(b"\n") + 1]
        self.lead = len(lead)
        yield _Range(self, lead)

    def read(self, start: int, size: int) -> bytes:
        """Bytes of the file. Raises SourceFault where they are gone."""
        try:
            piece = os.pread(self.file, min(size, self.end - start), start)
            if start + len(piece) == self.end:
                self._insist_on_head()
        except OSError as error:
            raise file_fault(error, self.path) from error
        if not piece and start < self.end:
            raise Unavailable(f"{self.path}: truncated at {start} bytes while it was read")
        return piece

    def _insist_on_head(self) -> None:
        if not self.known.is_head_of(read_at(self.file, 0, HEAD_BYTES)):
            raise Unavailable(f"{self.path}: truncated before it was read")


class _Range:
    """The beginning, then the range."""

    def __init__(self, payload: RangePayload, lead: bytes) -> None:
        self._payload = payload
        self._lead = lead
        self._at = payload.start

    def read(self, size: int = -1, /) -> bytes:
        if self._lead:
            piece, self._lead = self._lead, b""
            return piece
        left = self._payload.end - self._at
        piece = self._payload.read(self._at, left if size < 0 else min(size, left)) if left else b""
        self._at += len(piece)
        return piece
