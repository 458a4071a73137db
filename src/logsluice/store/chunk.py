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

_MOST_DIGITS = 18
"""Of a position: SQLite's integers have 64 bits."""


@dataclass(slots=True)
class Part:
    """The rows of one format and one day.

    Attributes:
        format: The format's name.
        date: `YYYY-MM-DD` of `@timestamp` in UTC, or NO_DATE.
        columns: The format's.
        lines: NDJSON, every line ended.
        ids: Of each row; "" where it has none.
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
    ends: list[int] = field(default_factory=list)
    longest: int = 0
    min_time: datetime | None = None
    max_time: datetime | None = None

    def add(self, line: bytes | memoryview, event_id: str, time: datetime | None) -> None:
        """One row; `line` without its line feed."""
        self.lines += line
        self.lines += b"\n"
        self.ids.append(event_id)
        self.ends.append(len(self.lines))
        self.longest = max(self.longest, len(line))
        self.see(time)

    def share(self, lines: bytearray, ends: list[int], ids: list[str], times: Iterable[datetime | None]) -> None:
        """All rows at once, without a copy of them."""
        self.lines, self.ends, self.ids = lines, ends, ids
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
        for event_id, end in zip(self.ids, self.ends, strict=True):
            if not event_id or event_id not in known:
                new.add(whole[start : end - 1], event_id, None)
                known.add(event_id)
            start = end
        new.min_time, new.max_time = self.min_time, self.max_time
        whole.release()
        return new

    def ranges(self) -> list[Range]:
        """From the first to the last position of each origin among the rows."""
        found: dict[str, tuple[int, int]] = {}
        for event_id in self.ids:
            if event_id:
                digest, position = place_of(event_id)
                first, last = found.get(digest, (position, position))
                found[digest] = (min(first, position), max(last, position))
        return [Range(digest, first, last) for digest, (first, last) in found.items()]

    def ids_in(self, span: Range) -> set[str]:
        """The ids of the rows that lie in a range of positions."""
        places = ((event_id, *place_of(event_id)) for event_id in self.ids)
        return {
            event_id
            for event_id, digest, position in places
            if span.first <= position <= span.last and digest == span.digest
        }


def place_of(event_id: str) -> tuple[str, int]:
    """What an id says of where its event came from: (`<day>.<digest>`, position) of `<day>.<digest>.<position>[.n]`.

    The id alone decides: an event that is read back from an archive lies at another position under its old id. Any
    other id, such as that of the content, is a place of its own.
    """
    day, _, rest = event_id.partition(".")
    digest, _, rest = rest.partition(".")
    position = rest.partition(".")[0]
    if position.isdecimal() and len(position) <= _MOST_DIGITS:
        return f"{day}.{digest}", int(position)
    return event_id, 0


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
        """The rows by format and day. `metadata` has the `_id` and `format` of each."""
        ids = [str(about.get("_id") or "") for about in metadata]
        keys = [
            (format_of(about), NO_DATE if time is None else time.date().isoformat())
            for about, time in zip(metadata, self.times, strict=True)
        ]
        parts = {key: Part(*key, self.columns[key[0]]) for key in dict.fromkeys(keys)}
        if len(parts) == 1:  # the usual chunk: its buffer is shared, not copied
            (part,) = parts.values()
            part.share(self.lines, self.ends, ids, self.times)
            return [part]
        whole, start = memoryview(self.lines), 0
        for key, end, time, event_id in zip(keys, self.ends, self.times, ids, strict=True):
            parts[key].add(whole[start : end - 1], event_id, time)
            start = end
        whole.release()
        return list(parts.values())


def format_of(metadata: Mapping[str, Any]) -> str:
    """The name of an event's format."""
    return str(metadata.get("format") or "unknown")
