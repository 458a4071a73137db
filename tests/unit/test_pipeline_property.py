"""Whatever the sinks do and however the input is cut: no event is lost, and a delivery is never settled early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.decode import Decoder
from logsluice.delivery import sender
from logsluice.delivery.deadline import Deadline
from logsluice.errors import Busy, Sick, SinkFault
from logsluice.formats import load
from logsluice.framing.limits import Limits
from logsluice.model import Delivery, Encoded, Outcome, Sent
from logsluice.pipeline import Output, Pipeline
from tests.unit.doubles import MemoryShelf, MemorySink, lines, pipeline

FATES = ("good", "good", "good", "unencodable", "refused", "busy", "sick")


@dataclass
class FaultySink(MemorySink):
    """Documents fail a few times, refused ones for good; the first requests of all fail as a whole."""

    times: int = 0
    whole_times: int = 0
    before_request: Callable[[], None] = lambda: None
    tried: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.behave = self._behave

    def send(self, encoded: Encoded) -> Sent:
        self.before_request()
        if self.whole_times > 0:
            self.whole_times -= 1
            raise Busy("503")
        return super().send(encoded)

    def _behave(self, message: str) -> SinkFault | str | None:
        fate, _, number = message.partition(":")
        if fate == "refused":
            return "refused"
        self.tried[message] += 1
        if fate in ("good", "unencodable") or self.tried[message] > self.times:
            return None
        scope = f"index-{int(number) % 3}"
        return Busy("429", scope) if fate == "busy" else Sick("blocked", scope)


@pytest.fixture(autouse=True, scope="module")
def at_once() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "FIRST_BACKOFF_SECONDS", 0.0)
        yield


@dataclass
class Case:
    texts: list[list[str]]
    sinks: list[FaultySink]
    made: Pipeline
    shelf: MemoryShelf

    def batch(self) -> list[Delivery]:
        return [lines(*texts, uri=f"s3://logs/{n}") for n, texts in enumerate(self.texts)]

    def expected(self, number: int, sink: FaultySink) -> tuple[list[str], list[str]]:
        """What an output is to have of a delivery, and what the dead letter is to have of it."""
        texts = self.texts[number]
        bad = ("unencodable", "refused")
        return [t for t in texts if not t.startswith(bad)], [t for t in texts if t.startswith(bad)]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    fates = draw(st.lists(st.lists(st.sampled_from(FATES), max_size=12), min_size=1, max_size=5))
    texts = [[f"{fate}:{100 * n + m}" for m, fate in enumerate(each)] for n, each in enumerate(fates)]
    sinks = [
        FaultySink(
            idempotent=idempotent,
            batch=draw(st.integers(1, 7)),
            times=draw(st.integers(0, 3)),
            whole_times=draw(st.integers(0, 2)),
        )
        for idempotent in (True, False)
    ]
    park_after = draw(st.sampled_from([0.0, 1000.0]))
    shelf = MemoryShelf()
    limits = Limits(chunk=draw(st.integers(1, 40)), batch=draw(st.integers(1, 200)))
    outputs = [Output(f"output{n}", sink, park_after=park_after) for n, sink in enumerate(sinks)]
    made = pipeline(*outputs, shelf=shelf, decoder=Decoder(load("lines"), limits=limits), budget=1_000_000)
    made.chunk_cost = draw(st.sampled_from([1, 2000, 100_000]))
    return Case(texts, sinks, made, shelf)


def kept(case: Case, output: str, number: int) -> set[str]:
    """The documents of a delivery that the dead letter has for an output."""
    return {
        text
        for entry in case.shelf.entries()
        for text in case.texts[number]
        if entry["output"] == output
        and entry["origin"]["uri"] == f"s3://logs/{number}"
        and f'"{text}"' in entry["text"].replace(" ", "")
    }


def check_settled(case: Case, number: int) -> None:
    for n, sink in enumerate(case.sinks):
        good, bad = case.expected(number, sink)
        mine = [message for message in sink.messages if message in case.texts[number]]
        assert set(mine) == set(good)
        assert kept(case, f"output{n}", number) == set(bad)
        if sink.idempotent:
            assert len(mine) == len(good)


@settings(max_examples=150)
@given(cases())
def test_every_event_is_delivered_or_kept_and_every_delivery_comes_out_once_a_turn(case: Case) -> None:
    batch = case.batch()
    left = batch
    for _ in range(60):
        outcomes = list(case.made.process(left, Deadline()))
        assert sorted(d.id for d, _ in outcomes) == sorted(d.id for d in left)
        assert case.made.budget.used == 0
        for delivery, outcome in outcomes:
            assert outcome is not Outcome.RETRY
            if outcome is not Outcome.PARKED:
                check_settled(case, batch.index(delivery))
        left = [delivery for delivery, outcome in outcomes if outcome is Outcome.PARKED]
        if not left:
            break
    assert left == []


@settings(max_examples=100)
@given(cases(), st.integers(1, 20))
def test_whenever_the_deadline_comes_nothing_is_settled_that_is_not_safe(case: Case, requests: int) -> None:
    deadline = Deadline()
    count = 0

    def one_more() -> None:
        nonlocal count
        count += 1
        if count >= requests:
            deadline.bring_forward(0.0)

    for sink in case.sinks:
        sink.before_request = one_more
    batch = case.batch()
    outcomes = list(case.made.process(batch, deadline))
    assert sorted(d.id for d, _ in outcomes) == sorted(d.id for d in batch)
    assert case.made.budget.used == 0
    for delivery, outcome in outcomes:
        if outcome <= Outcome.REJECTED:
            check_settled(case, batch.index(delivery))


@settings(max_examples=100)
@given(cases())
def test_an_output_that_works_gets_nothing_twice_however_often_another_fails(case: Case) -> None:
    case.sinks[1].times = case.sinks[1].whole_times = 0
    left = case.batch()
    while left:
        left = [d for d, outcome in case.made.process(left, Deadline()) if outcome is Outcome.PARKED]
    good = [text for texts in case.texts for text in texts if not text.startswith(("unencodable", "refused"))]
    assert sorted(case.sinks[1].messages) == sorted(good)
