"""Joda-Time's layouts, `yyyy-MM-dd'T'HH:mm:ss.SSSZ`: read by the `date` filter, written by `%{+…}`.

The letters are those of Joda-Time's `DateTimeFormat`. `%{{…}}` takes java.time's `DateTimeFormatter` letters, of
which the common ones are here; they differ in `Y` (the week's year there) and `u` (the year).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import TypeAlias

from logsluice.lang import _reading
from logsluice.lang._reading import Element, Reader
from logsluice.lang.locales import ENGLISH, Names, names_of

Token: TypeAlias = tuple[str, int]
"""A letter and how often it stands there; the letter "" comes never: literal text is a plain str."""

Writer: TypeAlias = Callable[[datetime], str]

DATE_LETTERS = frozenset("GCyYxMwdDEe")
"""Letters whose text is the same all day."""

_JAVA_TIME = {"u": "y", "y": "y", "Y": "x", "L": "M", "c": "e"}

# Joda-Time DateTimeUtils.getDefaultTimeZoneNames: the only short names that are read
_SHORT_ZONES = {
    "UT": "UTC",
    "UTC": "UTC",
    "GMT": "UTC",
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "MST": "America/Denver",
    "MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
}
_OFFSET = r"Z|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?"
_ZONE_ID = r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){0,2}|[+-][0-9]{2}:?[0-9]{2}"

_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+)|(')")


def tokens(layout: str, known: str = "GCyYxMwdDEeahHkKmsSzZ") -> list[Token | str]:
    """The letters and literal texts of a layout.

    Raises:
        ValueError: A letter without meaning, or a quote that is not closed.
    """
    return list(_tokens(layout, known))


def _tokens(layout: str, known: str) -> Iterator[Token | str]:
    for found in _TOKEN.finditer(layout):
        quoted, run, letter, literal, stray = found.groups()
        if stray:
            raise ValueError(f"time layout {layout!r}: a quote is not closed")
        if quoted is not None:
            yield quoted.replace("''", "'") or "'"
        elif literal is not None:
            yield literal
        elif letter in known:
            yield letter, len(run)
        else:
            raise ValueError(
                f"time layout {layout!r}: illegal pattern component: {letter}; quote literal text: '{run}'"
            )


# ------------------------------------------------------------------------------------------------------ reading


def reader(layout: str, zone: tzinfo = UTC, locale: str = "en") -> Reader:
    """A reader of texts in a Joda layout; `zone` is taken where the text names none.

    Raises:
        ValueError: The layout or the locale is not known.
    """
    parts = tokens(layout)
    names = names_of(locale)
    elements: list[str | Element] = []
    for at, part in enumerate(parts):
        if isinstance(part, str):
            elements.append(part)
        else:
            elements.append(_element(*part, names, tight=at + 1 < len(parts) and _is_number(parts[at + 1])))
    return Reader(layout, elements, zone)


def _is_number(part: Token | str) -> bool:
    return not isinstance(part, str) and (part[0] in "CyYxDdehHkKmsSw" or (part[0] == "M" and part[1] <= 2))


def _element(letter: str, count: int, names: Names, tight: bool) -> Element:
    """What one letter reads. `tight`: a number follows at once, so that only `count` digits are ours."""
    if letter in "yYx":
        return _year("weekyear" if letter == "x" else "year", count, tight)
    if letter in _NUMBERS:
        kind, most = _NUMBERS[letter]
        return _reading.number(kind, 1, count if tight else max(most, count))
    if letter == "M":
        return (
            _reading.number("month", 1, 2) if count <= 2 else _reading.name("month", names.months, names.short_months)
        )
    if letter == "E":
        return _reading.name("weekday", names.days, names.short_days)
    if letter == "S":
        return _reading.fraction(count)
    return _SPECIAL[letter] if letter != "Z" else _zone(count)


_NUMBERS = {
    "d": ("day", 2),
    "D": ("yearday", 3),
    "e": ("weekday", 1),
    "w": ("week", 2),
    "H": ("hour", 2),
    "h": ("hour12", 2),
    "K": ("hour12", 2),
    "m": ("minute", 2),
    "s": ("second", 2),
}


def _hour_to_24(text: str) -> int:
    if not 1 <= int(text) <= 24:
        raise ValueError("an hour written with k is 1 to 24")
    return int(text) % 24


def _short_zone(text: str) -> tzinfo:
    return _reading.named_zone(_SHORT_ZONES[text.upper()])


_SPECIAL = {
    "k": Element("hour", "[0-9]{1,2}", _hour_to_24),
    "a": _reading.name("half", ("AM", "PM"), start=0),
    "G": _reading.name("era", ("BC", "AD"), start=0),
    "C": Element("century", "[0-9]{1,2}"),
    "z": Element("zone", "|".join(sorted(_SHORT_ZONES, key=len, reverse=True)), _short_zone),
}


def _year(kind: str, count: int, tight: bool) -> Element:
    if count == 2:
        return Element(kind, "[0-9]{2}" if tight else "[0-9]{1,9}", _two_digits)
    return Element(kind, f"[0-9]{{1,{count}}}" if tight else "[+-]?[0-9]{1,9}")


def _two_digits(text: str) -> int:
    """Two digits lie within 50 years of 30 years ago (Joda-Time's pivot); more digits are the year itself."""
    year = int(text)
    if len(text) != 2:
        return year
    first = datetime.now(UTC).year - 80
    return first + (year - first) % 100


def _zone(count: int) -> Element:
    return _reading.offset(_OFFSET) if count <= 2 else Element("zone", _ZONE_ID, _reading.named_zone)


# ------------------------------------------------------------------------------------------------------ writing


@lru_cache(maxsize=256)
def writer(layout: str) -> Writer:
    """Writes UTC datetimes in a Joda layout, English names. Raises ValueError for an unknown layout."""
    return _joined(tokens(layout))


@lru_cache(maxsize=256)
def java_time_writer(layout: str) -> Writer:
    """Writes UTC datetimes in a java.time layout. Raises ValueError for an unknown layout."""
    found = tokens(layout, known="GyuYMLwdDEecahHkKmsSnXzZV")
    return _joined([part if isinstance(part, str) else (_JAVA_TIME.get(part[0], part[0]), part[1]) for part in found])


def is_daily(layout: str) -> bool:
    """Whether a Joda layout writes the same text all day."""
    return all(isinstance(part, str) or part[0] in DATE_LETTERS for part in tokens(layout))


def _joined(parts: list[Token | str]) -> Writer:
    writers = [_constant(part) if isinstance(part, str) else _WRITERS[part[0]](part[1]) for part in parts]
    return lambda moment: "".join([write(moment) for write in writers])


def _constant(text: str) -> Writer:
    return lambda _: text


def _digits(value: Callable[[datetime], int]) -> Callable[[int], Writer]:
    return lambda width: lambda moment: str(value(moment)).zfill(width)


def _year_digits(value: Callable[[datetime], int]) -> Callable[[int], Writer]:
    def of(width: int) -> Writer:
        if width == 2:
            return lambda moment: f"{value(moment) % 100:02d}"
        return lambda moment: str(value(moment)).zfill(width)

    return of


def _month(width: int) -> Writer:
    if width <= 2:
        return lambda moment: str(moment.month).zfill(width)
    names = ENGLISH.short_months if width == 3 else ENGLISH.months
    return lambda moment: names[moment.month - 1]


def _day_name(width: int) -> Writer:
    names = ENGLISH.short_days if width <= 3 else ENGLISH.days
    return lambda moment: names[moment.weekday()]


def _fraction(width: int) -> Writer:
    return lambda moment: f"{moment.microsecond:06d}".ljust(width, "0")[:width]


def _offset(width: int) -> Writer:
    return _constant("+0000" if width == 1 else "+00:00" if width == 2 else "UTC")


_WRITERS: dict[str, Callable[[int], Writer]] = {
    "G": lambda _: _constant("AD"),
    "C": _digits(lambda moment: moment.year // 100),
    "y": _year_digits(lambda moment: moment.year),
    "Y": _year_digits(lambda moment: moment.year),
    "x": _year_digits(lambda moment: moment.isocalendar().year),
    "M": _month,
    "w": _digits(lambda moment: moment.isocalendar().week),
    "d": _digits(lambda moment: moment.day),
    "D": _digits(lambda moment: moment.timetuple().tm_yday),
    "E": _day_name,
    "e": _digits(lambda moment: moment.isoweekday()),
    "a": lambda _: lambda moment: "AM" if moment.hour < 12 else "PM",
    "h": _digits(lambda moment: moment.hour % 12 or 12),
    "H": _digits(lambda moment: moment.hour),
    "k": _digits(lambda moment: moment.hour or 24),
    "K": _digits(lambda moment: moment.hour % 12),
    "m": _digits(lambda moment: moment.minute),
    "s": _digits(lambda moment: moment.second),
    "S": _fraction,
    "n": _digits(lambda moment: moment.microsecond * 1000),
    "z": lambda width: _constant("UTC" if width < 4 else "Coordinated Universal Time"),
    "Z": _offset,
    "X": lambda _: _constant("Z"),
    "V": lambda _: _constant("UTC"),
}
