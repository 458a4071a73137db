"""Where deliveries wait whose output is sick, or whose bucket is paused: kept alive, holding no decoded data."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from logsluice.model import Delivery

FIRST_PROBE_SECONDS = 2.0
LAST_PROBE_SECONDS = 30.0
PROBE_SECONDS = 300.0
"""A probe that is not back after this time is in the hands of a hung worker: another one is sent."""

CAPACITY = 1000


@dataclass(slots=True)
class _Illness:
    """One reason for parking: when it is probed next, and how long the wait after that is."""

    probe_at: float
    wait: float
    is_probed: bool = False

    def still_sick(self, now: float, longest: float) -> None:
        """A probe did not go through: the next one waits for twice as long."""
        if self.is_probed:
            self.wait = min(self.wait * 2, longest)
            self.probe_at = now + self.wait
            self.is_probed = False


@dataclass(slots=True)
class ParkingLot:
    """Parked deliveries by the reasons that keep them.

    One delivery probes a reason at growing intervals; when it goes through, all others with that reason follow.

    Attributes:
        capacity: How many deliveries may be kept; the host stops receiving at that number.
    """

    capacity: int = CAPACITY
    first_probe: float = FIRST_PROBE_SECONDS
    last_probe: float = LAST_PROBE_SECONDS
    _parked: dict[Delivery, ExitStack] = field(default_factory=dict)
    _illnesses: dict[str, _Illness] = field(default_factory=dict)
    _probing: dict[Delivery, frozenset[str]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self._parked)

    @property
    def may_probe(self) -> bool:
        """Whether a delivery is here, or on its way, that will show when something is cured."""
        return bool(self._parked or self._probing)

    @property
    def is_full(self) -> bool:
        """Whether receiving must stop."""
        return len(self._parked) >= self.capacity

    def park(self, delivery: Delivery) -> None:
        """Keep a delivery; `delivery.parked_on` says why. Its heartbeat goes on, for this is a declared wait."""
        stack = ExitStack()
        stack.enter_context(delivery.activity.waits())
        now = time.monotonic()
        with self._lock:
            self._parked[delivery] = stack
            for reason in delivery.parked_on:
                known = self._illnesses.get(reason)
                if known is None:
                    self._illnesses[reason] = _Illness(now + self.first_probe, self.first_probe)
                else:
                    known.still_sick(now, self.last_probe)

    def cure(self, reasons: Iterable[str]) -> None:
        """A delivery that was kept by these went through: the others may go."""
        with self._lock:
            for reason in reasons:
                self._illnesses.pop(reason, None)

    def still_sick(self, reasons: frozenset[str]) -> None:
        """A probe for these has ended without showing that they are cured."""
        now = time.monotonic()
        with self._lock:
            for reason in reasons & self._illnesses.keys():
                self._illnesses[reason].still_sick(now, self.last_probe)

    def take(self, limit: int = 10) -> list[Delivery]:
        """Deliveries to process now: those that nothing keeps any more, else one probe for a reason that is due."""
        now = time.monotonic()
        with self._lock:
            free = [d for d in self._parked if not (d.parked_on & self._illnesses.keys())][:limit]
            if not free:
                free = [d for d in self._parked if all(self._is_due(r, now) for r in d.parked_on)][:1]
                for reason in free[0].parked_on if free else ():
                    if (illness := self._illnesses.get(reason)) is not None:
                        illness.is_probed, illness.probe_at = True, now + PROBE_SECONDS
            for delivery in free:
                self._parked.pop(delivery).close()
                self._probing[delivery] = delivery.parked_on
            return free

    def reasons_of(self, delivery: Delivery) -> frozenset[str]:
        """Why a delivery had been parked that was taken and now has an outcome; none for a fresh one."""
        with self._lock:
            return self._probing.pop(delivery, frozenset())

    def clear(self) -> list[Delivery]:
        """Everything, at the end: the host gives them back to the source."""
        with self._lock:
            left = list(self._parked)
            for stack in self._parked.values():
                stack.close()
            self._parked.clear()
            return left

    def _is_due(self, reason: str, now: float) -> bool:
        illness = self._illnesses.get(reason)
        return illness is None or illness.probe_at <= now
