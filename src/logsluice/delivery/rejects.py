"""The rejects of events and documents; those of records and payloads are made in `logsluice.decode`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logsluice.lang.as_json import document
from logsluice.model import EXCERPT_BYTES, Reject

if TYPE_CHECKING:
    from logsluice.delivery.sender import Refusal
    from logsluice.model import Event, Origin


def of_event(event: Event, origin: Origin, stage: str, reason: str, output: str = "") -> Reject:
    """The reject of an event that is still one; what JSON can't say of it is shown as Python does."""
    try:
        shown = document(event)
    except ValueError:
        shown = repr(event).encode("utf-8", "backslashreplace")
    return _reject(shown, event.get("@metadata", {}), origin, stage, reason, output)


def of_document(refusal: Refusal, origin: Origin, output: str) -> Reject:
    """The reject of a document that an output has refused."""
    return _reject(refusal.document, refusal.metadata, origin, "sink", refusal.reason, output)


def _reject(document: bytes, metadata: dict[str, Any], origin: Origin, stage: str, reason: str, output: str) -> Reject:
    position, event_id = metadata.get("position", -1), str(metadata.get("_id", ""))
    return Reject(origin, position, document[:EXCERPT_BYTES], len(document), stage, reason, output, event_id)
