"""Field references: `status`, `[httpRequest][clientIp]`, `[list][-1]`, `[@metadata][s3][key]`.

Syntax and meaning are Logstash's (Logstash Reference, "Field References Deep Dive"): a name without brackets is a
top-level field; within a list a number is an index, and a negative one counts from the end.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from logsluice.model import Event

TIMESTAMP: Final = "@timestamp"
METADATA: Final = "@metadata"

MAX_PADDING = 1000
"""How far beyond a list's end an index may be set: indexes can come out of hostile log text."""

_BRACKETED = re.compile(r"(?:\[[^\[\]]+\])+")
_INDEX = re.compile(r"-?[0-9]{1,9}")


class _Missing:
    """The type of MISSING; false, and equal to itself alone."""

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
"""What `Reference.find` gives for a field that is not there; a field that is there may be None."""


class InvalidReference(ValueError):
    """A text that names no field."""


class CannotSet(ValueError):
    """A value that can't be put where a reference points to."""


class Reference:
    """One compiled field reference; immutable, shared by threads.

    Attributes:
        text: As it was written.
        path: The keys from the outside in.
    """

    __slots__ = ("_last", "_name", "_outer", "path", "text")

    def __init__(self, text: str) -> None:
        """Compile.

        Raises:
            InvalidReference: With what is wrong.
        """
        self.text = text
        self.path = _parse(text)
        self._name = self.path[0] if len(self.path) == 1 else None
        self._outer = self.path[:-1]
        self._last = self.path[-1]

    def find(self, event: Event) -> Any:
        """The value, or MISSING."""
        if self._name is not None:
            return event.get(self._name, MISSING)
        node: Any = event
        for key in self.path:
            node = _child(node, key)
            if node is MISSING:
                return MISSING
        return node

    def get(self, event: Event, default: Any = None) -> Any:
        """The value, or `default` when the field is not there."""
        if self._name is not None:
            return event.get(self._name, default)
        value = self.find(event)
        return default if value is MISSING else value

    def exists(self, event: Event) -> bool:
        """Whether the field is there, be it None."""
        return self.find(event) is not MISSING

    def set(self, event: Event, value: Any) -> None:
        """Put a value, making the objects on the way.

        Raises:
            CannotSet: A text or number is in the way, `@timestamp` was to become something else than an aware
                datetime, or `@metadata` something else than an object.
        """
        if self._name is not None:
            if self._name in (TIMESTAMP, METADATA):
                value = _guarded(self._name, value)
            event[self._name] = value
            return
        node: Any = event
        for key in self._outer:
            inner = _child(node, key)
            if inner is MISSING or inner is None:
                inner = {}
                self._put(node, key, inner)
            node = inner
        self._put(node, self._last, value)

    def delete(self, event: Event) -> Any:
        """Take the field out and return its value, MISSING when it was not there.

        Raises:
            CannotSet: For the whole of `@metadata`, which every event keeps.
        """
        if self._name is not None:
            if self._name == METADATA:
                raise CannotSet("[@metadata] can't be removed as a whole; name the field in it")
            return event.pop(self._name, MISSING)
        node: Any = event
        for key in self._outer:
            node = _child(node, key)
        if isinstance(node, dict):
            return node.pop(self._last, MISSING)
        if isinstance(node, list):
            index = _index(self._last, len(node))
            if index is not None and 0 <= index < len(node):
                return node.pop(index)
        return MISSING

    def _put(self, node: Any, key: str, value: Any) -> None:
        if isinstance(node, dict):
            node[key] = value
            return
        index = _index(key, len(node)) if isinstance(node, list) else None
        if index is None or not 0 <= index <= len(node) + MAX_PADDING:
            kind = "a list" if isinstance(node, list) else f"a {type(node).__name__}"
            raise CannotSet(f"can't set {self.text}: there is no {key!r} in {kind}")
        node.extend([None] * (index + 1 - len(node)))
        node[index] = value

    def __repr__(self) -> str:
        return f"Reference({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reference) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)


@lru_cache(maxsize=4096)
def _parse(text: str) -> tuple[str, ...]:
    if text.startswith("["):
        if not _BRACKETED.fullmatch(text):
            raise InvalidReference(f"{text!r} is no field reference: write [outer][inner]")
        return tuple(text[1:-1].split("]["))
    if not text or "[" in text or "]" in text:
        raise InvalidReference(f"{text!r} is no field reference: write name or [outer][inner]")
    return (text,)


@lru_cache(maxsize=4096)
def reference(text: str) -> Reference:
    """The shared Reference for a text: for names that are only known per event. Raises InvalidReference."""
    return Reference(text)


def _child(node: Any, key: str) -> Any:
    if isinstance(node, dict):
        return node.get(key, MISSING)
    if isinstance(node, list):
        index = _index(key, len(node))
        if index is not None and 0 <= index < len(node):
            return node[index]
    return MISSING


def _index(key: str, size: int) -> int | None:
    if not _INDEX.fullmatch(key):
        return None
    index = int(key)
    return index + size if index < 0 else index


def _guarded(name: str, value: Any) -> Any:
    if name == METADATA:
        if not isinstance(value, dict):
            raise CannotSet(f"[@metadata] holds an object, not {value!r}")
        return value
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise CannotSet(f"@timestamp takes only a time with a zone, not {value!r}; use the date filter")
    return value if value.tzinfo is UTC else value.astimezone(UTC)
