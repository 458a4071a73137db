"""The pipeline: `process(batch, deadline)` takes deliveries to their outcomes. There is no AWS in it.

The daemon, `ship`, Lambda and the tests all call it, one worker a thread; what happens in a call is
`logsluice.delivery.run`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime

from logsluice.decode import Decoder
from logsluice.delivery.budget import DEFAULT_BUDGET, Budget
from logsluice.delivery.dead_letter import DeadLetter
from logsluice.delivery.deadline import Deadline
from logsluice.delivery.policies import Policies
from logsluice.delivery.run import Run
from logsluice.delivery.sender import Output, Sender
from logsluice.framing.limits import MIB
from logsluice.model import Delivery, Filter, Outcome, Windowed
from logsluice.telemetry.counters import Counters

CHUNK_COST = 8 * MIB

__all__ = ["Output", "Pipeline"]


class Pipeline:
    """From deliveries to outcomes, as configured.

    Args:
        name: For logs.
        decoder: Bytes to events.
        outputs: Where events go; an event that matches none is dropped on purpose, and counted.
        dead_letter: Where rejects go, before their delivery is settled.
        filters: Applied in order, a batch at a time.
        policies: What becomes of inputs that can't be used.
        budget: Bytes that all workers together may hold in encoded events.
        workers: How many threads will call `process` at once: chunks are sized so that all fit the budget.
        counters: Shared with whoever shows them.
    """

    def __init__(
        self,
        name: str,
        decoder: Decoder,
        outputs: Sequence[Output],
        dead_letter: DeadLetter,
        *,
        filters: Sequence[Filter] = (),
        policies: Policies | None = None,
        budget: int = DEFAULT_BUDGET,
        workers: int = 1,
        counters: Counters | None = None,
    ) -> None:
        self.name = name
        sizes = [output.sink.window_bytes for output in outputs if isinstance(output.sink, Windowed)]
        self.decoder = replace(decoder, window_bytes=max(sizes, default=0))
        self.filters = tuple(filters)
        self.dead_letter = dead_letter
        self.policies = policies or Policies()
        self.budget = Budget(budget)
        self.counters = counters or Counters()
        self.senders = tuple(Sender(output, self.counters) for output in outputs)
        self.may_match_none = all(output.condition is not None for output in outputs)
        self.chunk_cost = min(CHUNK_COST, budget // (2 * workers))
        self.newest: datetime | None = None
        self._opened = ExitStack()

    def open(self) -> None:
        """Open every output. Raises what `Sink.open` raises; what was opened before is closed again."""
        with ExitStack() as opened:
            for sender in self.senders:
                sender.output.sink.open()
                opened.callback(sender.output.sink.close)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Close the outputs; called when no `process` is running any more."""
        self._opened.close()

    @property
    def is_blocked(self) -> bool:
        """An output that every event needs is down: more input would only be parked."""
        return any(s.is_down and s.output.required and s.output.condition is None for s in self.senders)

    def cured(self, reasons: frozenset[str]) -> None:
        """A delivery that was parked for these reasons went through."""
        for reason in reasons:
            for sender in self.senders:
                sender.cured(reason)

    def delivered_until(self, time: datetime) -> None:
        """Note the time of a delivered event; `newest` is the latest of them, as near as workers can tell at once."""
        if self.newest is None or time > self.newest:
            self.newest = time

    def process(self, batch: Sequence[Delivery], deadline: Deadline) -> Iterator[tuple[Delivery, Outcome]]:
        """Take deliveries to their outcomes, each yielded as soon as it is certain, exactly once.

        Args:
            batch: Deliveries of one source, fresh or parked before.
            deadline: When it passes, what is unfinished comes out as RETRY.
        """
        return Run(self, deadline).outcomes(batch)
