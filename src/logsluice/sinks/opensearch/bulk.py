"""The `_bulk` wire form: events to lines, and answers to a result for each document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from logsluice.errors import Busy, Sick, SinkFault
from logsluice.lang.as_json import EXACT, Json
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import Documents
from logsluice.sinks.opensearch.actions import Actions
from logsluice.sinks.opensearch.indexes import Unencodable
from logsluice.sinks.opensearch.verdicts import Verdict, describe, judge


class Encoder:
    """Events to `_bulk` lines. Thread-safe."""

    def __init__(self, actions: Actions, json: Json = EXACT) -> None:
        self._actions = actions
        self._json = json
        # bytes and sets are for the slower way, and so are keys that are no texts
        self._default = json.other if json is not EXACT else None
        self._options = (json.options | orjson.OPT_APPEND_NEWLINE) & ~orjson.OPT_NON_STR_KEYS

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
        actions = self._actions.of_all(events)
        metadata = [event["@metadata"] for event in events]
        data, ends = bytearray(), list[int]()
        default, options = self._default, self._options
        # taking @metadata out and putting it back is far cheaper than a copy of the event without it
        try:
            for event in events:
                del event["@metadata"]
            for event, action in zip(events, actions, strict=True):
                data += action
                data += orjson.dumps(event, default, options)
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
                document = self._line_of(event)
                action = self._actions.of(event, document)
            except Unencodable as reason:
                refuse(index, str(reason))
                continue
            body.data += action
            body.data += document
            body.end()
            metadata.append(event.get("@metadata") or {})
        return Encoded(body, metadata, len(body.data))

    def _line_of(self, event: Event) -> bytes:
        """The event as JSON, without `@metadata`."""
        own = event.pop("@metadata", None)
        try:
            return self._json.dumps(event) + b"\n"
        except ValueError as error:
            raise Unencodable(str(error)) from None
        finally:
            if own is not None:
                event["@metadata"] = own


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
            sent.failed[index] = item_fault(verdict, status, error, index_name(encoded.body[index]))
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


def item_fault(verdict: Verdict, status: int, error: dict[str, Any], scope: str) -> SinkFault:
    """The fault of a document that is not to blame itself; `scope`: its index."""
    text = f"{scope}: {status} {describe(error)}"
    return Sick(text, scope) if verdict is Verdict.SICK else Busy(text)
