"""What becomes of inputs that can't be used: the declared policies (`on:`), and the pause of a whole bucket."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

import structlog

if TYPE_CHECKING:
    from logsluice.errors import SourceFault
    from logsluice.model import Delivery, Origin

Action: TypeAlias = Literal["discard", "retry", "dead_letter", "pause"]
"""`discard`: counted and done with; `retry`: the source hands it out again later; `dead_letter`: kept there by
reference; `pause`: as retry, and after several different objects nothing of that bucket is read for a while."""

DEFAULTS: Mapping[str, Action] = {
    "missing": "dead_letter",
    "denied": "pause",
    "missing_or_denied": "pause",
    "corrupt": "dead_letter",
    "superseded": "discard",
    "too_large": "dead_letter",
    "archived": "dead_letter",
    "unparsable": "dead_letter",
    "not_a_notification": "dead_letter",
}
"""Nothing is lost by default: only what a newer notification brings anyway is discarded."""

ALWAYS: Mapping[str, Action] = {"unavailable": "pause"}
"""Not to be chosen: a service that fails says nothing of the object. Parking spares messages their redrive limit."""

RETRIES_BEFORE_DEAD_LETTER = 3
PAUSE_THRESHOLD = 5
PAUSE_SECONDS = 60.0

log = structlog.get_logger("policies")


@dataclass(slots=True)
class _Bucket:
    """Objects that failed in a row, and until when the bucket rests."""

    failed: set[str] = field(default_factory=set)
    paused_until: float = 0.0


@dataclass(slots=True)
class Policies:
    """The decisions of one pipeline, shared by its workers.

    Attributes:
        on: Fault class to action; what is not named has its default.
        threshold: So many different objects of one bucket failing in a row pause it: one object can't.
        pause_seconds: How long a bucket rests before one object is tried again.
    """

    on: Mapping[str, Action] = field(default_factory=dict)
    threshold: int = PAUSE_THRESHOLD
    pause_seconds: float = PAUSE_SECONDS
    _buckets: dict[str, _Bucket] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def action(self, kind: str) -> Action:
        """What is declared for a class of faults."""
        return ALWAYS.get(kind) or self.on.get(kind) or DEFAULTS[kind]

    def decide(self, fault: SourceFault, delivery: Delivery, origin: Origin | None) -> Action:
        """The action for one fault; `pause` only where the whole bucket is now paused, `retry` below the threshold."""
        action = self.action(fault.kind)
        if action != "pause":
            return action
        if origin is None:
            return "retry"  # it names no object: there is no bucket that could be paused, or be found well again
        if self._failed(bucket_of(origin), origin.uri, fault):
            return "pause"
        declared = fault.kind in self.on
        if fault.kind == "missing_or_denied" and not declared and delivery.receive_count >= RETRIES_BEFORE_DEAD_LETTER:
            # 403 may hide a missing key: after some tries the object is given up on, and the bucket is not.
            return "dead_letter"
        return "retry"

    def is_paused(self, origin: Origin) -> bool:
        """Whether an object must not be read now."""
        known = self._buckets.get(bucket_of(origin))
        return known is not None and known.paused_until > time.monotonic()

    def paused(self) -> list[str]:
        """The buckets of which nothing is read now."""
        with self._lock:
            return [bucket for bucket, known in self._buckets.items() if known.paused_until > time.monotonic()]

    def readable(self, origin: Origin) -> None:
        """An object was read: its bucket is well."""
        if self._buckets:
            with self._lock:
                self._buckets.pop(bucket_of(origin), None)

    def _failed(self, bucket: str, uri: str, fault: SourceFault) -> bool:
        """Note an object that could not be read; whether its bucket is paused now."""
        with self._lock:
            state = self._buckets.setdefault(bucket, _Bucket())
            if len(state.failed) < self.threshold:
                state.failed.add(uri)
            if len(state.failed) < self.threshold:
                return False
            state.paused_until = time.monotonic() + self.pause_seconds
        log.warning(
            "nothing of this bucket can be read: paused, and tried again by itself",
            bucket=bucket,
            seconds=self.pause_seconds,
            reason=str(fault),
        )
        return True


def bucket_of(origin: Origin) -> str:
    """The scope of a pause: the part of a URI before its key."""
    scheme, _, rest = origin.uri.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def pause_reason(origin: Origin) -> str:
    """The reason under which deliveries of a paused bucket are parked."""
    return f"bucket:{bucket_of(origin)}"
