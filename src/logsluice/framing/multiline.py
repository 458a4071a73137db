"""Several lines as one record: stack traces, statements over many lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from logsluice.model import Records

if TYPE_CHECKING:
    from logsluice.framing.limits import Limits
    from logsluice.model import Framing

Belongs: TypeAlias = Callable[[bytes], bool]
"""Whether a line belongs to the one before it, or after it."""

MAX_LINES = 500
MAX_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Multiline:
    """Joins the lines that another framing finds, with a line feed. A record's position is that of its first line.

    Attributes:
        lines: Finds the lines.
        belongs: Says of a line whether it is part of its neighbour's record.
        what: Whether that neighbour is the `previous` line or the `next`.
        max_lines: A record with more is ended (it may hold one more).
        max_bytes: A record with as many is ended.
    """

    lines: Framing
    belongs: Belongs
    what: Literal["previous", "next"] = "previous"
    max_lines: int = MAX_LINES
    max_bytes: int = MAX_BYTES

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """See `logsluice.model.Framing`."""
        held = _Held()
        for batch in self.lines.frame(chunks, limits):
            found = Records([], [], [], batch.size, batch.broken)
            for index, (line, position) in enumerate(zip(batch.records, batch.positions, strict=True)):
                belongs = self.belongs(line)
                if self.what == "previous":
                    if not belongs or self._is_full(held):
                        held.leave(found)
                    held.add(line, position, batch.terminator(index))
                else:
                    held.add(line, position, batch.terminator(index))
                    if not belongs or self._is_full(held):
                        held.leave(found)
            yield found
        last = Records([], [], [])
        held.leave(last)
        if last.records:
            yield last

    def _is_full(self, held: _Held) -> bool:
        return len(held.lines) > self.max_lines or held.size >= self.max_bytes


@dataclass(slots=True)
class _Held:
    """The record that is being put together."""

    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    position: int = 0
    terminator: bytes = b""

    def add(self, line: bytes, position: int, terminator: bytes) -> None:
        if not self.lines:
            self.position = position
        self.lines.append(line)
        self.size += len(line)
        self.terminator = terminator

    def leave(self, found: Records) -> None:
        """Put it among what was found, if there is any."""
        if self.lines:
            found.records.append(b"\n".join(self.lines))
            found.positions.append(self.position)
            assert found.terminators is not None
            found.terminators.append(self.terminator)
            self.lines, self.size = [], 0
