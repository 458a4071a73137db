"""Index names for events, rendered once for a day and its field values instead of once for each event."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from logsluice.lang.references import MISSING, Reference
from logsluice.lang.templates import Template
from logsluice.model import Event

PLACEHOLDER = re.compile(r"%\{([^}]*)\}")
CACHED_NAMES = 10_000

_FORBIDDEN = re.compile(r'[\\/*?"<>|\s,#:\ud800-\udfff]')


class Unencodable(Exception):
    """An event that can't be written as configured; the message is the reject's reason."""


def problem_of(name: str) -> str:
    """Why a cluster would refuse an index of that name, or "" (OpenSearch documentation, "Create index")."""
    if not name or name in (".", ".."):
        return f"{name!r} is no index name"
    if name != name.lower():
        return f"the index name {name!r} must be in lower case"
    if name[0] in "-_+" or _FORBIDDEN.search(name):
        return f"the index name {name!r} holds a character that is not allowed"
    if len(name.encode("utf-8", "replace")) > 255:
        return f"the index name {name[:40]!r}… is longer than 255 bytes"
    return ""


class IndexNames:
    """Renders the `index` option, and with it the first part of an event's action line. Thread-safe.

    Args:
        text: Such as `alb-%{+yyyy.MM.dd}`.
        action: `create` or `index`.

    Attributes:
        fresh: Names that `prepare_fresh` has not seen yet; empty nearly always.
    """

    def __init__(self, text: str, action: str) -> None:
        self._template = Template(text)
        self._action = action
        self._key = _key_maker(text, self._template.references)
        self._by_key: dict[Any, bytes] = {}
        self._by_name: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self._preparing = threading.Lock()
        self.fresh: set[str] = set()

    def head(self, event: Event) -> bytes:
        """The action line up to the index: `{"create":{"_index":"alb-2026.01.31"`.

        Raises:
            Unencodable: A field is not there, or the name is none that a cluster takes.
        """
        try:
            return self._by_key[self._key(event)]
        except (KeyError, AttributeError, TypeError):  # a new key, or a value that is no good one
            return self._new_head(event)

    def prepare_fresh(self, prepare: Callable[[str], None]) -> None:
        """Have something done once for each new name, before anybody goes on to use it.

        A name counts as prepared only when `prepare` has returned: other threads wait for that, and where it raises,
        the next caller tries again.
        """
        with self._preparing:
            with self._lock:
                names = sorted(self.fresh)
            for name in names:
                prepare(name)
                with self._lock:
                    self.fresh.discard(name)

    def _new_head(self, event: Event) -> bytes:
        head = self._render(event)
        try:
            self._by_key[self._key(event)] = head
        except (KeyError, AttributeError, TypeError):  # depends on more than can be a key
            pass
        return head

    def _render(self, event: Event) -> bytes:
        name = self._template.resolve(event)
        if name is None:
            missing = [f"%{{{r.text}}}" for r in self._template.references if r.find(event) in (MISSING, None)]
            raise Unencodable(f"no index: {', '.join(missing) or 'a field of the index name'} is not in the event")
        head = self._by_name.get(name)
        if head is not None:
            return head
        if problem := problem_of(name):
            raise Unencodable(problem)
        head = b'{"%b":{"_index":%b' % (self._action.encode(), orjson.dumps(name))
        with self._lock:
            if len(self._by_name) >= CACHED_NAMES or len(self._by_key) >= CACHED_NAMES:
                self._by_name, self._by_key = {}, {}
            self._by_name[name] = head
            self.fresh.add(name)
        return head


def _key_maker(text: str, references: Sequence[Reference]) -> Callable[[Event], Any]:
    """A function from an event to what its index name depends on; it raises KeyError where that is no good key.

    This runs for every event, so the usual shape, the default's, has a function of its own.
    """
    layouts = [inner[1:] for inner in PLACEHOLDER.findall(text) if inner.startswith("+")]
    period = _period(layouts)
    if "%{{" in text or period is None:
        return _no_key
    if layouts and not references:
        return lambda event: period(_moment(event))
    if layouts and [r.path for r in references] == [("@metadata", "format")]:

        def format_and_period(event: Event) -> Any:
            moment = event["@timestamp"]
            if moment.tzinfo is UTC:
                return event["@metadata"]["format"], period(moment)
            raise KeyError(event)

        return format_and_period
    return lambda event: (period(_moment(event)) if layouts else None, *(_text(event, r) for r in references))


def _no_key(event: Event) -> Any:
    raise KeyError(event)


def _moment(event: Event) -> datetime:
    moment: datetime = event["@timestamp"]
    if moment.tzinfo is not UTC:
        raise KeyError(event)
    return moment


def _text(event: Event, reference: Reference) -> str:
    value: str = reference.find(event)
    if type(value) is not str:  # 1, 1.0 and True are one key but not one text
        raise KeyError(reference)
    return value


def _period(layouts: list[str]) -> Callable[[datetime], int] | None:
    """What of a time the layouts can see: its day or its hour; None for finer ones, which are not worth a cache."""
    letters = {letter for layout in layouts for letter in layout if letter.isalpha()}
    if letters <= set("CyYxwedEDMGT"):
        return datetime.toordinal  # an integer: a date takes five times as long to be hashed
    if letters <= set("CyYxwedEDMGTHhKka"):
        return _hour
    return None


def _hour(moment: datetime) -> int:
    return moment.toordinal() * 24 + moment.hour
