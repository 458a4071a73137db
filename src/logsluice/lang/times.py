"""Times in text and numbers, by the layout names that the `date` filter knows.

A layout is one of `ISO8601`, `UNIX` (seconds), `UNIX_MS` (milliseconds), `TAI64N`, or a Joda layout such as
`dd/MMM/yyyy:HH:mm:ss Z` (see `logsluice.lang.joda`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, TypeAlias

from logsluice.lang import _reading, joda
from logsluice.lang._reading import named_zone

__all__ = ["TimeReader", "compile_reader", "named_zone", "read_iso8601"]

TimeReader: TypeAlias = Callable[[Any], datetime]
"""From a text or number to a UTC datetime. Raises ValueError, saying why, for what is not of the layout."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

_ISO = re.compile(
    r"(?P<year>[+-]?[0-9]{1,9})"
    r"(?:-(?P<yearday>[0-9]{3})|-W(?P<week>[0-9]{1,2})(?:-(?P<weekday>[0-9]))?"
    r"|-(?P<month>[0-9]{1,2})(?:-(?P<day>[0-9]{1,2}))?)?"
    r"(?:T(?:(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?:[.,](?P<fraction>[0-9]+))?)?)?)?"
    r"| (?P<hour2>[0-9]{1,2}):(?P<minute2>[0-9]{1,2}):(?P<second2>[0-9]{1,2})[.,](?P<fraction2>[0-9]{1,3}))?"
    r"(?P<zone>Z|z|[+-][0-9]{2}(?::?[0-9]{2}(?::?[0-9]{2})?)?)?"
)

_USUAL_LENGTHS = frozenset(
    map(len, ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123Z", "2026-01-31T12:00:00.123456Z"))
)

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,19}(?:\.[0-9]*)?")
_TAI64N = re.compile(r"@?([0-9a-fA-F]{16})([0-9a-fA-F]{8})")
_TAI64_EPOCH = 2**62
_TAI64_AHEAD_SECONDS = 10

MAX_UNIX_SECONDS = 9_999_999_999
"""Numbers of more than ten digits are no seconds: that lets `match: [t, UNIX, UNIX_MS]` tell them apart."""


@lru_cache(maxsize=512)
def compile_reader(
    layout: str, zone: tzinfo = UTC, locale: str = "en", now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> TimeReader:
    """A reader for one layout.

    Args:
        layout: See this module's docstring.
        zone: Taken for texts that name none.
        locale: The language of month and day names.
        now: The clock by which a layout without a year finds it: across the turn of the year, December is read in
            January as last year's and January in December as next year's.

    Raises:
        ValueError: The layout or locale is not known.
    """
    if layout in _NAMED:
        return _NAMED[layout](zone)
    reader = joda.reader(layout, zone, locale)
    if reader.has_year:
        return lambda value: reader.read(_text(value))

    def read_without_year(value: Any) -> datetime:
        text = _text(value)
        today = now().astimezone(zone)
        month = reader.read(text, 2000).astimezone(zone).month
        turn = {(12, 1): 1, (1, 12): -1}.get((today.month, month), 0)
        return reader.read(text, today.year + turn)

    return read_without_year


def read_iso8601(value: Any, zone: tzinfo = UTC) -> datetime:
    """ISO 8601 as the `date` filter takes it: with a `T`, or with a blank and then milliseconds.

    Raises:
        ValueError: It is something else.
    """
    text = _text(value)
    if len(text) in _USUAL_LENGTHS and text[10] == "T" and text[11:13] != "24" and text[13] == ":" and text[-1] == "Z":
        return datetime.fromisoformat(text)  # several times faster; its wider notion of ISO 8601 is kept out above
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:100]!r} is not ISO 8601")
    parts = {kind.rstrip("2"): part for kind, part in found.groupdict().items() if part is not None}
    values: dict[str, Any] = {}
    if "fraction" in parts:
        values["microsecond"] = int(parts.pop("fraction")[:6].ljust(6, "0"))
    if "zone" in parts:
        values["zone"] = _reading.fixed_zone(parts.pop("zone"))
    values.update((kind, int(part)) for kind, part in parts.items())
    return _reading.assemble(values, zone)


def _unix(value: Any) -> datetime:
    seconds = _number(value, _DECIMAL)
    if seconds > MAX_UNIX_SECONDS:
        raise ValueError(f"{value} is too large for seconds since 1970")
    return _from_microseconds(int(seconds * 1_000_000))


def _unix_ms(value: Any) -> datetime:
    return _from_microseconds(int(_number(value, _INTEGER)) * 1000)


def _tai64n(value: Any) -> datetime:
    found = _TAI64N.fullmatch(_text(value))
    if found is None:
        raise ValueError(f"{value!r} is not TAI64N")
    seconds = int(found[1], 16) - _TAI64_EPOCH - _TAI64_AHEAD_SECONDS
    return _from_microseconds(seconds * 1_000_000 + int(found[2], 16) // 1000)


_NAMED: dict[str, Callable[[tzinfo], TimeReader]] = {
    "ISO8601": lambda zone: lambda value: read_iso8601(value, zone),
    "UNIX": lambda _: _unix,
    "UNIX_MS": lambda _: _unix_ms,
    "TAI64N": lambda _: _tai64n,
}


def _number(value: Any, form: re.Pattern[str]) -> Decimal:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = repr(value)
        form = _DECIMAL  # a JSON number may have a fraction where a text may not
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(f"{value!r} is no number of seconds or milliseconds since 1970")
    return Decimal(value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise ValueError(f"{value!r} is no text that could hold a time")


def _from_microseconds(count: int) -> datetime:
    try:
        return _EPOCH + count * _MICROSECOND
    except OverflowError as error:
        raise ValueError("out of the range of years 1 to 9999") from error
