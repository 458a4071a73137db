"""From a cluster's documents and values back to events and what their fields were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from logsluice.cluster.query.mapping import Group, Leaf
from logsluice.formats.fields import Kind
from logsluice.model import Event
from logsluice.query.results import Hit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def hit_of(found: Mapping[str, Any], group: Group | None) -> Hit:
    """One of an answer's `hits`."""
    source: Event = found.get("_source") or {}
    if group is None:
        return Hit(found["_id"], "", source)
    return Hit(found["_id"], group.format, _restored(source, "", group.fields))


def value_of(kind: Kind, bucket: Mapping[str, Any]) -> Any:
    """The key of a bucket of values as events have it."""
    key = bucket["key"]
    match kind:
        case "time":
            return _EPOCH + timedelta(milliseconds=int(key))
        case "boolean":
            return bool(key)
        case _:
            return key


def _restored(document: Mapping[str, Any], prefix: str, fields: Mapping[str, Leaf]) -> Event:
    """Times are times again, and what is null is not there, but for the inside of open-ended objects."""
    event: Event = {}
    for key, value in document.items():
        name = prefix + key
        leaf = fields.get(name)
        if value is None:
            continue
        if leaf is not None and leaf.kind == "time":
            event[key] = [_time(item) for item in value] if isinstance(value, list) else _time(value)
        elif leaf is None and isinstance(value, dict):
            event[key] = _restored(value, f"{name}.", fields)
        else:
            event[key] = value
    return event


def _time(value: Any) -> Any:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):  # what was malformed is in the document as it came
        return value
