"""The `_bulk` wire form: events to bounded requests, and answers to a result for each event."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from logsluice.errors import Busy, Sick, SinkFault
from logsluice.lang.templates import Template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._json import dumps as json_bytes
from logsluice.sinks.opensearch.indexes import IndexNames, Unencodable
from logsluice.sinks.opensearch.verdicts import Verdict, describe, judge

MAX_ID_BYTES = 512
"""A longer `_id` makes the cluster refuse the whole request."""

OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC

_AFTER_ID = b"}}\n"
_AFTER_DOCUMENT = b"\n"
_BLOCK_PARTS = 5 * 64


class Encoder:
    """Events to `_bulk` requests. Thread-safe.

    Args:
        names: The index of each event, and the head of its action line.
        document_id: The user's id; None for ours, `[@metadata][_id]`.
        request_bytes: A request holds at most this much, unless a single document is larger.
        request_events: And at most that many events.
    """

    def __init__(
        self, names: IndexNames, document_id: Template | None, request_bytes: int, request_events: int
    ) -> None:
        self._names = names
        self._id_of = _our_id if document_id is None else _user_id(document_id)
        self._request_bytes = request_bytes
        self._request_events = request_events

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Iterator[Encoded]:
        """See `logsluice.model.Sink.encode`; a body is the request's bytes."""
        blocks: list[bytes] = []
        parts: list[bytes] = []
        members: list[Event] = []
        size = 0
        head_of, id_of, dumps = self._names.head, self._id_of, orjson.dumps
        for index, event in enumerate(events):
            # taking @metadata out and putting it back is far cheaper than a copy of the event without it
            try:
                head = head_of(event)
                document_id = id_of(event)
                metadata = event.pop("@metadata", None)
                try:
                    document = dumps(event, None, OPTIONS)
                except TypeError:
                    document = _lenient(event)
                finally:
                    if metadata is not None:
                        event["@metadata"] = metadata
            except Unencodable as reason:
                refuse(index, str(reason))
                continue
            if not document_id:
                document_id = _content_id(document)
            length = len(head) + len(document_id) + len(document) + 4
            if members and (size + length > self._request_bytes or len(members) >= self._request_events):
                yield Encoded(_joined(blocks, parts), members, size)
                members, size = [], 0
            elif len(parts) >= _BLOCK_PARTS:
                # small blocks let the next documents reuse the memory of the last ones: half the time of one long list
                blocks.append(b"".join(parts))
                parts.clear()
            parts += (head, document_id, _AFTER_ID, document, _AFTER_DOCUMENT)
            members.append(event)
            size += length
        if members:
            yield Encoded(_joined(blocks, parts), members, size)


def _joined(blocks: list[bytes], parts: list[bytes]) -> bytes:
    """One body of all; empties both lists, for whoever takes the body takes its time."""
    body = b"".join([*blocks, *parts])
    blocks.clear()
    parts.clear()
    return body


def _our_id(event: Event) -> bytes:
    """`[@metadata][_id]` as JSON; b"" for an event that has none (a plugin made it)."""
    try:
        document_id = event["@metadata"]["_id"]
    except KeyError:
        return b""
    return _json_id(str(document_id))


def _user_id(template: Template) -> Callable[[Event], bytes]:
    def user_id(event: Event) -> bytes:
        text = template.resolve(event)
        if not text:
            raise Unencodable("no document id: a field of `document_id` is not in the event, or empty")
        return _json_id(text)

    return user_id


def _json_id(text: str) -> bytes:
    document_id = orjson.dumps(text)
    if len(document_id) > MAX_ID_BYTES and len(text.encode()) > MAX_ID_BYTES:
        raise Unencodable(f"the document id {text[:40]!r}… is longer than {MAX_ID_BYTES} bytes")
    return document_id


def _lenient(event: Event) -> bytes:
    """What orjson alone refuses: other types as text, lone surrogates replaced."""
    try:
        return json_bytes(event)
    except ValueError as error:
        raise Unencodable(str(error)) from None


def _content_id(document: bytes) -> bytes:
    """For an event without an id: equal documents are one."""
    return b'"%b"' % hashlib.blake2b(document, digest_size=16).hexdigest().encode()


def halves(encoded: Encoded) -> tuple[Encoded, Encoded]:
    """Two requests instead of one that is too large; an event is two lines of it."""
    middle = len(encoded.events) // 2
    lines = encoded.body.split(b"\n")
    first, second = (b"".join(line + b"\n" for line in part) for part in (lines[: 2 * middle], lines[2 * middle : -1]))
    return Encoded(first, encoded.events[:middle], len(first)), Encoded(second, encoded.events[middle:], len(second))


def joined(first: Sent, second: Sent, offset: int) -> Sent:
    """The results of two halves as those of the whole; `offset`: how many events the first half had."""
    return Sent(
        {**first.rejected, **{offset + index: reason for index, reason in second.rejected.items()}},
        {**first.failed, **{offset + index: fault for index, fault in second.failed.items()}},
        first.duplicates + second.duplicates,
    )


def read_items(content: Any, encoded: Encoded, creating: bool, index_of: Callable[[Event], str]) -> Sent:
    """A 200's results, item by item.

    Args:
        content: The parsed body; None when it was cut.
        encoded: What was sent.
        creating: Whether the action was `create`.
        index_of: An event's index: what a sick verdict is about.

    Raises:
        Busy: The body is not the whole answer, whatever its status said.
    """
    items = content.get("items") if isinstance(content, dict) else None
    if not isinstance(items, list) or len(items) != len(encoded.events):
        raise Busy("the answer to a bulk request was cut")
    sent = Sent()
    for index, (item, event) in enumerate(zip(items, encoded.events, strict=True)):
        status, error = _status_and_error(item)
        if 200 <= status < 300:
            continue
        verdict = judge(status, error, creating)
        if verdict is Verdict.DUPLICATE:
            sent.duplicates += 1
        elif verdict is Verdict.REJECT:
            sent.rejected[index] = describe(error)
        else:
            sent.failed[index] = _fault(verdict, status, error, index_of(event))
    return sent


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
