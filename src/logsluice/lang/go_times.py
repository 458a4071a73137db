"""Go's reference layouts, `2006-01-02T15:04:05.000Z07:00`, as S3logsbeat and Beats write them.

A layout shows how the moment Mon Jan 2 15:04:05 MST 2006 would look (Go documentation, package `time`, "Constants").
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

from logsluice.lang import _reading
from logsluice.lang._reading import Element, Reader, number
from logsluice.lang.locales import ENGLISH

_NUMERIC_OFFSET = r"[+-][0-9]{2}"
_MONTHS = _reading.name("month", ENGLISH.months)
_SHORT_MONTHS = _reading.name("month", ENGLISH.short_months)
_DAYS = _reading.name("named_day", ENGLISH.days)
_SHORT_DAYS = _reading.name("named_day", ENGLISH.short_days)
_HALF = _reading.name("half", ("AM", "PM"), start=0)


def _two_digit_year(text: str) -> int:
    year = int(text)  # package time, Parse: 69 and above are of the last century
    return year + (1900 if year >= 69 else 2000)


_ELEMENTS: dict[str, Element] = {
    "2006": number("year", 4, 4),
    "06": Element("year", "[0-9]{2}", _two_digit_year),
    "January": _MONTHS,
    "Jan": _SHORT_MONTHS,
    "01": number("month", 2, 2),
    "1": number("month", 1, 2),
    "Monday": _DAYS,
    "Mon": _SHORT_DAYS,
    "002": number("yearday", 3, 3),
    "__2": Element("yearday", " {0,2}[0-9]{1,3}"),
    "02": number("day", 2, 2),
    "_2": Element("day", " ?[0-9]{1,2}"),
    "2": number("day", 1, 2),
    "15": number("hour", 1, 2),
    "03": number("hour12", 2, 2),
    "3": number("hour12", 1, 2),
    "04": number("minute", 2, 2),
    "4": number("minute", 1, 2),
    "05": number("second", 2, 2),
    "5": number("second", 1, 2),
    "PM": _HALF,
    "pm": _HALF,
    "MST": Element("zone", "UTC|GMT", lambda _: UTC),
    "-07:00:00": _reading.offset(_NUMERIC_OFFSET + ":[0-9]{2}:[0-9]{2}"),
    "-070000": _reading.offset(_NUMERIC_OFFSET + "[0-9]{4}"),
    "-07:00": _reading.offset(_NUMERIC_OFFSET + ":[0-9]{2}"),
    "-0700": _reading.offset(_NUMERIC_OFFSET + "[0-9]{2}"),
    "-07": _reading.offset(_NUMERIC_OFFSET),
    "Z07:00:00": _reading.offset("Z|" + _NUMERIC_OFFSET + ":[0-9]{2}:[0-9]{2}"),
    "Z070000": _reading.offset("Z|" + _NUMERIC_OFFSET + "[0-9]{4}"),
    "Z07:00": _reading.offset("Z|" + _NUMERIC_OFFSET + ":[0-9]{2}"),
    "Z0700": _reading.offset("Z|" + _NUMERIC_OFFSET + "[0-9]{2}"),
    "Z07": _reading.offset("Z|" + _NUMERIC_OFFSET),
}
_RUNS = re.compile("( +)")
_BLANKS = Element("blanks", " +", str)
_SECONDS = frozenset({"05", "5"})
_TOKEN = re.compile(
    r"(?P<element>" + "|".join(re.escape(text) for text in sorted(_ELEMENTS, key=len, reverse=True)) + ")"
    r"|(?P<fraction>[.,](?:0+|9+)(?![0-9]))"
)


@lru_cache(maxsize=256)
def parse_layout(layout: str) -> Callable[[str], datetime]:
    """A reader of texts in a Go layout.

    The reader gives UTC datetimes (a text without a zone is taken for UTC, digits finer than microseconds are cut)
    and raises ValueError for a text that is not of the layout.

    Raises:
        ValueError: The layout has no element that Go knows, or no date.
    """
    parts: list[str | Element] = []
    at = 0
    for found in _TOKEN.finditer(layout):
        if found.start() > at:
            parts += _literal(layout[at : found.start()])
        parts.extend(_fraction(found["fraction"]) if found["fraction"] else [_ELEMENTS[found["element"]]])
        if found["element"] in _SECONDS and not _fraction_follows(layout, found.end()):
            parts.append(_OPTIONAL_FRACTION)
        at = found.end()
    if at < len(layout):
        parts += _literal(layout[at:])
    reader = Reader(layout, parts, UTC)
    if not reader.has_year:
        raise ValueError(f"Go time layout {layout!r} has no year: write the moment Mon Jan 2 15:04:05 MST 2006")
    return reader.read


def _literal(text: str) -> list[str | Element]:
    """Text that stands for itself, with blanks of any number where it has some (package time, `skip`)."""
    return [_BLANKS if part[0] == " " else part for part in _RUNS.split(text) if part]


def _fraction(mark: str) -> list[str | Element]:
    """`.000`: exactly so many digits; `.999`: any number of them, with the mark, or nothing."""
    if mark[1] == "9":
        return [_OPTIONAL_FRACTION]
    digits = len(mark) - 1
    return [Element("microsecond", rf"[.,][0-9]{{{digits}}}", _microseconds)]


def _fraction_follows(layout: str, at: int) -> bool:
    found = _TOKEN.match(layout, at)
    return found is not None and found["fraction"] is not None


def _microseconds(text: str) -> int:
    return int(text[1:7].ljust(6, "0")) if text else 0


# package time, Parse: a fraction behind the seconds is read even where the layout shows none
_OPTIONAL_FRACTION = Element("microsecond", "(?:[.,][0-9]+)?", _microseconds)
