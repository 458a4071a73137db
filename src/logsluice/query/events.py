"""Small things that all backends do with events and what was asked about them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from logsluice.errors import QueryError, UsageError
from logsluice.model import Event


def order(sort: str) -> tuple[str, bool]:
    """The field of a `sort`, and whether the greatest come first.

    Raises:
        QueryError: It has a direction that is none.
    """
    name, _, direction = sort.rpartition(":") if ":" in sort else (sort, "", "asc")
    if direction not in ("asc", "desc"):
        raise QueryError(f"{direction!r} is no order; it is asc or desc", sort, len(name) + 1)
    return name, direction == "desc"


def only(event: Event, fields: Sequence[str]) -> Event:
    """The named fields of an event."""
    chosen: Event = {}
    for name in fields:
        value = at(event, name)
        if value is not None:
            *parents, last = [name] if name in event else name.split(".")
            inner = chosen
            for parent in parents:
                inner = inner.setdefault(parent, {})
            inner.setdefault(last, value)
    return chosen


def at(event: Event, name: str) -> Any:
    """What an event has under a dotted name, nested or as it is written; None for nothing."""
    value: Any = event
    for key in name.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return event.get(name) if value is None else value


def as_text(value: Any) -> str:
    """A value as the name of a series, and where fields of several kinds are counted together."""
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return str(value).lower() if isinstance(value, bool) else str(value)


def bookmark(place: Any) -> str:
    """A place in an order as `Found.after` has it: opaque, one word."""
    return base64.urlsafe_b64encode(orjson.dumps(place, option=orjson.OPT_UTC_Z)).decode().rstrip("=")


def place_of(after: str) -> Any:
    """What `bookmark` was made of.

    Raises:
        UsageError: It is no bookmark.
    """
    try:
        return orjson.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except ValueError:
        raise UsageError(f"{after!r} is no place in a result", "take `after` from the page before") from None
