"""One batch on its way through a pipeline: reading, filtering, encoding, sending, rejecting, and each outcome.

For each delivery events are decoded, filtered and encoded, a small piece at a time, into chunks that may span the
deliveries of a batch. A chunk is sent by a second thread, so that a worker has one send in flight while it prepares the
next; both are charged to the budget. Decoded events never wait: holding them until a chunk was full cost a third of the
speed (cache misses) and four times the memory.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from logsluice.decode import Piece, faulty
from logsluice.delivery.background import in_background
from logsluice.delivery.chunks import Chunk, Progress, Segment
from logsluice.delivery.dead_letter import PART_BYTES
from logsluice.delivery.policies import pause_reason
from logsluice.delivery.rejects import of_document, of_event
from logsluice.delivery.sender import Delivered, Output, Sender
from logsluice.errors import SinkFault, SourceFault, Undecidable
from logsluice.model import Delivery, Event, Origin, Outcome, Payload, Reject

if TYPE_CHECKING:
    from logsluice.delivery.deadline import Deadline
    from logsluice.pipeline import Pipeline

DEAD_LETTER = "dead_letter"
"""Why deliveries are parked whose rejects can't be kept."""

log = structlog.get_logger("pipeline")


class Run:
    """One call of `Pipeline.process`, in one thread; only `_send` runs in another."""

    def __init__(self, pipeline: Pipeline, deadline: Deadline) -> None:
        self._pipeline = pipeline
        self._deadline = deadline
        self._chunk = Chunk()
        self._in_flight: tuple[Chunk, Future[None]] | None = None
        self._done: list[Progress] = []
        self._in_hand: dict[Delivery, None] = {}
        self._newest: dict[Delivery, datetime] = {}
        self._written: dict[Delivery, datetime] = {}

    def outcomes(self, batch: Sequence[Delivery]) -> Iterator[tuple[Delivery, Outcome]]:
        """See `Pipeline.process`."""
        self._in_hand = dict.fromkeys(batch)
        try:
            for delivery in batch:
                progress = Progress(delivery)
                if self._deadline.has_passed:
                    progress.worsen(Outcome.RETRY)
                else:
                    for _ in self._read(progress):
                        yield from self._certain()
                if progress.outcome >= Outcome.PARKED:
                    self._pipeline.budget.release(self._chunk.drop_last_window(progress))
                progress.is_read = True
                if not progress.chunks:
                    self._done.append(progress)
                yield from self._certain()
            self._submit()
            self._join()
            yield from self._certain()
        finally:
            self._abandon()

    # -------------------------------------------------------------------------------------------- reading

    def _read(self, progress: Progress) -> Iterator[None]:
        """Read a delivery; yields now and then, when outcomes of others may have become certain."""
        delivery = progress.delivery
        if delivery.fault is not None:
            self._fail(progress, delivery.fault, None, delivery.rejects)
            return
        self._add_rejects(progress, delivery.rejects)
        for payload in delivery.payloads:
            if progress.outcome >= Outcome.PARKED:
                return  # it will be read again from its start
            if self._pipeline.policies.is_paused(payload.origin):
                progress.park(pause_reason(payload.origin))
                continue
            try:
                yield from self._read_payload(progress, payload)
            except SourceFault as fault:
                rejects = [faulty(payload.origin, payload.size, str(fault))]
                self._fail(progress, fault, payload.origin, rejects)

    def _read_payload(self, progress: Progress, payload: Payload) -> Iterator[None]:
        counters = self._pipeline.counters
        for piece in self._pipeline.decoder.decode(payload):
            for delivery in self._in_hand:  # what waits behind a large delivery is in good hands too
                delivery.activity.touch()
            if self._deadline.has_passed:
                progress.worsen(Outcome.RETRY)
            if progress.outcome >= Outcome.PARKED:
                return
            counters.add("bytes", piece.size)
            counters.add("events", len(piece.events), piece.format)
            yield from self._take(progress, payload.origin, piece)
            if self._in_flight is not None and self._in_flight[1].done():
                self._join()
                yield
        self._pipeline.policies.readable(payload.origin)
        counters.add("payloads")
        counters.add("stored_bytes", payload.size or 0)
        if (modified := payload.modified()) is not None:
            self._written[progress.delivery] = min(modified, self._written.get(progress.delivery, modified))

    def _take(self, progress: Progress, origin: Origin, piece: Piece) -> Iterator[None]:
        """Filter a piece and add it to the chunk."""
        self._unparsable(progress, piece.rejects)
        if progress.reject_bytes > PART_BYTES:
            self._write_rejects(progress)
        events = self._filtered(progress, origin, piece.events)
        if not events:
            return
        if piece.window:  # said after the filters: one that they took it from would be written beside its window
            for event in events:
                event.setdefault("@metadata", {})["window"] = piece.window
        last = events[-1].get("@timestamp")  # one of a piece tells enough, and costs nothing
        if isinstance(last, datetime) and last.tzinfo is not None:
            self._newest[progress.delivery] = max(last, self._newest.get(progress.delivery, last))
        segment = self._encode(progress, origin, events)
        if not any(segment.given):
            return
        segment.window = piece.window
        if piece.window and not self._chunk.goes_on(segment):
            yield from self._submit_full()
        cost = segment.cost
        if not self._charge(cost, segment):
            progress.worsen(Outcome.RETRY)
            return
        self._chunk.add(segment, cost)
        if not piece.window:
            yield from self._submit_full()

    def _submit_full(self) -> Iterator[None]:
        """Where a chunk may end: without windows anywhere, else between two of them."""
        if self._chunk.cost >= self._pipeline.chunk_cost:
            self._submit()
            yield

    def _encode(self, progress: Progress, origin: Origin, events: list[Event]) -> Segment:
        """Encode a piece for every output while it is hot in the cache; the events are let go after this."""
        segment = Segment(progress, origin)
        unrouted = events if self._pipeline.may_match_none else []
        for sender in self._pipeline.senders:
            output = sender.output
            mine = self._routed(output, progress, origin, events)
            if unrouted:
                routed = set(map(id, mine))
                unrouted = [event for event in unrouted if id(event) not in routed]
            self._encode_for(output, segment, mine[progress.skip(output.name, len(mine)) :])
        self._pipeline.counters.add("unrouted", len(unrouted))
        return segment

    def _routed(self, output: Output, progress: Progress, origin: Origin, events: list[Event]) -> list[Event]:
        """The events that an output's condition holds for; one that it can't tell of is a reject of that output."""
        if output.condition is None:
            return events
        mine = []
        for event in events:
            try:
                if output.condition(event):
                    mine.append(event)
            except Undecidable as error:
                self._add_rejects(progress, [of_event(event, origin, "filter", str(error), output.name)])
        return mine

    def _encode_for(self, output: Output, segment: Segment, events: list[Event]) -> None:
        refused: list[int] = []

        def refuse(index: int, reason: str) -> None:
            refused.append(index)
            self._add_rejects(segment.progress, [of_event(events[index], segment.origin, "sink", reason, output.name)])

        segment.add((output.sink.encode(events, refuse) or None) if events else None, len(events), refused)

    def _waits(self) -> ExitStack:
        """A declared wait of everything in hand."""
        waits = ExitStack()
        for delivery in self._in_hand:
            waits.enter_context(delivery.activity.waits())
        return waits

    def _charge(self, cost: int, segment: Segment) -> bool:
        """Charge the budget. Who must wait for room first sends what it holds, so that nobody waits in a circle.

        Half a window can't be sent: its other half may pass the budget, by one window a worker at the most.
        """
        budget = self._pipeline.budget
        if budget.try_charge(cost):
            return True
        if self._chunk.goes_on(segment):
            self._join()
            budget.overdraw(cost)
            return True
        self._submit()
        self._join()
        with self._waits():
            while not budget.charge(cost, timeout=1.0):
                if self._deadline.has_passed:
                    return False
        return True

    def _filtered(self, progress: Progress, origin: Origin, events: list[Event]) -> list[Event]:
        count = len(events)

        def reject(event: Event, reason: str) -> None:
            nonlocal count
            count -= 1
            self._add_rejects(progress, [of_event(event, origin, "filter", reason)])

        for one in self._pipeline.filters:
            if not events:
                break
            events = one.apply(events, reject)
        self._pipeline.counters.add("filtered_out", max(0, count - len(events)))
        return events

    # -------------------------------------------------------------------------------------------- sending

    def _submit(self) -> None:
        """Hand the chunk to the sending thread, after the chunk before it."""
        if not self._chunk.segments:
            return
        self._join()  # may raise: the chunk must still be ours then, or nobody would give back what it is charged
        future = in_background(f"{self._pipeline.name}-send", partial(self._send, self._chunk))
        self._in_flight, self._chunk = (self._chunk, future), Chunk()

    def _join(self) -> None:
        """Wait for the send in flight; its deliveries may then be certain."""
        if self._in_flight is None:
            return
        chunk, future = self._in_flight
        try:
            with self._waits():
                future.result()
        finally:
            self._in_flight = None
            self._pipeline.budget.release(chunk.cost)
        for progress in chunk.owners():
            progress.chunks -= 1
            if progress.is_read and not progress.chunks:
                self._done.append(progress)

    def _send(self, chunk: Chunk) -> None:
        """Send a chunk to every output. In the sending thread; the worker touches none of it until it is done."""
        for number, sender in enumerate(self._pipeline.senders):
            starts, owners = chunk.shares(number)
            result = sender.send(chunk.take(number), self._deadline) if starts[-1] else Delivered()
            self._settle_events(number, sender, starts, owners, result)

    def _settle_events(
        self, number: int, sender: Sender, starts: list[int], owners: list[Segment], result: Delivered
    ) -> None:
        """Tell each delivery what became of its events at one output."""
        output = sender.output
        for index, refusal in result.rejected.items():
            owner = owners[bisect_right(starts, index) - 1]
            self._add_rejects(owner.progress, [of_document(refusal, owner.origin, output.name)])
        unsent = result.unsent
        if not output.required:
            self._pipeline.counters.add("left_out", len(unsent), output.name)
            unsent = {}  # tried and done with: a delivery that is parked for another output doesn't bring it up again
        for index, fault in unsent.items():
            progress = owners[bisect_right(starts, index) - 1].progress
            if self._deadline.has_passed:
                progress.worsen(Outcome.RETRY)
            else:
                progress.park(sender.scope_reason(fault))
        if not output.sink.idempotent:
            for owner, start, end in zip(owners, starts, starts[1:], strict=False):
                first_gap = min((i for i in unsent if start <= i < end), default=None)
                sent = owner.given[number] if first_gap is None else owner.offered(number, first_gap - start)
                owner.progress.confirm(output.name, sent, gap=first_gap is not None)

    # ------------------------------------------------------------------------------------------- rejecting

    def _fail(self, progress: Progress, fault: SourceFault, origin: Origin | None, rejects: Sequence[Reject]) -> None:
        """An input that can't be used: what its policy says."""
        policies = self._pipeline.policies
        action = policies.decide(fault, progress.delivery, origin)
        self._pipeline.counters.add("source_faults", 1, fault.kind)
        if action == "dead_letter":
            self._add_rejects(progress, rejects)  # which is said when they are safe
            return
        place = progress.delivery.id if origin is None else origin.uri
        log.warning("an input can't be used", origin=place, reason=str(fault), action=action)
        if action == "retry":
            progress.worsen(Outcome.RETRY)
        elif action == "pause" and origin is not None:
            progress.park(pause_reason(origin))

    def _unparsable(self, progress: Progress, rejects: Sequence[Reject]) -> None:
        if not rejects:
            return
        action = self._pipeline.policies.action("unparsable")
        if action == "dead_letter":
            self._add_rejects(progress, rejects)
            return
        self._count(rejects)
        if action != "discard":
            progress.worsen(Outcome.RETRY)

    def _add_rejects(self, progress: Progress, rejects: Sequence[Reject]) -> None:
        self._count(rejects)
        progress.reject(rejects)

    def _count(self, rejects: Sequence[Reject]) -> None:
        for reject in rejects:
            self._pipeline.counters.add("rejects", 1, reject.reason)
            self._pipeline.counters.add("reject_stages", 1, reject.stage)

    def _write_rejects(self, progress: Progress) -> None:
        """Confirm the rejects that a delivery has so far; one that can't is parked, or ends as RETRY.

        A delivery that is processed again finds them again, except where an output is not offered its events again.
        """
        rejects = progress.take_rejects()
        if not rejects or progress.outcome is Outcome.RETRY:
            return
        if progress.outcome is Outcome.PARKED and not progress.confirmed:
            return
        with self._waits():
            for backoff in (1.0, 2.0, 4.0, 8.0):
                try:
                    self._pipeline.dead_letter.write(rejects)
                except SinkFault as fault:
                    log.warning("rejects can't be kept", input=progress.delivery.id, reason=str(fault))
                    if self._deadline.wait(backoff):
                        progress.worsen(Outcome.RETRY)
                        return
                else:
                    return
        progress.forget()
        progress.park(DEAD_LETTER)

    # -------------------------------------------------------------------------------------------- settling

    def _certain(self) -> Iterator[tuple[Delivery, Outcome]]:
        """Outcomes of deliveries that are read and whose chunks are all sent."""
        done, self._done = self._done, []
        for progress in done:
            self._write_rejects(progress)
            delivery = progress.delivery
            self._in_hand.pop(delivery)
            if progress.outcome is Outcome.PARKED:
                progress.remember()
            self._pipeline.counters.add("deliveries", 1, progress.outcome.name.lower())
            self._tell_age(delivery, progress.outcome)
            yield delivery, progress.outcome

    def _tell_age(self, delivery: Delivery, outcome: Outcome) -> None:
        """How far behind the log a delivery was, for whoever watches."""
        written, newest = self._written.pop(delivery, None), self._newest.pop(delivery, None)
        if outcome > Outcome.REJECTED:
            return
        now = datetime.now(UTC)
        if written is not None:
            self._pipeline.counters.took("age_seconds", max(0.0, (now - written).total_seconds()))
        if newest is not None and newest <= now:  # one event from the future must not hide a lag for years
            self._pipeline.delivered_until(newest)

    def _abandon(self) -> None:
        """The caller went away in the middle: let go of what is held."""
        if self._in_flight is not None:
            chunk, future = self._in_flight
            future.exception()
            self._pipeline.budget.release(chunk.cost)
            self._in_flight = None
        self._pipeline.budget.release(self._chunk.cost)
        self._chunk = Chunk()
