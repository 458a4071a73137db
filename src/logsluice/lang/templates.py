"""`%{…}`: texts with parts that each event fills in (Logstash Reference, "sprintf format").

- `%{status}`, `%{[a][b]}`: a field; lists joined by commas, objects as JSON;
- `%{+yyyy.MM.dd}`: `@timestamp` in UTC in a Joda layout; `%{+%s}`: its seconds since 1970;
- `%{{yyyy-MM-dd}}`: the same in a java.time layout; `%{{TIME_NOW}}`: the time now.

A part whose field is missing or null stays as it is written; `Template.resolve` tells such a text apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeAlias

from logsluice.lang import joda
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.text import sprintf_text, time_text
from logsluice.model import Event

_PART = re.compile(r"%\{\{(?P<java>[^}]*)\}\}|%\{(?P<plain>[^}]*)\}")

_DAYS_KEPT = 400
"""How many days' texts a template remembers."""

_Fill: TypeAlias = Callable[[Event], str | None]


class Template:
    """A compiled text; immutable but for a memo, shared by threads.

    Attributes:
        text: As it was written.
        references: The fields it reads, `@timestamp` not counted where only a layout reads it.
        is_constant: Whether it is the same for every event.
    """

    def __init__(self, text: str) -> None:
        """Compile.

        Raises:
            ValueError: A field reference or a time layout in it can't be read.
        """
        self.text = text
        self._parts: list[tuple[str, _Fill | None]] = []
        references: list[Reference] = []
        daily = True
        at = 0
        for found in _PART.finditer(text):
            if found.start() > at:
                self._parts.append((text[at : found.start()], None))
            fill, reference = _compile(found)
            if reference is not None:
                references.append(reference)
            daily = daily and found["java"] is None and _is_daily(found["plain"])
            self._parts.append((found[0], fill))
            at = found.end()
        if at < len(text):
            self._parts.append((text[at:], None))
        self.references = tuple(references)
        self.is_constant = all(fill is None for _, fill in self._parts)
        self._of_day: dict[int, str] | None = {} if daily and not self.is_constant else None

    def render(self, event: Event) -> str:
        """The text for one event; what is unresolved stays literally."""
        if self.is_constant:
            return self.text
        if self._of_day is not None:
            return self._daily(event) or self.text
        return self._literally(event)

    def resolve(self, event: Event) -> str | None:
        """The text for one event, or None when a field or the time that it needs is missing."""
        if self.is_constant:
            return self.text
        if self._of_day is not None:
            return self._daily(event)
        texts = [literal if fill is None else fill(event) for literal, fill in self._parts]
        return None if None in texts else "".join([text for text in texts if text is not None])

    def _daily(self, event: Event) -> str | None:
        """An index name such as `alb-%{+yyyy.MM.dd}` is made once a day, not once an event."""
        moment = _timestamp(event)
        if moment is None or self._of_day is None:
            return None
        day = moment.toordinal()
        text = self._of_day.get(day)
        if text is None:
            if len(self._of_day) >= _DAYS_KEPT:
                self._of_day.clear()
            text = self._of_day[day] = self._literally(event)
        return text

    def _literally(self, event: Event) -> str:
        texts = [literal if fill is None else fill(event) for literal, fill in self._parts]
        return "".join(
            [literal if text is None else text for text, (literal, _) in zip(texts, self._parts, strict=True)]
        )

    def __repr__(self) -> str:
        return f"Template({self.text!r})"


@lru_cache(maxsize=4096)
def template(text: str) -> Template:
    """The shared Template for a text. Raises ValueError."""
    return Template(text)


def _compile(found: re.Match[str]) -> tuple[_Fill, Reference | None]:
    java, plain = found["java"], found["plain"]
    if java is not None:
        return (_now if java == "TIME_NOW" else _of_time(joda.java_time_writer(java))), None
    if plain in ("", "+", "+%s"):
        return _of_time(_epoch_seconds), None
    if plain.startswith("+"):
        return _of_time(joda.writer(plain[1:])), None
    reference = Reference(plain)
    return _of_field(reference), reference


def _is_daily(plain: str) -> bool:
    return plain.startswith("+") and plain not in ("+", "+%s") and joda.is_daily(plain[1:])


def _of_field(reference: Reference) -> _Fill:
    find = reference.find

    def fill(event: Event) -> str | None:
        value = find(event)
        return None if value is MISSING or value is None else sprintf_text(value)

    return fill


def _of_time(write: Callable[[datetime], str]) -> _Fill:
    def fill(event: Event) -> str | None:
        moment = _timestamp(event)
        return None if moment is None else write(moment)

    return fill


def _timestamp(event: Event) -> datetime | None:
    moment = event.get("@timestamp")
    if not isinstance(moment, datetime):
        return None
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def _epoch_seconds(moment: datetime) -> str:
    return str(int(moment.timestamp() // 1))


def _now(_: Event) -> str:
    return time_text(datetime.now(UTC))
