"""Where events stand in an order, so that the next page begins where the last one ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from logsluice.errors import UsageError
from logsluice.query.events import bookmark, place_of
from logsluice.query.results import aware
from logsluice.store.columns import Column
from logsluice.store.query.schema import Inside, Target
from logsluice.store.query.sql import each, quoted, values_at

_KINDS = {"integer": "number", "float": "number", "boolean": "number", "time": "time", "ip": "address"}
_ORDER = {"time": 1, "number": 2, "address": 3, "text": 4}
"""Where formats disagree about a field's kind: times come first, then numbers, addresses, text."""


@dataclass(frozen=True, slots=True)
class Place:
    """Of one event.

    Attributes:
        kind: `time`, `number`, `address` or `text`: values of one are compared with each other only.
        value: What the event is sorted by; None for one without the field.
        id: Equal ones are ordered by it.
    """

    kind: str
    value: Any
    id: str

    @property
    def rank(self) -> tuple[int, Any]:
        """To compare places by, but for those without a value."""
        return (0, 0) if self.value is None else (_ORDER[self.kind], self.value)

    def bookmark(self) -> str:
        """For `Found.after`."""
        return bookmark([self.kind, aware(self.value), self.id])

    @classmethod
    def read(cls, after: str) -> Place:
        """From what `bookmark` gave.

        Raises:
            UsageError: It gave no such thing.
        """
        try:
            kind, value, event_id = place_of(after)
            if kind == "time" and value is not None:
                value = datetime.fromisoformat(value).astimezone(UTC)
            return cls(kind, value, event_id)
        except (TypeError, ValueError):
            raise UsageError(f"{after!r} is a place in the result of another question", "start without it") from None

    def later(self, key: str, kind: str, descending: bool, bind: Callable[[object], str]) -> str:
        """A condition for events after this one, among those that are sorted by a key of a kind."""
        if self.value is None:
            return f'{key} IS NULL AND "_id" > {bind(self.id)}'
        mine, theirs = _ORDER[self.kind], _ORDER[kind]
        if mine != theirs:
            return "TRUE" if (theirs > mine) != descending else f"{key} IS NULL"
        value = bind(self.value)
        return (
            f"{key} {'<' if descending else '>'} {value} OR {key} IS NULL"
            f' OR ({key} = {value} AND "_id" > {bind(self.id)})'
        )


def kind_of(target: Target) -> str:
    """The `Place.kind` of a field's values."""
    return _KINDS.get(target.kind, "text") if isinstance(target, (Column, Inside)) else "text"


def ordered(target: Target, value: str) -> str:
    """What a value of a field is ordered by."""
    return f"ip_place({value})" if isinstance(target, Column) and target.kind == "ip" else value


def first(target: Target, descending: bool) -> str | None:
    """What an event is sorted by: of a list the item that comes first in that order; None where no event has it."""
    end = "list_max" if descending else "list_min"
    match target:
        case Inside():
            return f"{end}({values_at(target)})"
        case Column(name, "ip", True):
            return f"{end}(list_transform({quoted(name)}, lambda a: ip_place(a)))"
        case Column(name, kind, True) if kind not in ("object", "geo_point"):
            return f"{end}({quoted(name)})"
        case _:
            value = each(target)
            return None if value is None else ordered(target, value)
