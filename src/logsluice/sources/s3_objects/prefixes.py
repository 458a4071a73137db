"""Prefixes with AWS's dates in them: which of them to list, so that a poll needs not sweep years of objects.

A template such as `AWSLogs/{account}/elasticloadbalancing/{region}/{yyyy}/{MM}/{dd}/` stands for many prefixes. Dates
are made where the days are known and found where they are not; every other `{name}` is found by listing the folders at
that place. Days are UTC, as AWS writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

Folders = Callable[[str], Iterable[str]]
"""The prefixes one level below a prefix, each with its final slash."""

_PLACE = re.compile(r"\{(\w+)\}")
_DATE_PARTS = {"yyyy": r"\d{4}", "MM": r"\d{2}", "dd": r"\d{2}"}
_STRFTIME = {"yyyy": "%Y", "MM": "%m", "dd": "%d"}

RECENT = timedelta(hours=24)
AHEAD = timedelta(hours=1)
"""The writer's clock may be ahead of ours, just before midnight."""


@dataclass(frozen=True, slots=True)
class Days:
    """A stretch of days, both inclusive; None is open."""

    first: date | None = None
    last: date | None = None

    def may_hold(self, parts: Mapping[str, str]) -> bool:
        """Whether a day with these parts of a date (year, year and month …) can be within."""
        if "yyyy" not in parts:
            return True
        known = [parts[name] for name in _DATE_PARTS if name in parts]
        return all(
            compare(known, day.strftime("%Y %m %d").split()[: len(known)])
            for day, compare in ((self.first, list.__ge__), (self.last, list.__le__))
            if day is not None
        )

    def each(self) -> Iterator[date]:
        """Every day of it; both ends must be known."""
        assert self.first is not None
        assert self.last is not None
        day = self.first
        while day <= self.last:
            yield day
            day += timedelta(days=1)


class Template:
    """A prefix with `{yyyy}`, `{MM}`, `{dd}` and other names in it, or a plain one.

    Args:
        text: The template.
        values: By name, the values to use instead of looking for folders.

    Raises:
        ValueError: Only a part of a date is there, or in another order than year, month, day.
    """

    def __init__(self, text: str, values: Mapping[str, Sequence[str]] | None = None) -> None:
        self.text = text
        self._values = values or {}
        self._segments = text.split("/")
        found = _PLACE.findall(text)
        dates = [name for name in found if name in _DATE_PARTS]
        if dates not in ([], ["yyyy", "MM", "dd"]):
            raise ValueError("a date in a prefix is written as {yyyy}, {MM} and {dd}, in this order")
        if found and not text.endswith("/"):
            raise ValueError("a prefix with names in braces must end with a slash")
        self.names = frozenset(found) - _DATE_PARTS.keys()
        self.is_dated = bool(dates)

    def recent(self, now: float, folders: Folders) -> Iterator[str]:
        """The prefixes of the days that are being written: today, yesterday, tomorrow when it is near."""
        moment = datetime.fromtimestamp(now, UTC)
        return self.expand(folders, Days((moment - RECENT).date(), (moment + AHEAD).date()), made=True)

    def expand(self, folders: Folders, days: Days, made: bool = False) -> Iterator[str]:
        """The prefixes it stands for.

        Args:
            folders: Asks S3, where it must be found what there is.
            days: Others are left out.
            made: Make the dates of all these days instead of looking for them.
        """
        if not made or not self.is_dated:
            yield from self._below("", 0, {}, folders, days)
            return
        for day in days.each():
            texts = {name: [day.strftime(layout)] for name, layout in _STRFTIME.items()}
            yield from Template(self.text, {**self._values, **texts}).expand(folders, days)

    def _below(self, prefix: str, index: int, parts: Mapping[str, str], folders: Folders, days: Days) -> Iterator[str]:
        """Every prefix that begins so, from a segment on."""
        segments = self._segments
        while index < len(segments) and not _PLACE.search(segments[index]):
            prefix += segments[index] + ("/" if index + 1 < len(segments) else "")
            index += 1
        if index == len(segments):
            yield prefix
            return
        for name, found in self._children(prefix, segments[index], folders):
            known = {**parts, **found}
            if days.may_hold(known):
                yield from self._below(f"{prefix}{name}/", index + 1, known, folders, days)

    def _children(self, prefix: str, segment: str, folders: Folders) -> Iterator[tuple[str, dict[str, str]]]:
        """Names for one segment, each with what its places stand for."""
        names = _PLACE.findall(segment)
        if all(name in self._values for name in names):
            yield from self._combined(segment, names)
            return
        pattern = re.compile(_pattern_of(segment, self._values))
        for folder in folders(prefix):
            name = folder.removeprefix(prefix).rstrip("/")
            if found := pattern.fullmatch(name):
                yield name, found.groupdict()

    def _combined(self, segment: str, names: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        if not names:
            yield segment, {}
            return
        for value in self._values[names[0]]:
            rest = segment.replace(f"{{{names[0]}}}", value)
            for name, found in self._combined(rest, names[1:]):
                yield name, {names[0]: value, **found}


def _pattern_of(segment: str, values: Mapping[str, Sequence[str]]) -> str:
    """A regular expression for the folders of one segment."""
    pattern, end = "", 0
    for place in _PLACE.finditer(segment):
        name = place[1]
        given = "|".join(map(re.escape, values[name])) if name in values else _DATE_PARTS.get(name, "[^/]+")
        pattern += f"{re.escape(segment[end : place.start()])}(?P<{name}>{given})"
        end = place.end()
    return pattern + re.escape(segment[end:])
