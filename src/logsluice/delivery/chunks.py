"""What a worker has in hand: deliveries in progress, and chunks of events that may span several of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from logsluice.model import Delivery, Encoded, Origin, Outcome, Reject

BYTES_PER_EVENT = 800
"""What is kept of an event beside its encoded bytes: `@metadata`, its id, its place in lists (measured: 600 to 800)."""


@dataclass(slots=True, eq=False)
class Progress:
    """One delivery in work; the reading and the sending thread both add to it.

    Attributes:
        delivery: What is worked on.
        outcome: The worst so far.
        to_skip: Per output: how many events from its start that output had confirmed before it was parked.
        confirmed: Per output: how many more it has confirmed without a gap; kept where repeats are not idempotent.
        chunks: How many chunks hold events of it that are not sent yet; only the worker's thread counts.
        is_read: Whether all its payloads have been read.
        parked_on: What keeps it, when it is to be parked.
        gaps: Outputs that have missed one of its events in this run.
        reject_bytes: About how much memory its rejects take.
        is_forgotten: Whether what outputs have confirmed in this run must not be relied on.
    """

    delivery: Delivery
    outcome: Outcome = Outcome.DELIVERED
    chunks: int = 0
    is_read: bool = False
    parked_on: set[str] = field(default_factory=set)
    to_skip: dict[str, int] = field(default_factory=dict)
    confirmed: dict[str, int] = field(default_factory=dict)
    gaps: set[str] = field(default_factory=set)
    reject_bytes: int = 0
    is_forgotten: bool = False
    _rejects: list[Reject] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.to_skip = dict(self.delivery.resume)

    def worsen(self, outcome: Outcome) -> None:
        """The worst outcome wins."""
        with self._lock:
            self.outcome = max(self.outcome, outcome)

    def park(self, reason: str) -> None:
        """Something must be cured before this can be delivered."""
        self.parked_on.add(reason)
        self.worsen(Outcome.PARKED)

    def skip(self, output: str, count: int) -> int:
        """How many of the next `count` events an output has already."""
        skipped = min(self.to_skip.get(output, 0), count)
        if skipped:
            self.to_skip[output] -= skipped
        return skipped

    def confirm(self, output: str, count: int, gap: bool) -> None:
        """An output has the next `count` events; after a gap nothing counts any more."""
        if output not in self.gaps:
            self.confirmed[output] = self.confirmed.get(output, 0) + count
        if gap:
            self.gaps.add(output)

    def forget(self) -> None:
        """Some of its rejects are not kept: to find them again, the outputs must be offered their events again."""
        self.is_forgotten = True

    def remember(self) -> None:
        """Into the delivery, which is parked now: what its outputs need not be sent again, and what keeps it."""
        self.delivery.parked_on = frozenset(self.parked_on)
        if self.is_forgotten:
            return
        for output, count in self.confirmed.items():
            self.delivery.resume[output] = self.delivery.resume.get(output, 0) + count

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
    """Events of one payload of one delivery, encoded for each output.

    Attributes:
        progress: The delivery's.
        origin: The payload's.
        encoded: Aligned with the pipeline's outputs; None where an output gets nothing of it, or has taken it.
        given: Aligned likewise: how many events the output was offered, those that it can't encode included.
        refused: Aligned likewise: which of these it can't encode, ascending.
        window: The window of the payload that they lie in, "" without windows (`model.Windowed`).
    """

    progress: Progress
    origin: Origin
    window: str = ""
    encoded: list[Encoded | None] = field(default_factory=list)
    given: list[int] = field(default_factory=list)
    refused: list[list[int]] = field(default_factory=list)

    def add(self, encoded: Encoded | None, given: int, refused: list[int]) -> None:
        """What the next output is to get of it."""
        self.encoded.append(encoded)
        self.given.append(given)
        self.refused.append(sorted(refused))

    def offered(self, output: int, index: int) -> int:
        """Which of the events that were offered to an output a document of it was."""
        for refused in self.refused[output]:
            index += refused <= index
        return index

    @property
    def cost(self) -> int:
        """What it is charged for, bytes."""
        return sum(part.size + len(part) * BYTES_PER_EVENT for part in self.encoded if part is not None)


@dataclass(slots=True)
class Chunk:
    """Segments that are sent together; those of one delivery lie side by side.

    Attributes:
        segments: In order.
        cost: What is charged to the budget for them, bytes.
    """

    segments: list[Segment] = field(default_factory=list)
    cost: int = 0

    def add(self, segment: Segment, cost: int) -> None:
        """Append a segment; its delivery is now in one chunk more, unless it was in this one."""
        if not self.segments or self.segments[-1].progress is not segment.progress:
            segment.progress.chunks += 1
        self.segments.append(segment)
        self.cost += cost

    def goes_on(self, segment: Segment) -> bool:
        """Whether its last window is not ended yet: the segment lies in it, too."""
        last = self.segments[-1] if self.segments else None
        return last is not None and last.progress is segment.progress and "" != last.window == segment.window

    def drop_last_window(self, progress: Progress) -> int:
        """Let go of the last window of a delivery that was given up in the middle; what was charged for it.

        The delivery comes again, and half a window would overwrite what a whole one has written before.
        """
        last = self.segments[-1] if self.segments else None
        if last is None or last.progress is not progress or not last.window:
            return 0
        freed = 0
        while self.segments and self.goes_on(last):
            freed += self.segments.pop().cost
        self.cost -= freed
        if not self.segments or self.segments[-1].progress is not progress:
            progress.chunks -= 1
        return freed

    def owners(self) -> list[Progress]:
        """The deliveries with events in it, each once."""
        return list(dict.fromkeys(segment.progress for segment in self.segments))

    def take(self, output: int) -> Iterator[Encoded]:
        """What an output is to be sent, part by part; each is let go by the chunk."""
        for segment in self.segments:
            part, segment.encoded[output] = segment.encoded[output], None
            if part is not None:
                yield part

    def shares(self, output: int) -> tuple[list[int], list[Segment]]:
        """Whose the documents of an output are: where each segment's begin, and how many there are; the segments.

        Before `take`. Segments of which the output can encode nothing are among them, for they are done with, too.
        """
        owners = [segment for segment in self.segments if segment.given[output]]
        counts = (0 if part is None else len(part) for part in (segment.encoded[output] for segment in owners))
        return list(accumulate(counts, initial=0)), owners
