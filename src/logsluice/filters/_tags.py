"""The field `tags`: a list of texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from logsluice.model import Event

TAGS = "tags"
BAD_TAGS = "_tags"
BAD_TAGS_TAG = "_tagsparsefailure"


def add_tags(event: Event, tags: Iterable[str]) -> None:
    """Append tags, repeated ones too (as Logstash's `add_tag`)."""
    event[TAGS] = [*_tags(event), *tags]


def add_failure_tags(event: Event, tags: Sequence[str]) -> None:
    """Append the tags that are not there yet (as Logstash's `tag_on_failure`)."""
    if not tags:
        return
    have = _tags(event)
    event[TAGS] = have + [tag for tag in dict.fromkeys(tags) if tag not in have]


def remove_tags(event: Event, tags: Iterable[str]) -> None:
    """Take tags out; an emptied list stays."""
    if TAGS in event:
        gone = frozenset(tags)
        event[TAGS] = [tag for tag in _tags(event) if tag not in gone]


def _tags(event: Event) -> list[str]:
    """What is there; anything but a text or texts moves to `_tags`, as Logstash 8 does."""
    found: Any = event.get(TAGS, [])
    if isinstance(found, str):
        return [found]
    if isinstance(found, list) and all(isinstance(tag, str) for tag in found):
        return found
    moved = event.get(BAD_TAGS, [])
    event[BAD_TAGS] = [*(moved if isinstance(moved, list) else [moved]), found]
    return [BAD_TAGS_TAG]
