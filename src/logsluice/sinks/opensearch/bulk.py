"""The `_bulk` wire form: events to lines, and answers to a result for each document."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from logsluice.errors import Busy, Sick, SinkFault
from logsluice.lang.as_json import dumps as json_bytes
from logsluice.lang.templates import Template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import Documents
from logsluice.sinks.opensearch.indexes import IndexNames, Unencodable
from logsluice.sinks.opensearch.verdicts import Verdict, describe, judge

MAX_ID_BYTES = 512
"""A longer `_id` makes the cluster refuse the whole request."""

LINE = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_APPEND_NEWLINE


class Encoder:
    """Events to `_bulk` lines. Thread-safe.

    Args:
        names: The index of each event, and the head of its action line.
        document_id: The user's id; None for ours, `[@metadata][_id]`.
    """

    def __init__(self, names: IndexNames, document_id: Template | None) -> None:
        self._names = names
        self._id_of = _our_id if document_id is None else _user_id(document_id)

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """See `logsluice.model.Sink`; the body is `Documents`, each its action line and its own line."""
        try:
            return self._all_at_once(events)
        except (KeyError, TypeError, Unencodable):
            return self._one_by_one(events, refuse)

    def _all_at_once(self, events: Sequence[Event]) -> Encoded:
        """Step by step over all events: a third faster than event by event, where nothing is unusual in any.

        The documents themselves are not collected: see `Documents`.
        """
        heads, ids = list(map(self._names.head, events)), list(map(self._id_of, events))
        actions = [b"%b%b}}\n" % parts for parts in zip(heads, ids, strict=True)]
        metadata = [event["@metadata"] for event in events]
        data, ends = bytearray(), list[int]()
        # taking @metadata out and putting it back is far cheaper than a copy of the event without it
        try:
            for event in events:
                del event["@metadata"]
            for event, action in zip(events, actions, strict=True):
                data += action
                data += orjson.dumps(event, None, LINE)
                ends.append(len(data))
        finally:
            for event, own in zip(events, metadata, strict=True):
                event["@metadata"] = own
        return Encoded(Documents(data, ends), metadata, len(data))

    def _one_by_one(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """With an answer to whatever an event may hold."""
        body, metadata = Documents(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                head = self._names.head(event)
                try:
                    document_id = self._id_of(event)
                except KeyError:  # a plugin made the event
                    document_id = b""
                own = event.pop("@metadata", None)
                try:
                    document = json_bytes(event) + b"\n"
                except ValueError as error:
                    raise Unencodable(str(error)) from None
                finally:
                    if own is not None:
                        event["@metadata"] = own
            except Unencodable as reason:
                refuse(index, str(reason))
                continue
            body.data += b"%b%b}}\n%b" % (head, document_id or _content_id(document), document)
            body.end()
            metadata.append(own or {})
        return Encoded(body, metadata, len(body.data))


def _our_id(event: Event) -> bytes:
    """`[@metadata][_id]` as JSON. Raises KeyError for an event that has none, or an empty one."""
    document_id = event["@metadata"]["_id"]
    if type(document_id) is str and 0 < len(document_id) <= MAX_ID_BYTES and document_id.isascii():
        return orjson.dumps(document_id)
    if document_id is None or document_id == "":  # "None" would be one id for many events
        raise KeyError("_id")
    return _json_id(str(document_id))


def _user_id(template: Template) -> Callable[[Event], bytes]:
    def user_id(event: Event) -> bytes:
        text = template.resolve(event)
        if not text:
            raise Unencodable("no document id: a field of `document_id` is not in the event, or empty")
        return _json_id(text)

    return user_id


def _json_id(text: str) -> bytes:
    try:
        document_id = orjson.dumps(text)
    except TypeError:  # replacing what is wrong could make two ids one
        raise Unencodable(f"the document id {text[:40]!r} is no Unicode text") from None
    if len(document_id) > MAX_ID_BYTES and len(text.encode()) > MAX_ID_BYTES:
        raise Unencodable(f"the document id {text[:40]!r}… is longer than {MAX_ID_BYTES} bytes")
    return document_id


def _content_id(document: bytes) -> bytes:
    """For an event without an id: equal documents are one."""
    return b'"%b"' % hashlib.blake2b(document, digest_size=16).hexdigest().encode()


def joined(first: Sent, second: Sent, offset: int) -> Sent:
    """The results of two halves as those of the whole; `offset`: how many documents the first half had."""
    return Sent(
        {**first.rejected, **{offset + index: reason for index, reason in second.rejected.items()}},
        {**first.failed, **{offset + index: fault for index, fault in second.failed.items()}},
        first.duplicates + second.duplicates,
    )


def read_items(content: Any, encoded: Encoded, creating: bool) -> Sent:
    """A 200's results, item by item.

    Args:
        content: The parsed body; None when it was cut.
        encoded: What was sent.
        creating: Whether the action was `create`.

    Raises:
        Busy: The body is not the whole answer, whatever its status said.
    """
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(items, list) or len(items) != len(encoded):
        raise Busy("the answer to a bulk request was cut")
    sent = Sent()
    for index, item in enumerate(items):
        status, error = _status_and_error(item)
        if 200 <= status < 300:
            continue
        verdict = judge(status, error, creating)
        if verdict is Verdict.DUPLICATE:
            sent.duplicates += 1
        elif verdict is Verdict.REJECT:
            sent.rejected[index] = describe(error)
        else:
            sent.failed[index] = _fault(verdict, status, error, index_name(encoded.body[index]))
    return sent


def index_name(document: bytes) -> str:
    """The index that a document goes to, by its own action line: what a sick verdict is about."""
    (action,) = orjson.loads(document[: document.index(b"\n")]).values()
    return str(action["_index"])


def without_action(document: bytes) -> bytes:
    """The document's own line alone."""
    return document[document.index(b"\n") + 1 :].rstrip(b"\n")


def _status_and_error(item: Any) -> tuple[int, dict[str, Any]]:
    try:
        (result,) = item.values()
        status, error = int(result["status"]), result.get("error") or {}
    except (AttributeError, KeyError, TypeError, ValueError):
        raise Busy("the answer to a bulk request holds something else than results") from None
    return status, error if isinstance(error, dict) else {"type": "error", "reason": str(error)}


def _fault(verdict: Verdict, status: int, error: dict[str, Any], scope: str) -> SinkFault:
    text = f"{scope}: {status} {describe(error)}"
    return Sick(text, scope) if verdict is Verdict.SICK else Busy(text)
