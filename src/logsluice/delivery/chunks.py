"""What a worker has in hand: deliveries in progress, and chunks of events that may span several of them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from logsluice.model import Delivery, Event, Origin, Outcome, Reject

if TYPE_CHECKING:
    from logsluice.delivery.sender import Delivered, Output


@dataclass(slots=True, eq=False)
class Progress:
    """One delivery in work; the reading and the sending thread both add to it.

    Attributes:
        delivery: What is worked on.
        outcome: The worst so far.
        chunks: How many chunks hold events of it that are not sent yet; only the worker's thread counts.
        is_read: Whether all its payloads have been read.
        parked_on: What keeps it, when it is to be parked.
        confirmed: Per output whose repeats are not idempotent: how many events from its start that output has.
        reject_bytes: About how much memory its rejects take.
    """

    delivery: Delivery
    outcome: Outcome = Outcome.DELIVERED
    chunks: int = 0
    is_read: bool = False
    parked_on: set[str] = field(default_factory=set)
    confirmed: dict[str, int] = field(default_factory=dict)
    reject_bytes: int = 0
    _rejects: list[Reject] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def worsen(self, outcome: Outcome) -> None:
        """The worst outcome wins."""
        with self._lock:
            self.outcome = max(self.outcome, outcome)

    def park(self, reason: str) -> None:
        """Something must be cured before this can be delivered."""
        self.parked_on.add(reason)
        self.worsen(Outcome.PARKED)

    def reject(self, rejects: Sequence[Reject]) -> None:
        """Keep rejects until they are written."""
        with self._lock:
            self._rejects.extend(rejects)
            self.reject_bytes += sum(len(reject.excerpt) + 500 for reject in rejects)
            if rejects:
                self.outcome = max(self.outcome, Outcome.REJECTED)

    def take_rejects(self) -> list[Reject]:
        """The rejects to be written now."""
        with self._lock:
            taken, self._rejects, self.reject_bytes = self._rejects, [], 0
            return taken


@dataclass(slots=True)
class Segment:
    """A run of events in a chunk that come from one payload of one delivery."""

    progress: Progress
    origin: Origin
    events: list[Event]


@dataclass(slots=True)
class Chunk:
    """Events that are sent together.

    Attributes:
        segments: In order; those of one delivery lie side by side.
        cost: What is charged to the budget for them, bytes.
        count: Of events.
    """

    segments: list[Segment] = field(default_factory=list)
    cost: int = 0
    count: int = 0

    def add(self, segment: Segment, cost: int) -> None:
        """Append a segment; its delivery is now in one chunk more, unless it was in this one."""
        if not self.segments or self.segments[-1].progress is not segment.progress:
            segment.progress.chunks += 1
        self.segments.append(segment)
        self.cost += cost
        self.count += len(segment.events)

    def owners(self) -> list[Progress]:
        """The deliveries with events in it, each once."""
        return list(dict.fromkeys(segment.progress for segment in self.segments))

    def for_output(self, output: Output) -> tuple[list[Event], list[Segment]]:
        """The events that an output is to be sent, and the segment of each.

        Leaves out what the output confirmed before the delivery was parked.
        """
        events: list[Event] = []
        owners: list[Segment] = []
        for segment in self.segments:
            mine = segment.events
            if output.condition is not None:
                mine = [event for event in mine if output.condition(event)]
            resume = segment.progress.delivery.resume
            if (skip := min(resume.get(output.name, 0), len(mine))) > 0:
                resume[output.name] -= skip
                _confirm(segment.progress, output.name, skip)
                mine = mine[skip:]
            events.extend(mine)
            owners.extend([segment] * len(mine))
        return events, owners


def note_confirmed(output: str, owners: Sequence[Segment], result: Delivered) -> None:
    """Count, per delivery, the events from its start that this output has: they are not sent to it twice."""
    ended: set[int] = set()
    for index, owner in enumerate(owners):
        if index in result.unsent:
            ended.add(id(owner.progress))
        elif id(owner.progress) not in ended:
            _confirm(owner.progress, output, 1)


def _confirm(progress: Progress, output: str, count: int) -> None:
    progress.confirmed[output] = progress.confirmed.get(output, 0) + count
