"""From the tokens of a log line to values: numbers, times, percent-decoded text, lists.

All raise ValueError for a token that is none of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

_INTEGER = re.compile(r"[-+]?[0-9]{1,18}")
_NUMBER = re.compile(r"[-+]?[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]{1,2})?")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECONDS_FROM = 100_000_000_000
_DECODE_PASSES = 8
_MEMO_ENTRIES = 20_000
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPES = re.compile(rb"%([0-9A-Fa-f]{2})")
_MONTHS = {
    "Jan": 1, "Feb": 2, "Mar": 3, "Apr": 4, "May": 5, "Jun": 6, "Jul": 7, "Aug": 8, "Sep": 9, "Oct": 10, "Nov": 11,
    "Dec": 12,
}  # fmt: skip


class Memo(dict[str, Any]):
    """A conversion that remembers: columns with few different values are read three times as fast."""

    __slots__ = ("convert",)

    def __init__(self, convert: Callable[[str], Any]) -> None:
        self.convert = convert

    def __missing__(self, token: str) -> Any:
        value = self.convert(token)
        if len(self) < _MEMO_ENTRIES:
            self[token] = value
        return value

    __call__ = dict.__getitem__


def whole(token: str) -> int:
    """An integer of at most 18 digits, which surely fits into 64 bits."""
    if not _INTEGER.fullmatch(token):
        raise ValueError(f"{token} is no integer")
    return int(token)


def real(token: str) -> float:
    """A number in decimal digits; neither `nan` nor `inf`."""
    if not _NUMBER.fullmatch(token):
        raise ValueError(f"{token} is no number")
    return float(token)


def moment(token: str) -> datetime:
    """An ISO 8601 time; without an offset it is UTC, as all of AWS's logs are."""
    return in_utc(datetime.fromisoformat(token))


def in_utc(value: datetime) -> datetime:
    """The same instant, aware and in UTC."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


@lru_cache(maxsize=4096)
def moment_of_epoch(value: int) -> datetime:
    """Seconds since 1970, or milliseconds, told apart by their size. Raises ValueError outside the calendar."""
    try:
        return _EPOCH + timedelta(**{"milliseconds" if abs(value) >= MILLISECONDS_FROM else "seconds": value})
    except OverflowError as error:
        raise ValueError(f"{value} is no time") from error


@lru_cache(maxsize=4096)
def moment_of_clf(token: str) -> datetime:
    """The Common Log Format's time: `06/Feb/2019:00:00:38 +0000`."""
    day, month, year = token[:11].split("/")
    clock, _, offset = token[12:].partition(" ")
    if month not in _MONTHS or token[11:12] != ":":
        raise ValueError(f"{token} is no time")
    return moment(f"{year}-{_MONTHS[month]:02}-{day}T{clock}{offset}")


def percent_decoded(token: str) -> str:
    """Percent-decoded once (RFC 3986, section 2.1); as it was when one of its escapes is bad.

    A `+` stays: it means a space only in form data, and a path or user agent with a real one would be falsified.
    """
    if _BAD_ESCAPE.search(token):
        return token
    raw = _ESCAPES.sub(lambda match: bytes((int(match[1], 16),)), token.encode("utf-8", "surrogatepass"))
    return raw.decode("utf-8", "replace")


def fully_decoded(token: str) -> str:
    """Percent-decoded until nothing changes: CloudFront encodes what clients sent, encoded or not, once more."""
    for _ in range(_DECODE_PASSES):
        if "%" not in token:
            break
        decoded = percent_decoded(token)
        if decoded == token:
            break
        token = decoded
    return token


def form_decoded(token: str) -> str:
    """Percent-decoded once with `+` as a space, as in form data; as it was when one of its escapes is bad."""
    return token if _BAD_ESCAPE.search(token) else percent_decoded(token.replace("+", " "))


def fully_form_decoded(token: str) -> str:
    """As `form_decoded`, until nothing changes."""
    for _ in range(_DECODE_PASSES):
        decoded = form_decoded(token)
        if decoded == token:
            break
        token = decoded
    return token


def words(token: str) -> list[str]:
    """A list in one column, parted by spaces."""
    return [item for item in token.split(" ") if item and item != "-"]


def integers(token: str) -> list[int]:
    """As `words`, of integers."""
    return [whole(item) for item in words(token)]


def quoted_words(token: str) -> list[str]:
    """A list of quoted items parted by commas: `"h2","http/1.1"`, of which the outer quotes are gone already."""
    return [item for item in (piece.strip('"') for piece in token.split(",")) if item and item != "-"]
