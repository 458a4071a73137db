"""From a stored row of dotted columns back to the nested event that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logsluice.model import Event

EXTRA = "_extra"
"""The column of everything undeclared."""


def assembled(row: Iterable[tuple[str, Any]]) -> Event:
    """A row's columns and values as the event they came from, without `_id`."""
    event: Event = {}
    extra: dict[str, Any] = {}
    for name, value in row:
        if name == EXTRA:
            extra = value
        elif name != "_id":
            put(event, name, value)
    _merge(event, extra)
    return event


def put(event: Event, dotted: str, value: Any) -> None:
    """Set a value under its nested name; a plain value in the way keeps the dotted name beside it."""
    *parents, last = dotted.split(".")
    inner = event
    for parent in parents:
        inner = inner.setdefault(parent, {})
        if not isinstance(inner, dict):
            event[dotted] = value
            return
    if isinstance(inner.get(last), dict) and isinstance(value, dict):
        _merge(inner[last], value)
    else:
        inner[last] = value


def _merge(into: dict[str, Any], other: Mapping[str, Any]) -> None:
    for name, value in other.items():
        mine = into.get(name)
        if isinstance(mine, dict) and isinstance(value, dict):
            _merge(mine, value)
        else:
            into[name] = value
