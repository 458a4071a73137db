"""What the values in a query mean for each kind of field: numbers, moments, addresses, words.

No backend is named here, so that all of them agree. Every function raises ValueError with one sentence.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

import regex

from logsluice.query.syntax import Pattern, Wild

Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

WORD = r"\p{L}\p{M}\p{N}_"
"""The characters of words in text, as a class of RE2 and Java: letters, marks, digits, underscore; all else parts."""

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_NOW = re.compile(r"now((?:[+-]\d{1,6}[smhdw])*)", re.IGNORECASE)
_WORDS = regex.compile(f"[{WORD}]+")
_DURATION = re.compile(r"(?:\d{1,6}[smhdw])+", re.IGNORECASE)
_DATE = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.IGNORECASE | re.ASCII,
)


class Impossible(ValueError):
    """A value that is a mistake, whatever other kinds the field has elsewhere."""


def number(text: str) -> int | float:
    """An integer where it is one, else a float.

    Raises:
        ValueError: It is no finite number.
    """
    if re.fullmatch(r"[+-]?\d{1,18}", text, re.ASCII):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text, re.ASCII):
        value = float(text)
        if abs(value) != float("inf"):
            return value
    raise ValueError(f"{text!r} is not a number")


def boolean(text: str) -> bool:
    """`true` or `false`."""
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


def network(text: str) -> Network:
    """An address (as a network of one) or a network in CIDR notation, host bits ignored.

    Raises:
        Impossible: It begins as a network and has no such prefix length: `10.0.0.0/99`.
        ValueError: It is none.
    """
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        address, _, length = text.partition("/")
        if length.isdecimal() and _is_address(address):
            raise Impossible(f"{text!r} is no network: a prefix has at most 32 bits, of IPv6 at most 128") from None
        raise ValueError(f"{text!r} is no IP address and no network such as 10.0.0.0/8") from None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def ip_place(text: str) -> int:
    """Where an address stands among others: IPv4 lies within IPv6 as ::ffff:0:0/96, as clusters have it."""
    address = ipaddress.ip_address(text)
    return int(address) + (0xFFFF << 32 if address.version == 4 else 0)


def moments(text: str, now: datetime) -> tuple[datetime, datetime]:
    """The first moment that a date stands for, and the first one after it: `2026-01` is a month, `now-1h` a moment.

    Accepts ISO 8601 down from a year, in UTC unless it has an offset, `now` with offsets, and milliseconds since 1970.
    """
    found = _NOW.fullmatch(text)
    try:
        if found:
            moment = now + _sum(re.findall(r"([+-]\d+)([smhdw])", found[1].lower()))
            moment = to_millisecond(moment)
            return moment, moment + timedelta(milliseconds=1)
        if re.fullmatch(r"\d{12,14}", text, re.ASCII):
            moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))
            return moment, moment + timedelta(milliseconds=1)
        return _calendar(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no date such as 2026-01-31, 2026-01-31T12:00:00Z or now-1h") from None


def to_millisecond(moment: datetime) -> datetime:
    """As exactly as times are compared: a cluster's dates know no less."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def moment(text: str, now: datetime) -> datetime:
    """One moment, for `--since` and `--until`: as `moments`, or a duration such as `2h` before now."""
    if _DURATION.fullmatch(text):
        return now - _sum(re.findall(r"(\d+)([smhdw])", text.lower()))
    return moments(text, now)[0]


def words(text: str) -> list[str]:
    """The words of a text, in lower case: runs of letters, marks, digits and underscores."""
    return _WORDS.findall(text.lower())


def is_within_word(pattern: Pattern) -> bool:
    """Whether a pattern has only characters of words, and so is compared with single words of a text."""
    return all(isinstance(part, Wild) or _WORDS.fullmatch(part) for part in pattern)


def like(pattern: Pattern) -> str:
    r"""A pattern for SQL's LIKE with `\` as the escape."""
    wild = {Wild.MANY: "%", Wild.ONE: "_"}
    return "".join(wild[part] if isinstance(part, Wild) else re.sub(r"([\\%_])", r"\\\1", part) for part in pattern)


def word_sequence(found: Sequence[str]) -> str:
    """A regular expression (RE2) that finds these words one after the other in a text in lower case."""
    return rf"(?:^|[^{WORD}])" + rf"[^{WORD}]+".join(found) + rf"(?:[^{WORD}]|$)"


def word_like(pattern: Pattern) -> str:
    """A regular expression (RE2) that finds a word of this pattern in a text in lower case."""
    wild = {Wild.MANY: rf"[{WORD}]*", Wild.ONE: rf"[{WORD}]"}
    inner = "".join(wild[part] if isinstance(part, Wild) else part.lower() for part in pattern)
    return rf"(?:^|[^{WORD}]){inner}(?:[^{WORD}]|$)"


def _sum(parts: Sequence[tuple[str, str]]) -> timedelta:
    total = timedelta()
    for count, unit in parts:
        total += timedelta(**{_UNITS[unit]: int(count)})
    return total


def _calendar(text: str) -> tuple[datetime, datetime]:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    start = datetime.fromisoformat(
        f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
        f".{(fraction or '').ljust(6, '0')[:6]}{(offset or 'Z').upper()}"
    ).astimezone(UTC)
    if fraction:
        start = to_millisecond(start)
        return start, start + timedelta(milliseconds=10 ** max(0, 3 - len(fraction)))
    if month is None:
        return start, start.replace(year=start.year + 1)
    if day is None:
        return start, (start.replace(day=1) + timedelta(days=32)).replace(day=1)
    spans = ((second, timedelta(seconds=1)), (minute, timedelta(minutes=1)), (hour, timedelta(hours=1)))
    return start, start + next((span for given, span in spans if given), timedelta(days=1))
