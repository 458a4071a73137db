"""What the readers of all time layouts share: a layout becomes one regular expression and a list of meanings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


@dataclass(frozen=True, slots=True)
class Element:
    """One part of a layout that holds a value.

    Attributes:
        kind: What it means; the names `assemble` reads.
        pattern: The regular expression of its text, without groups.
        read: From that text to the value; may raise ValueError.
    """

    kind: str
    pattern: str
    read: Callable[[str], Any] = int


def number(kind: str, least: int, most: int) -> Element:
    """A number of so many digits."""
    return Element(kind, rf"[0-9]{{{least},{most}}}")


def name(kind: str, *choices: Sequence[str], start: int = 1) -> Element:
    """One of several names in any case; its value is the name's place in its list."""
    places = {text.lower(): place for names in choices for place, text in enumerate(names, start)}
    longest_first = sorted(places, key=len, reverse=True)
    return Element(kind, "|".join(map(re.escape, longest_first)), lambda text: places[text.lower()])


def fraction(most: int, least: int = 1) -> Element:
    """Digits behind the decimal mark, as microseconds; finer digits are cut off."""
    return Element("microsecond", rf"[0-9]{{{least},{most}}}", lambda text: int(text[:6].ljust(6, "0")))


def offset(pattern: str) -> Element:
    """`+09:00`, `-0530`, `+09` or `Z`, whichever of them the pattern lets through."""
    return Element("zone", pattern, fixed_zone)


def fixed_zone(text: str) -> tzinfo:
    """The zone of an offset that is written in digits."""
    if text in ("Z", "z"):
        return UTC
    digits = text[1:].replace(":", "")
    hours, minutes, seconds = (int(digits[at : at + 2] or 0) for at in (0, 2, 4))
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ValueError(f"{text} is no offset from UTC")
    away = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-away if text.startswith("-") else away)


def named_zone(text: str) -> tzinfo:
    """The zone of an IANA name, or of an offset like `+09:00`.

    Raises:
        ValueError: There is none of that name.
    """
    if text in ("UTC", "Z", "Etc/UTC", "GMT", "UT"):
        return UTC
    if re.fullmatch(r"[+-][0-9]{2}:?[0-9]{2}", text):
        return fixed_zone(text)
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {text!r}; zones are named like Europe/Paris") from error


class Reader:
    """Reads texts of one layout; immutable, shared by threads.

    Attributes:
        layout: As it was written, for messages.
        has_year: Whether the layout says the year; otherwise `assemble` must be told one.
    """

    def __init__(self, layout: str, parts: Sequence[str | Element], zone: tzinfo) -> None:
        self.layout = layout
        self._zone = zone
        pattern = "".join(re.escape(part) if isinstance(part, str) else f"({part.pattern})" for part in parts)
        self._match = re.compile(pattern, re.IGNORECASE).fullmatch
        elements = [part for part in parts if isinstance(part, Element)]
        self._elements = tuple((element.kind, element.read) for element in elements)
        kinds = {element.kind for element in elements}
        self.has_year = bool(kinds & {"year", "weekyear"})

    def read(self, text: str, year: int = 1970) -> datetime:
        """The moment in UTC.

        Args:
            text: What the layout describes, whole.
            year: Taken when the layout has none.

        Raises:
            ValueError: The text is not of the layout, or names no moment (31 April, an hour that a change of
                the clock leaves out).
        """
        found = self._match(text)
        if found is None:
            raise ValueError(f"{text[:100]!r} is not of the form {self.layout}")
        values = {kind: read(part) for (kind, read), part in zip(self._elements, found.groups(), strict=True)}
        return assemble(values, self._zone, year)


def assemble(values: Mapping[str, Any], zone: tzinfo, year: int = 1970) -> datetime:
    """One moment in UTC from values by kind, the first of everything where nothing is said."""
    get = values.get
    try:
        day = _date(values, get("year", year))
        moment = datetime(
            day.year,
            day.month,
            day.day,
            _hour(values),
            get("minute", 0),
            get("second", 0),
            get("microsecond", 0),
            get("zone", zone),
        )
        return to_utc(moment)
    except OverflowError as error:
        raise ValueError("out of the range of years 1 to 9999") from error


def to_utc(moment: datetime) -> datetime:
    """The same moment in UTC; a wall time that occurs twice means its first occurrence.

    Raises:
        ValueError: The zone's clock leaves that time out.
    """
    if moment.tzinfo is UTC:
        return moment
    there = moment.astimezone(UTC)
    if not isinstance(moment.tzinfo, timezone):
        back = there.astimezone(moment.tzinfo)
        if back.replace(tzinfo=None) != moment.replace(tzinfo=None):
            raise ValueError(f"{moment:%Y-%m-%d %H:%M:%S} is left out by the clock of {moment.tzinfo}")
    return there


def _date(values: Mapping[str, Any], year: int) -> date:
    if "yearday" in values:
        day = date(year, 1, 1) + timedelta(days=values["yearday"] - 1)
        if day.year != year:
            raise ValueError(f"there is no day {values['yearday']} in {year}")
        return day
    if "week" in values:
        return date.fromisocalendar(values.get("weekyear", year), values["week"], values.get("weekday", 1))
    day = date(values.get("weekyear", year), values.get("month", 1), values.get("day", 1))
    # Joda-Time moves within the week where the day's name says something else than its date.
    return day + timedelta(days=values.get("weekday", day.isoweekday()) - day.isoweekday())


def _hour(values: Mapping[str, Any]) -> int:
    hour: int = values.get("hour", 0)
    if "hour12" in values:
        if values["hour12"] > 12:
            raise ValueError("an hour of the half day is 12 at the most")
        hour = values["hour12"] % 12
    return hour + 12 if values.get("half") == 1 and hour < 12 else hour
