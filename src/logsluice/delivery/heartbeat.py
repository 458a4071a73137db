"""Keeps deliveries ours while they are worked on: one thread for all workers, each delivery on its own clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING

import structlog

from logsluice.errors import SourceFault
from logsluice.telemetry.counters import Counters

if TYPE_CHECKING:
    from logsluice.model import Delivery, Source

STALL_SECONDS = 300.0
"""How long a delivery may show neither progress nor a declared wait before it is left to come back."""

log = structlog.get_logger("heartbeat")


class Heartbeat:
    """Extends the visibility of deliveries at half its period, until they are dropped or stall.

    Args:
        stall_seconds: A delivery without progress for longer belongs to a hung worker and is no longer extended.
        counters: Where extensions are counted by their result.
    """

    def __init__(self, stall_seconds: float = STALL_SECONDS, counters: Counters | None = None) -> None:
        self._stall = stall_seconds
        self._counters = counters or Counters()
        self._due: dict[Delivery, tuple[float, Source]] = {}
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join()

    def keep(self, source: Source, deliveries: Iterable[Delivery]) -> None:
        """Start to extend; a source without a visibility needs none."""
        if source.visibility is None:
            return
        with self._changed:
            first = time.monotonic() + source.visibility / 2
            self._due.update((delivery, (first, source)) for delivery in deliveries)
            self._changed.notify_all()

    def drop(self, delivery: Delivery) -> None:
        """The delivery is settled."""
        with self._changed:
            self._due.pop(delivery, None)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = time.monotonic()
                due = [(delivery, source) for delivery, (at, source) in self._due.items() if at <= now]
                if not due:
                    next_at = min((at for at, _ in self._due.values()), default=now + 3600)
                    self._changed.wait(next_at - now)
                    continue
            for delivery, source in due:
                if delivery in self._due:  # not settled since: an extension would undo the delay of a RETRY
                    self._beat(delivery, source)

    def _beat(self, delivery: Delivery, source: Source) -> None:
        period = source.visibility
        if period is None or not delivery.activity.is_alive(self._stall):
            log.warning("no progress on a delivery: it is left to come back", delivery=delivery.id)
            self._counters.add("heartbeats", 1, "stalled")
            self.drop(delivery)
            return
        try:
            ours = source.extend(delivery)
            wait = period / 2
            self._counters.add("heartbeats", 1, "extended" if ours else "lost")
        except SourceFault as fault:
            # Half of the period is left: one more try halfway there, before the message comes back by itself.
            log.warning("a delivery's visibility could not be extended", delivery=delivery.id, reason=str(fault))
            self._counters.add("heartbeats", 1, "failed")
            ours, wait = True, period / 4
        except Exception as error:  # a fault of ours with one delivery must not end the heartbeat of all: said
            log.error("a heartbeat failed by an error in logsluice", error=repr(error), exc_info=error)
            self._counters.add("heartbeats", 1, "failed")
            ours, wait = True, period / 4
        with self._changed:
            if not ours:
                self._due.pop(delivery, None)
            elif delivery in self._due:
                self._due[delivery] = (time.monotonic() + wait, source)
