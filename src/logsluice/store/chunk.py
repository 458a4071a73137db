"""What one write to a store holds: rows as NDJSON, grouped by the files that they will be.

The lines lie in one buffer a file and not in a list: the bytes that orjson returns may occupy 8 KiB each for as long as
they live (measured with orjson 3.13), and a chunk has thousands of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from logsluice.store.catalog import Range
from logsluice.store.columns import Columns

NO_DATE = "__HIVE_DEFAULT_PARTITION__"
"""The partition of events without `@timestamp`, as Hive, Athena and Spark name it."""


@dataclass(slots=True)
class Part:
    """The rows of one format and one day.

    Attributes:
        format: The format's name.
        date: `YYYY-MM-DD` of `@timestamp` in UTC, or NO_DATE.
        columns: The format's.
        lines: NDJSON, every line ended.
        ids: Of each row; "" where it has none.
        positions: Of each row in its origin.
        ends: Where each line ends in `lines`.
        longest: Bytes of the longest line.
        min_time: Of the rows' `@timestamp`.
        max_time: Likewise.
    """

    format: str
    date: str
    columns: Columns
    lines: bytearray = field(default_factory=bytearray)
    ids: list[str] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    longest: int = 0
    min_time: datetime | None = None
    max_time: datetime | None = None

    def add(self, line: bytes | memoryview, event_id: str, position: int, time: datetime | None) -> None:
        """One row; `line` without its line feed."""
        self.lines += line
        self.lines += b"\n"
        self.ids.append(event_id)
        self.positions.append(position)
        self.ends.append(len(self.lines))
        self.longest = max(self.longest, len(line))
        self.see(time)

    def see(self, time: datetime | None) -> None:
        """Stretch the time range."""
        if time is not None:
            if self.min_time is None or time < self.min_time:
                self.min_time = time
            if self.max_time is None or time > self.max_time:
                self.max_time = time

    def without(self, known: set[str]) -> Part:
        """The rows whose ids are not known; theirs are added to `known`. The time range stays, it may be too wide."""
        if known.isdisjoint(self.ids) and len(set(self.ids)) == len(self.ids):
            known.update(self.ids)
            return self
        new = Part(self.format, self.date, self.columns)
        whole, start = memoryview(self.lines), 0
        for event_id, position, end in zip(self.ids, self.positions, self.ends, strict=True):
            if not event_id or event_id not in known:
                new.add(whole[start : end - 1], event_id, position, None)
                known.add(event_id)
            start = end
        new.min_time, new.max_time = self.min_time, self.max_time
        whole.release()
        return new

    def ranges(self) -> list[Range]:
        """From the first to the last position of each origin among the rows."""
        found: dict[str, tuple[int, int]] = {}
        for event_id, position in zip(self.ids, self.positions, strict=True):
            if event_id:
                digest = origin_of(event_id)
                first, last = found.get(digest, (position, position))
                found[digest] = (min(first, position), max(last, position))
        return [Range(digest, first, last) for digest, (first, last) in found.items()]

    def ids_in(self, span: Range) -> set[str]:
        """The ids of the rows that lie in a range of positions."""
        return {
            event_id
            for event_id, position in zip(self.ids, self.positions, strict=True)
            if span.first <= position <= span.last and origin_of(event_id) == span.digest
        }


def origin_of(event_id: str) -> str:
    """What an id says of its origin: `<day>.<digest>` of `<day>.<digest>.<position>[.n]`."""
    return ".".join(event_id.split(".", 2)[:2])


@dataclass(slots=True)
class Chunk:
    """Rows that are written, and confirmed, together.

    Attributes:
        parts: By format and date.
        extras: (format, dotted name) of the undeclared data in them.
        rows: How many in all.
        size: Bytes in all.
    """

    parts: dict[tuple[str, str], Part] = field(default_factory=dict)
    extras: set[tuple[str, str]] = field(default_factory=set)
    rows: int = 0
    size: int = 0

    def add(
        self, line: bytes, event_id: str, position: int, time: datetime | None, name: str, columns: Columns
    ) -> None:
        """One row of the format `name`."""
        date = NO_DATE if time is None else time.date().isoformat()
        part = self.parts.get((name, date))
        if part is None:
            part = self.parts[(name, date)] = Part(name, date, columns)
        part.add(line, event_id, position, time)
        self.rows += 1
        self.size += len(line) + 1
