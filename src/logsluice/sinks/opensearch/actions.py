"""The action line of each event in a `_bulk` request: its index, its id, its routing and its ingest pipeline."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import orjson

from logsluice.lang.templates import Template
from logsluice.model import Event
from logsluice.sinks.opensearch.indexes import IndexNames, Unencodable

MAX_ID_BYTES = 512
"""A longer `_id` makes the cluster refuse the whole request; so does a longer `routing`."""


class Actions:
    """Renders action lines. Thread-safe.

    Args:
        names: The index of each event, and the head of its action line.
        document_id: The user's id; None for ours, `[@metadata][_id]`.
        with_ids: Whether documents are sent under an id at all.
        more: What else is said of each document, by its name in the action line: `routing`, `pipeline`.
    """

    def __init__(
        self,
        names: IndexNames,
        document_id: Template | None = None,
        *,
        with_ids: bool = True,
        more: Mapping[str, Template] | None = None,
    ) -> None:
        self._head = names.head
        self._layout = b'%b,"_id":%b}}\n' if with_ids else b"%b%b}}\n"
        self._with_ids = with_ids
        self._id_of = _no_id if not with_ids else _our_id if document_id is None else _user_id(document_id)
        self._more = [(name, template) for name, template in (more or {}).items()]

    def of_all(self, events: Sequence[Event]) -> list[bytes]:
        """The lines of events in which nothing is unusual.

        Raises:
            KeyError, TypeError: An event has no id.
            Unencodable: An event can't be written at all.
        """
        heads, ids = list(map(self._head, events)), list(map(self._id_of, events))
        if self._more:
            ids = [own + self._tail(event) for own, event in zip(ids, events, strict=True)]
        return [self._layout % parts for parts in zip(heads, ids, strict=True)]

    def of(self, event: Event, document: bytes) -> bytes:
        """The line of one event; without an id it gets one from its document.

        Raises:
            Unencodable: It can't be written at all.
        """
        head = self._head(event)
        try:
            own = self._id_of(event)
        except KeyError:  # a plugin made the event
            own = _content_id(document)
        return self._layout % (head, own + self._tail(event))

    def _tail(self, event: Event) -> bytes:
        return b"".join(b',"%b":%b' % (name.encode(), _text(name, template, event)) for name, template in self._more)


def _our_id(event: Event) -> bytes:
    """`[@metadata][_id]` as JSON. Raises KeyError for an event that has none, or an empty one."""
    document_id = event["@metadata"]["_id"]
    if type(document_id) is str and 0 < len(document_id) <= MAX_ID_BYTES and document_id.isascii():
        return orjson.dumps(document_id)
    if document_id is None or document_id == "":  # "None" would be one id for many events
        raise KeyError("_id")
    return _json(str(document_id), "document id")


def _user_id(template: Template) -> Callable[[Event], bytes]:
    def user_id(event: Event) -> bytes:
        text = template.resolve(event)
        if not text:
            raise Unencodable("no document id: a field of `document_id` is not in the event, or empty")
        return _json(text, "document id")

    return user_id


def _no_id(_: Event) -> bytes:
    return b""


def _text(name: str, template: Template, event: Event) -> bytes:
    text = template.resolve(event)
    if not text:
        raise Unencodable(f"no {name}: a field of `{name}` is not in the event, or empty")
    return _json(text, name)


def _json(text: str, what: str) -> bytes:
    try:
        encoded = orjson.dumps(text)
    except TypeError:  # replacing what is wrong could make two ids one
        raise Unencodable(f"the {what} {text[:40]!r} is no Unicode text") from None
    if len(encoded) > MAX_ID_BYTES and len(text.encode()) > MAX_ID_BYTES:
        raise Unencodable(f"the {what} {text[:40]!r}… is longer than {MAX_ID_BYTES} bytes")
    return encoded


def _content_id(document: bytes) -> bytes:
    """For an event without an id: equal documents are one."""
    return b'"%b"' % hashlib.blake2b(document, digest_size=16).hexdigest().encode()
