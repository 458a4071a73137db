"""What a match has captured, put into an event.

Nearly always captures become fields of the event's own that are not there yet. A function that does just that is
written for each pattern, for the loop over the captures would cost a quarter of the search itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Sequence
from operator import itemgetter
from typing import Any, Final, TypeAlias

from logsluice.filters._common import within
from logsluice.filters.grok.expand import Capture, Grok
from logsluice.lang.references import Reference
from logsluice.model import Event

Values: TypeAlias = tuple[str | None, ...]


class Captures:
    """Puts all captures of one pattern into events."""

    def __init__(self, grok: Grok, target: str | None, overwrite: Sequence[str], keeps_empty: bool) -> None:
        """Compile.

        Args:
            grok: The pattern.
            target: The field under which the captures go.
            overwrite: Fields whose value is replaced.
            keeps_empty: Whether what captured nothing is put too.
        """
        replaced = [Reference(name).path for name in overwrite]
        self._puts = [_Put(capture, target, replaced) for capture in grok.captures]
        self._pick = _picked([capture.group - 1 for capture in grok.captures], grok.pattern.groups)
        self._keeps_empty = keeps_empty
        names = [put.name for put in self._puts]
        self._names = frozenset(names)
        simple = not keeps_empty and None not in names and len(self._names) == len(names)
        self._set_new = _written(self._puts) if simple else None

    def put(self, event: Event, groups: Values) -> None:
        """Put the groups of a match. Raises CannotSet."""
        values = groups if self._pick is None else self._pick(groups)
        if self._set_new is not None and self._names.isdisjoint(event):
            try:
                self._set_new(event, values)
            except ValueError:  # a number that Python reads otherwise than Ruby; nothing is set yet
                self._one_by_one(event, values)
        else:
            self._one_by_one(event, values)

    def _one_by_one(self, event: Event, values: Values) -> None:
        for put, text in zip(self._puts, values, strict=True):
            value = text if text is None or put.convert is None else put.convert(text)
            if self._keeps_empty or (value is not None and value != ""):
                put(event, value)


class _Put:
    """Puts one capture into events.

    Attributes:
        name: The field's, if it is one of the event's own that nothing is special about; else None.
        convert: From the text to a number, if one is wanted.
    """

    def __init__(self, capture: Capture, target: str | None, overwrite: Container[tuple[str, ...]]) -> None:
        self._field = Reference(within(target, capture.field))
        self._overwrites = Reference(capture.field).path in overwrite
        path = self._field.path
        self.name = path[0] if len(path) == 1 and path[0] not in _SPECIAL else None
        self.convert: Callable[[str], int | float] | None = _CONVERSIONS.get(capture.type)

    def __call__(self, event: Event, value: Any) -> None:
        """Set it, or append it to a text or list that is there. Raises CannotSet."""
        there = None if self._overwrites else self._field.get(event)
        if there is None:
            self._field.set(event, value)
        elif isinstance(there, list):
            self._field.set(event, [*there, value])
        elif isinstance(there, str):
            self._field.set(event, [there, value])


def _written(puts: Sequence[_Put]) -> Callable[[Event, Values], None]:
    """A function that sets fields that are not there: numbers are converted before anything is set."""
    values = [f"v{at}" for at in range(len(puts))]
    lines = [f"{', '.join(values)}, = values" if values else "pass"]
    for value, put in zip(values, puts, strict=True):
        if put.convert is not None:
            read = "int" if put.convert is _integer else "read_float"
            lines.append(f"if {value} is not None: {value} = {read}({value} or '0')")
    for value, put in zip(values, puts, strict=True):
        given = value if put.convert is None else f"{value} is not None"
        lines.append(f"if {given}: event[{put.name!r}] = {value}")
    made: dict[str, Any] = {"read_float": _float}
    exec("\n    ".join(["def set_new(event, values):", *lines]), made)  # noqa: S102 - names are literals, by repr
    written: Callable[[Event, Values], None] = made["set_new"]
    return written


def _picked(places: Sequence[int], groups: int) -> Callable[[Values], Values] | None:
    """From all groups of a match to those at some places; None where that is all of them."""
    if len(places) == groups:
        return None
    return itemgetter(*places) if len(places) > 1 else lambda values: tuple(values[place] for place in places)


def _integer(text: str) -> int:
    """As Ruby's `to_i`: what the text begins with, 0 without a digit."""
    try:
        return int(text)
    except ValueError:
        found = _INTEGER.match(text)
        return int(found[0]) if found else 0


def _float(text: str) -> float:
    """As Ruby's `to_f`: what the text begins with, 0.0 without a digit."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):  # words such as `inf` are none
        return number
    found = _FLOAT.match(text)
    return float(found[0]) if found else 0.0


_SPECIAL: Final = frozenset({"tags", "@timestamp", "@metadata"})
_CONVERSIONS: Final = {"int": _integer, "float": _float}
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]+")
_FLOAT: Final = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
