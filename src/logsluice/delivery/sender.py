"""Sends events to one output until each is confirmed, refused for good, or the output proves sick.

What is failing is told apart by scope: one sick index blocks no event of another, and an output that is sick as a
whole is known as such before a chunk is prepared for it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from logsluice.errors import Sick, SinkFault
from logsluice.model import Encoded, Event, Sink

if TYPE_CHECKING:
    from logsluice.delivery.deadline import Deadline
    from logsluice.telemetry.counters import Counters

FIRST_BACKOFF_SECONDS = 0.5
LAST_BACKOFF_SECONDS = 20.0
PARK_AFTER_SECONDS = 60.0
OPTIONAL_TRIES = 3

log = structlog.get_logger("output")


@dataclass(slots=True)
class Output:
    """A sink as a pipeline uses it.

    Attributes:
        name: In rejects, logs and counters.
        sink: Shared by all workers.
        condition: Which events go to it; None for all.
        required: A delivery waits for it. An output that is not required is tried a few times and left out.
        park_after: Seconds of failing after which deliveries are parked rather than waited with.
        max_reject_share: When more of the recent documents than this are refused, the output pauses instead.
    """

    name: str
    sink: Sink
    condition: Callable[[Event], bool] | None = None
    required: bool = True
    park_after: float = PARK_AFTER_SECONDS
    max_reject_share: float = 0.5


@dataclass(slots=True)
class Delivered:
    """What became of the events given to `Sender.send`, by index; an index in neither mapping was confirmed."""

    rejected: dict[int, str] = field(default_factory=dict)
    unsent: dict[int, SinkFault] = field(default_factory=dict)


class Sender:
    """One output's way of sending, and what is known of its health; shared by the workers."""

    def __init__(self, output: Output, counters: Counters) -> None:
        self.output = output
        self._counters = counters
        self._failing_since: dict[str, float] = {}
        self._lock = threading.Lock()
        self._shares = _RejectShare(output.max_reject_share)

    @property
    def is_down(self) -> bool:
        """Sick as a whole for longer than `park_after`: there is no use in receiving more for it."""
        return self._is_ill("")

    def scope_reason(self, fault: SinkFault) -> str:
        """The name under which deliveries are parked for a fault."""
        return f"output:{self.output.name}/{fault.scope}"

    def cured(self, reason: str) -> None:
        """A delivery that was parked for this reason went through."""
        scope = reason.removeprefix(f"output:{self.output.name}/")
        if scope != reason:
            self._recovered(scope)

    def send(self, events: Sequence[Event], deadline: Deadline) -> Delivered:
        """Send; wait and send again what failed, until `park_after` or the deadline."""
        result = Delivered()
        todo = list(range(len(events)))
        last_fault: dict[int, SinkFault] = {}
        tries = 0
        while todo:
            tries += 1
            failed = self._once(events, todo, result)
            self._note(last_fault, failed)
            last_fault.update(failed)
            todo = [i for i in failed if not self._gives_up(failed[i], tries)]
            result.unsent.update((i, failed[i]) for i in failed.keys() - set(todo))
            if todo and deadline.wait(self._backoff(tries)):
                result.unsent.update((i, failed[i]) for i in todo)
                break
        return result

    def _once(self, events: Sequence[Event], indexes: Sequence[int], result: Delivered) -> dict[int, SinkFault]:
        """One round over the events at these indexes. Returns those that were not taken."""
        refused: dict[int, str] = {}
        given = [events[i] for i in indexes]
        remaining = iter(range(len(given)))
        failed: dict[int, SinkFault] = {}
        rejected: dict[int, str] = {}
        broken: SinkFault | None = None

        def refuse(index: int, reason: str) -> None:
            refused[index] = reason

        for encoded in self.output.sink.encode(given, refuse):
            members = [indexes[i] for i in _take(remaining, refused, len(encoded.events))]
            broken = broken or self._send_one(encoded, members, failed, rejected)
            if broken is not None:
                failed.update((i, broken) for i in members)
        rejected.update((indexes[i], reason) for i, reason in refused.items())
        self._counters.add("events_sent", len(indexes) - len(failed) - len(rejected), self.output.name)
        if (fault := self._shares.judge(len(indexes), rejected)) is not None:
            failed.update((i, fault) for i in rejected)
        else:
            result.rejected.update(rejected)
        return failed

    def _send_one(
        self, encoded: Encoded, members: Sequence[int], failed: dict[int, SinkFault], rejected: dict[int, str]
    ) -> SinkFault | None:
        """One request. Returns the fault that makes it useless to try the next one now."""
        try:
            sent = self.output.sink.send(encoded)
        except SinkFault as fault:
            return fault
        self._counters.add("duplicates", sent.duplicates, self.output.name)
        rejected.update((members[i], reason) for i, reason in sent.rejected.items())
        failed.update((members[i], fault) for i, fault in sent.failed.items())
        return None

    def _gives_up(self, fault: SinkFault, tries: int) -> bool:
        if not self.output.required:
            return tries >= OPTIONAL_TRIES
        return self._is_ill(fault.scope)

    def _note(self, before: dict[int, SinkFault], failed: dict[int, SinkFault]) -> None:
        """Remember which scopes fail, and which have recovered: events that failed for them were taken now."""
        scopes = {fault.scope: fault for fault in failed.values()}
        for scope in {fault.scope for i, fault in before.items() if i not in failed} - scopes.keys():
            self._recovered(scope)
        for scope, fault in scopes.items():
            self._counters.add("retries", 1, self.output.name)
            with self._lock:
                if scope in self._failing_since:
                    continue
                self._failing_since[scope] = time.monotonic()
            log.warning(
                "an output is paused until it is mended" if isinstance(fault, Sick) else "an output asks for time",
                output=self.output.name,
                reason=str(fault),
                **({"scope": scope} if scope else {}),
            )

    def _recovered(self, scope: str) -> None:
        with self._lock:
            since = self._failing_since.pop(scope, None)
        if since is not None:
            log.info("an output works again", output=self.output.name, seconds=round(time.monotonic() - since, 1))

    def _is_ill(self, scope: str) -> bool:
        """Whether a scope has been failing for so long that nobody waits for it."""
        since = self._failing_since.get(scope)
        return since is not None and time.monotonic() - since >= self.output.park_after

    @staticmethod
    def _backoff(tries: int) -> float:
        """Doubling, with full jitter above half: many workers must not come back in step."""
        return min(LAST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


def _take(remaining: Iterator[int], refused: dict[int, str], count: int) -> list[int]:
    """The next `count` indexes that were not refused: the events of an Encoded, in order."""
    taken: list[int] = []
    while len(taken) < count:
        index = next(remaining)
        if index not in refused:
            taken.append(index)
    return taken


class _RejectShare:
    """Watches for an output that refuses nearly everything: a wrong mapping must not empty the source into rejects.

    It speaks up only when the share is over the limit for documents of several chunks in a row: one bad object among
    good ones never pauses an output.
    """

    CHUNKS = 4
    DOCUMENTS = 1000

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._bad_chunks = 0
        self._bad_documents = 0
        self._lock = threading.Lock()

    def judge(self, count: int, rejected: dict[int, str]) -> Sick | None:
        """Count one round; the fault to raise for its rejects, or None to let them go to the dead letter."""
        with self._lock:
            if len(rejected) <= count * self._limit:
                self._bad_chunks = self._bad_documents = 0
                return None
            self._bad_chunks += 1
            self._bad_documents += len(rejected)
            if self._bad_chunks < self.CHUNKS or self._bad_documents < self.DOCUMENTS:
                return None
        example = next(iter(rejected.values()))
        return Sick(f"more than {self._limit:.0%} of the recent documents are refused, such as: {example}")
