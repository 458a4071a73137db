"""What one write to a store holds: rows as NDJSON in one buffer, and by the files that they will be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

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

    def share(
        self,
        lines: bytearray,
        ends: list[int],
        ids: list[str],
        positions: list[int],
        times: Iterable[datetime | None],
    ) -> None:
        """All rows at once, without a copy of them."""
        self.lines, self.ends, self.ids, self.positions = lines, ends, ids, positions
        self.longest = max((end - start for start, end in pairwise((0, *ends))), default=0)
        known = [time for time in times if time is not None]
        self.min_time, self.max_time = min(known, default=None), max(known, default=None)

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

    The lines lie in one buffer and not in a list: each of the `bytes` that orjson returns may occupy 8 KiB for as long
    as it lives (measured with orjson 3.13).

    Attributes:
        lines: NDJSON, every line ended.
        ends: Where each line ends in `lines`.
        times: Each row's `@timestamp`, aware UTC.
        columns: Of every format among them.
        extras: (format, dotted name) of the undeclared data in them.
    """

    lines: bytearray = field(default_factory=bytearray)
    ends: list[int] = field(default_factory=list)
    times: list[datetime | None] = field(default_factory=list)
    columns: dict[str, Columns] = field(default_factory=dict)
    extras: set[tuple[str, str]] = field(default_factory=set)

    def add(self, line: bytes | memoryview, time: datetime | None) -> None:
        """One row; `line` without its line feed."""
        self.lines += line
        self.lines += b"\n"
        self.ends.append(len(self.lines))
        self.times.append(time)

    def extend(self, other: Chunk) -> None:
        """The rows of another after these."""
        offset = len(self.lines)
        self.lines += other.lines
        self.ends.extend(map(offset.__add__, other.ends))
        self.times += other.times
        self.columns |= other.columns
        self.extras |= other.extras

    def pick(self, indexes: Iterable[int]) -> Chunk:
        """Some of the rows."""
        picked = Chunk(columns=self.columns, extras=self.extras)
        for index in indexes:
            picked.add(self.line(index), self.times[index])
        return picked

    def line(self, index: int) -> bytes:
        """One row's JSON."""
        return bytes(self.lines[self.ends[index - 1] if index else 0 : self.ends[index] - 1])

    def parts(self, metadata: Sequence[Mapping[str, Any]]) -> list[Part]:
        """The rows by format and day. `metadata` has the `_id`, `position` and `format` of each."""
        ids = [str(about.get("_id") or "") for about in metadata]
        positions = [int(about.get("position") or 0) for about in metadata]
        keys = [
            (format_of(about), NO_DATE if time is None else time.date().isoformat())
            for about, time in zip(metadata, self.times, strict=True)
        ]
        parts = {key: Part(*key, self.columns[key[0]]) for key in dict.fromkeys(keys)}
        if len(parts) == 1:  # the usual chunk: its buffer is shared, not copied
            (part,) = parts.values()
            part.share(self.lines, self.ends, ids, positions, self.times)
            return [part]
        whole, start = memoryview(self.lines), 0
        for key, end, time, event_id, position in zip(keys, self.ends, self.times, ids, positions, strict=True):
            parts[key].add(whole[start : end - 1], event_id, position, time)
            start = end
        whole.release()
        return list(parts.values())


def format_of(metadata: Mapping[str, Any]) -> str:
    """The name of an event's format."""
    return str(metadata.get("format") or "unknown")
