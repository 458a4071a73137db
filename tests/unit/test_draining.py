"""Sources as S3logsbeat's flags ask for them: `--once` and `--keepsqsmessages`."""

from __future__ import annotations

from collections.abc import Sequence

from logsluice.cli.draining import Draining, Keeping
from logsluice.model import Delivery, Outcome
from logsluice.telemetry.counters import Counters


class Queue:
    """A source with some batches; notes what is settled and how."""

    visibility: float | None = 30.0

    def __init__(self, *batches: Sequence[Delivery]) -> None:
        self.batches = list(batches)
        self.settled: list[tuple[Delivery, Outcome]] = []
        self.waits: list[float] = []
        self.counters = Counters()

    def open(self) -> None: ...

    def receive(self, wait: float) -> Sequence[Delivery]:
        self.waits.append(wait)
        return self.batches.pop(0) if self.batches else []

    def extend(self, delivery: Delivery) -> bool:
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        self.settled.append((delivery, outcome))

    def flush(self) -> None: ...

    def close(self) -> None: ...


def test_an_empty_queue_ends_only_when_nothing_of_it_is_in_hand() -> None:
    delivery = Delivery("1")
    queue = Queue([], [delivery])
    source = Draining(queue)
    assert [source.receive(20) for _ in range(5)] == [[], [delivery], [], [], []]
    source.settle(delivery, Outcome.DELIVERED)
    assert [source.receive(20) for _ in range(2)] == [[], None]
    assert queue.settled == [(delivery, Outcome.DELIVERED)]
    assert set(queue.waits) == {1.0}


def test_messages_that_are_kept_are_given_back_whatever_became_of_them() -> None:
    queue = Queue()
    delivery = Delivery("1")
    source = Keeping(queue)
    source.settle(delivery, Outcome.DELIVERED)
    source.settle(delivery, Outcome.REJECTED)
    assert queue.settled == [(delivery, Outcome.RETRY)] * 2
    assert source.extend(delivery)
    assert source.visibility == 30.0


def test_what_a_source_tells_of_itself_is_told_behind_the_flags_too() -> None:
    queue = Queue()
    queue.counters.add("test_events")
    source = Draining(Keeping(queue))
    assert (source.counters.totals(), source.retention) == ({"test_events": 1}, None)
