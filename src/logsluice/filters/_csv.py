"""CSV as Ruby's `CSV.parse_line` reads it, strictly: what is badly quoted is an error, and no guess."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from logsluice.lang.times import TimeReader, compile_reader, read_iso8601

ConversionName: TypeAlias = Literal["integer", "float", "date", "date_time", "boolean"]

Row: TypeAlias = list[str | None]
"""The columns of one row; None for an empty one without quotes."""

_ROW_END = re.compile(r"\r\n|\n|\r")
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9][0-9]*(?:_[0-9]+)*)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]+(?:_[0-9]+)*(?:\.[0-9]+(?:_[0-9]+)*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ISO_TIME = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T\s](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?(?:[+-][0-9]{2}(?::[0-9]{2})|\s?(?:UTC|GMT|Z))?)?))?"
)
_ZONE_NAME = re.compile(r"\s?(?:UTC|GMT|Z)$")
_LONGEST_TIME = 100
"""Characters; the next expression takes a time that grows with their square."""
_WEEKDAY = re.compile(r"[A-Za-z]+,?\s+(?=[A-Za-z])")


@lru_cache(maxsize=64)
def row_reader(separator: str, quote: str) -> Callable[[str], Row | None]:
    """A reader of the first row of a text: None where there is no row, and ValueError for bad quotes.

    Args:
        separator: One character or several.
        quote: One character.
    """
    mark, between = re.escape(quote), re.escape(separator)
    quoted = rf"({mark}[^{mark}]*+(?:(?>{mark}{mark}[^{mark}]*+))*+{mark})"
    plain = rf"((?:(?>(?!{between})[^{mark}\r\n]))*+)" if len(separator) > 1 else rf"([^{between}{mark}\r\n]*+)"
    columns = {end: re.compile(rf"(?:{quoted}|{plain})({between}|{end}|\Z)") for end in ("\n", "\r\n", "\r")}

    def read(text: str) -> Row | None:
        if not text:
            return None
        found = _ROW_END.search(text) if "\n" in text or "\r" in text else None
        ending = found[0] if found else "\n"
        row: Row = []
        if text.startswith(ending):
            return row
        at = 0
        for column in columns[ending].finditer(text):
            if column.start() != at:
                break
            enclosed, value, end = column.groups()
            row.append(value or None if enclosed is None else enclosed[1:-1].replace(quote + quote, quote))
            if end != separator:
                return row
            at = column.end()
        raise ValueError(f"bad quotes from character {at} on")

    return read


def convert(text: str, name: ConversionName) -> Any:
    """A column as another type; the text itself where it can't be."""
    try:
        return _CONVERSIONS[name](text)
    except (ValueError, OverflowError):
        return text


def _integer(text: str) -> int:
    digits = text.strip()
    if not _INTEGER.fullmatch(digits):
        raise ValueError(f"{text[:100]!r} is no integer")
    sign, plain = (digits[0], digits[1:]) if digits[0] in "+-" else ("", digits)
    octal = len(plain) > 1 and plain[0] == "0" and plain[1].isdigit()
    return int(f"{sign}0o{plain}" if octal else digits, 0)


def _float(text: str) -> float:
    if not _FLOAT.fullmatch(text.strip()):
        raise ValueError(f"{text[:100]!r} is no number")
    number = float(text)
    if math.isinf(number):
        raise OverflowError(f"{text[:100]!r} is too large")
    return number


def _boolean(text: str) -> bool | str:
    return {"true": True, "false": False}.get(text.strip().lower(), text)


def _date(text: str) -> datetime:
    return read_iso8601(text) if _ISO_DATE.fullmatch(text) else _english("MMM d yyyy")(_plain_english(text))


def _date_time(text: str) -> datetime:
    found = _ISO_TIME.fullmatch(text)
    if found is None:
        return _english("MMM d HH:mm:ss yyyy")(_plain_english(text))
    return read_iso8601(_ZONE_NAME.sub("Z", f"{found['date']}T{found['time']}" if found["time"] else found["date"]))


@lru_cache
def _english(layout: str) -> TimeReader:
    return compile_reader(layout, UTC)


def _plain_english(text: str) -> str:
    """`Saturday, Jan 31, 2026` without the weekday and the commas. Raises ValueError."""
    if len(text) > _LONGEST_TIME:
        raise ValueError("no time is that long")
    return " ".join(_WEEKDAY.sub("", text, count=1).replace(",", " ").split())


_CONVERSIONS: dict[ConversionName, Callable[[str], Any]] = {
    "integer": _integer,
    "float": _float,
    "date": _date,
    "date_time": _date_time,
    "boolean": _boolean,
}
