"""Sends encoded events to one output until each is confirmed, refused for good, or the output proves sick.

What is failing is told apart by scope: one sick index blocks no event of another, and an output that is sick as a
whole is known as such before anything is received for it.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog

from logsluice.delivery.reject_share import RejectShare
from logsluice.errors import Sick, SinkFault
from logsluice.model import Encoded, Event, Sink, Windowed

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


@dataclass(frozen=True, slots=True)
class Refusal:
    """A document that the output will never take."""

    reason: str
    document: bytes
    metadata: dict[str, Any]


@dataclass(slots=True)
class Delivered:
    """What became of the documents given to `Sender.send`, by index; an index in neither mapping was confirmed."""

    rejected: dict[int, Refusal] = field(default_factory=dict)
    unsent: dict[int, SinkFault] = field(default_factory=dict)


@dataclass(slots=True)
class _Request:
    """Documents of one `send`; `indexes` says which of all documents they are."""

    encoded: Encoded
    indexes: Sequence[int]


class Sender:
    """One output's way of sending, and what is known of its health; shared by the workers."""

    def __init__(self, output: Output, counters: Counters) -> None:
        self.output = output
        self._counters = counters
        self._failing_since: dict[str, float] = {}
        self._faults: dict[str, SinkFault] = {}
        self._lock = threading.Lock()
        self._share = RejectShare(output.max_reject_share)
        self._whole_windows = isinstance(output.sink, Windowed)

    @property
    def is_down(self) -> bool:
        """Sick as a whole for longer than `park_after`: there is no use in receiving more for it."""
        return self._is_ill("")

    def failing(self) -> Iterator[tuple[float, SinkFault]]:
        """What of it fails now: since when (`time.monotonic()`), and the last fault of each scope."""
        with self._lock:
            known = [(since, self._faults[scope]) for scope, since in self._failing_since.items()]
        yield from known

    def scope_reason(self, fault: SinkFault) -> str:
        """The name under which deliveries are parked for a fault."""
        return f"output:{self.output.name}/{fault.scope}"

    def cured(self, reason: str) -> None:
        """A delivery that was parked for this reason went through."""
        scope = reason.removeprefix(f"output:{self.output.name}/")
        if scope != reason:
            self._recovered(scope)

    def send(self, parts: Iterable[Encoded], deadline: Deadline) -> Delivered:
        """Send; wait and send again what failed, until `park_after` or the deadline.

        Args:
            parts: Taken one by one and joined to requests, so that their memory is free when a request is confirmed.
            deadline: When it passes, what has failed so far is unsent.
        """
        result = Delivered()
        todo: Iterable[_Request] = self._requests(iter(parts))
        before: dict[int, SinkFault] = {}
        tries = 0
        while True:
            tries += 1
            failing = list(self._round(todo, result))
            failed = {request.indexes[i]: fault for request, faults in failing for i, fault in faults.items()}
            self._note(before, failed)
            todo = [again for request, faults in failing if (again := self._again(request, faults, tries, result))]
            if not todo:
                return result
            before = {i: failed[i] for request in todo for i in request.indexes}  # not what has been given up
            if deadline.wait(_backoff(tries)):
                result.unsent.update(before)
                return result

    def _requests(self, parts: Iterator[Encoded]) -> Iterator[_Request]:
        """Joins parts up to the sink's bounds, and cuts what is over them."""
        sink, start = self.output.sink, 0
        together: list[Encoded] = []
        size = count = 0
        for part in parts:
            over = size + part.size > sink.request_bytes or count + len(part) > sink.request_events
            if together and over and not (self._whole_windows and _one_window(together[-1], part)):
                yield from self._bounded(sink.join(together), range(start, start + count))
                start, size, count, together = start + count, 0, 0, []
            together.append(part)
            size, count = size + part.size, count + len(part)
        if together:
            yield from self._bounded(sink.join(together), range(start, start + count))

    def _bounded(self, encoded: Encoded, indexes: Sequence[int]) -> Iterator[_Request]:
        sink, left = self.output.sink, deque([_Request(encoded, indexes)])
        while left:
            request = left.popleft()
            count = len(request.indexes)
            over = request.encoded.size > sink.request_bytes or count > sink.request_events
            if count == 1 or not over or self._whole_windows:
                yield request
                continue
            middle = count // 2
            halves = (range(middle), range(middle, count))
            left.extendleft(
                _Request(sink.pick(request.encoded, half), request.indexes[half.start : half.stop])
                for half in reversed(halves)
            )

    def _round(self, todo: Iterable[_Request], result: Delivered) -> Iterator[tuple[_Request, dict[int, SinkFault]]]:
        """Send every request once. Yields those of which something failed, with the faults by index in the request."""
        broken: SinkFault | None = None
        for request in todo:
            faults: dict[int, SinkFault] = {}
            if broken is None:
                try:
                    faults = self._once(request, result)
                except SinkFault as fault:
                    broken = fault  # it is useless to try the next request now
            if broken is not None:
                faults = dict.fromkeys(range(len(request.indexes)), broken)
            if faults:
                yield request, faults

    def _once(self, request: _Request, result: Delivered) -> dict[int, SinkFault]:
        encoded, sink = request.encoded, self.output.sink
        started = time.monotonic()
        try:
            sent = sink.send(encoded)
        except SinkFault:
            self._counters.add("requests_failed", 1, self.output.name)
            raise
        finally:
            self._counters.took("send_seconds", time.monotonic() - started, self.output.name)
        count = len(request.indexes)
        self._counters.add("bytes_sent", encoded.size, self.output.name)
        self._counters.add("duplicates", sent.duplicates, self.output.name)
        self._counters.add("events_sent", count - len(sent.failed) - len(sent.rejected), self.output.name)
        faults = dict(sent.failed)
        if (fault := self._share.judge(encoded.metadata, sent.rejected)) is not None:
            return {**faults, **dict.fromkeys(sent.rejected, fault)}
        if len(faults) + len(sent.rejected) < count and not any(not fault.scope for fault in faults.values()):
            self._recovered("")  # it has taken something, so it is not down as a whole
        for i, reason in sent.rejected.items():
            result.rejected[request.indexes[i]] = Refusal(reason, sink.document(encoded, i), encoded.metadata[i])
        return faults

    def _again(self, request: _Request, faults: dict[int, SinkFault], tries: int, result: Delivered) -> _Request | None:
        """What of a request is to be sent again; what is given up is noted."""
        keep = sorted(i for i, fault in faults.items() if not self._gives_up(fault, tries))
        result.unsent.update((request.indexes[i], faults[i]) for i in faults.keys() - set(keep))
        if len(keep) == len(request.indexes):
            return request
        if not keep:
            return None
        return _Request(self.output.sink.pick(request.encoded, keep), [request.indexes[i] for i in keep])

    def _gives_up(self, fault: SinkFault, tries: int) -> bool:
        if not self.output.required:
            return tries >= OPTIONAL_TRIES
        return self._is_ill(fault.scope)

    def _note(self, before: dict[int, SinkFault], failed: dict[int, SinkFault]) -> None:
        """Remember which scopes fail, and which have recovered: documents that failed for them were taken now."""
        scopes = {fault.scope: fault for fault in failed.values()}
        for scope in {fault.scope for i, fault in before.items() if i not in failed} - scopes.keys():
            self._recovered(scope)
        for scope, fault in scopes.items():
            self._counters.add("retries", 1, self.output.name)
            with self._lock:
                self._faults[scope] = fault
                if scope in self._failing_since:
                    continue
                self._failing_since[scope] = time.monotonic()
            log.warning(
                "an output is paused until it is mended"
                if isinstance(fault, Sick)
                else "an output failed and is tried again",
                output=self.output.name,
                reason=str(fault),
                **({"scope": scope} if scope else {}),
            )

    def _recovered(self, scope: str) -> None:
        if scope not in self._failing_since:
            return
        with self._lock:
            since = self._failing_since.pop(scope, None)
            self._faults.pop(scope, None)
        if since is not None:
            log.info("an output works again", output=self.output.name, seconds=round(time.monotonic() - since, 1))

    def _is_ill(self, scope: str) -> bool:
        """Whether a scope has been failing for so long that nobody waits for it."""
        since = self._failing_since.get(scope)
        return since is not None and time.monotonic() - since >= self.output.park_after


def _one_window(part: Encoded, following: Encoded) -> bool:
    """Whether two parts lie in the same window of the input."""
    window = part.metadata[-1].get("window")
    return window is not None and window == following.metadata[0].get("window")


def _backoff(tries: int) -> float:
    """Seconds, doubling, with jitter of half: many workers must not come back in step."""
    return min(LAST_BACKOFF_SECONDS, FIRST_BACKOFF_SECONDS * 2.0 ** (tries - 1)) * random.uniform(0.5, 1.0)  # noqa: S311 - jitter
