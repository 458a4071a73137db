"""What can be told of a running pipeline from outside: whether it lives, whether it is ready, and its gauges."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from logsluice.errors import LogsluiceError, Sick
from logsluice.hosts.status import Reason
from logsluice.model import Delivery
from logsluice.telemetry.metrics import Sample, counted

if TYPE_CHECKING:
    from logsluice.delivery.sender import Sender
    from logsluice.hosts.daemon import Service

FAILING_SECONDS = 60.0
"""A source that fails, or an output that asks for time, is said to be out of order only after this."""

RETENTION_SHARE = 0.5
"""When an outage has lasted for this share of the queue's retention, somebody must hurry."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that has not worked since a moment of `time.monotonic()`."""

    since: float
    reason: str


@dataclass(slots=True)
class Watch:
    """What the workers of one service are doing; they tell it, others ask.

    Attributes:
        service: What is watched.
        stall_seconds: A worker without progress for longer hangs.
        is_open: Its outputs and its source are.
        trouble: Why nothing can be received, while that is so.
    """

    service: Service
    stall_seconds: float
    is_open: bool = False
    trouble: Trouble | None = None
    _doing: dict[threading.Thread, tuple[float, Sequence[Delivery]]] = field(default_factory=dict)
    _in_hand: dict[Delivery, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # ------------------------------------------------------------------------------------ told by the workers

    def begins(self, batch: Sequence[Delivery] = ()) -> None:
        """This thread now works on a batch, or looks for one."""
        with self._lock:
            self._doing[threading.current_thread()] = (time.monotonic(), batch)

    def ends(self) -> None:
        """This thread has come to its end as it should."""
        with self._lock:
            self._doing.pop(threading.current_thread(), None)

    def received(self, batch: Sequence[Delivery]) -> None:
        """Fresh deliveries are in our hands."""
        now = time.monotonic()
        self.trouble = None
        with self._lock:
            self._in_hand.update((delivery, now) for delivery in batch)

    def not_received(self, fault: LogsluiceError) -> None:
        """The source can't hand out anything."""
        self.trouble = Trouble(self.trouble.since if self.trouble else time.monotonic(), str(fault))

    def settled(self, delivery: Delivery) -> None:
        """A delivery is out of our hands."""
        with self._lock:
            self._in_hand.pop(delivery, None)

    # ------------------------------------------------------------------------------------------ asked by others

    def dead(self) -> Iterator[Reason]:
        """Why the process had better be started anew; nothing while its workers make progress."""
        now = time.monotonic()
        with self._lock:
            doing = list(self._doing.items())
        for thread, (since, batch) in doing:
            if now - since >= self.stall_seconds and not any(d.activity.is_alive(self.stall_seconds) for d in batch):
                yield self._reason("worker", "a worker hangs: it has made no progress", thread.name, since)
        crashed = [thread for thread, _ in doing if not thread.is_alive()]
        if crashed and len(crashed) == len(doing):
            yield self._reason("worker", "every worker has ended by an error")

    def unready(self) -> Iterator[Reason]:
        """Why it does not receive, or can't deliver what it receives."""
        if not self.is_open:
            yield self._reason("pipeline", self.trouble.reason if self.trouble else "it is being opened")
            return
        now = time.monotonic()
        if self.trouble is not None and now - self.trouble.since >= FAILING_SECONDS:
            yield self._reason("source", self.trouble.reason, "", self.trouble.since)
        for sender in self.service.pipeline.senders:
            yield from self._failing(sender, now)
        for bucket in self.service.pipeline.policies.paused():
            yield self._reason("bucket", "its objects can't be read, so nothing of it is read for now", bucket)
        if self.service.lot.is_full:
            yield self._reason("parking", f"{len(self.service.lot)} deliveries are parked, and no more are received")

    def urgent(self) -> Iterator[Reason]:
        """Outages that will cost events unless they are ended soon: the queue keeps messages only for so long."""
        retention: float | None = getattr(self.service.source, "retention", None)
        if retention is None:
            return
        for reason in self.unready():
            lasted = reason.seconds
            if lasted >= retention * RETENTION_SHARE:
                left = timedelta(seconds=round(max(0.0, retention - lasted)))
                yield self._reason(reason.what, f"the queue forgets its oldest messages in {left}", reason.name)

    def samples(self) -> Iterator[Sample]:
        """Everything counted, and the gauges as they are now."""
        pipeline, name = self.service.pipeline, self.service.pipeline.name
        yield from counted(pipeline.counters, name)
        if (source := getattr(self.service.source, "counters", None)) is not None:
            for what, value in source.totals().items():
                yield Sample("source_total", {"pipeline": name, "what": what}, value)
        now = time.monotonic()
        with self._lock:
            in_hand = list(self._in_hand.values())
            workers = sum(thread.is_alive() for thread in self._doing)
        gauges: dict[str, float] = {
            "deliveries_in_hand": len(in_hand),
            "oldest_delivery_seconds": now - min(in_hand, default=now),
            "deliveries_parked": len(self.service.lot),
            "budget_used_bytes": pipeline.budget.used,
            "budget_limit_bytes": pipeline.budget.size,
            "workers": workers,
            "paused_buckets": len(pipeline.policies.paused()),
            "ready": not any(self.unready()),
        }
        if pipeline.newest is not None:
            gauges["lag_seconds"] = (datetime.now(UTC) - pipeline.newest).total_seconds()
        for gauge, value in gauges.items():
            yield Sample(gauge, {"pipeline": name}, value)
        for sender in pipeline.senders:
            since = min((since for since, _ in sender.failing()), default=now)
            yield Sample("output_failing_seconds", {"pipeline": name, "output": sender.output.name}, now - since)

    def _failing(self, sender: Sender, now: float) -> Iterator[Reason]:
        if not sender.output.required:
            return
        for since, fault in sender.failing():
            if isinstance(fault, Sick) or now - since >= FAILING_SECONDS:
                scope = f"{sender.output.name}/{fault.scope}" if fault.scope else sender.output.name
                yield self._reason("output", str(fault), scope, since)

    def _reason(self, what: str, reason: str, name: str = "", since: float | None = None) -> Reason:
        lasted = 0.0 if since is None else time.monotonic() - since
        began = None if since is None else datetime.now(UTC) - timedelta(seconds=lasted)
        return Reason(self.service.pipeline.name, what, name, reason, began)
