"""What `Pipeline.process` promises, whatever the source and the sinks are."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from logsluice.delivery.deadline import Deadline
from logsluice.delivery.policies import Policies
from logsluice.errors import (
    Archived,
    Busy,
    Corrupt,
    Denied,
    Missing,
    MissingOrDenied,
    Sick,
    SourceFault,
    Superseded,
    TooLarge,
    Unavailable,
)
from logsluice.model import Delivery, Event, Outcome, RejectEvent
from logsluice.pipeline import Output
from tests.unit.doubles import MemoryPayload, MemoryShelf, MemorySink, lines, pipeline

FOREVER = Deadline()


def test_every_delivery_comes_out_once_after_its_events_were_confirmed() -> None:
    sink = MemorySink()
    batch = [lines("a", "b", uri="s3://logs/1"), lines(uri="s3://logs/2"), lines("c", uri="s3://logs/3")]
    outcomes = list(pipeline(Output("memory", sink)).process(batch, FOREVER))
    assert sorted((d.id, o) for d, o in outcomes) == [(f"s3://logs/{n}", Outcome.DELIVERED) for n in (1, 2, 3)]
    assert sink.messages == ["a", "b", "c"]


def test_events_of_a_batch_share_a_request() -> None:
    sink = MemorySink(batch=100)
    batch = [lines(f"m{n}", uri=f"s3://logs/{n}") for n in range(10)]
    list(pipeline(Output("memory", sink)).process(batch, FOREVER))
    assert sink.requests == 1


def test_a_small_delivery_does_not_wait_for_the_large_one_behind_it() -> None:
    sink = MemorySink(batch=5000)
    large = lines(*(f"{n:0500d}" for n in range(40_000)), uri="s3://logs/large")
    outcomes = pipeline(Output("memory", sink)).process([lines("x", uri="s3://logs/small"), large], FOREVER)
    first, _ = next(outcomes)
    assert first.id == "s3://logs/small"
    assert len(sink.messages) < 40_000
    assert [d.id for d, _ in outcomes] == ["s3://logs/large"]


def test_a_refused_document_goes_to_the_dead_letter_and_no_other() -> None:
    sink = MemorySink(behave=lambda m: "mapper_parsing_exception" if m == "m500" else None)
    shelf = MemoryShelf()
    [(_, outcome)] = pipeline(Output("memory", sink), shelf=shelf).process(
        [lines(*(f"m{n}" for n in range(1000)))], FOREVER
    )
    assert outcome is Outcome.REJECTED
    assert sink.messages == [f"m{n}" for n in range(1000) if n != 500]
    [entry] = shelf.entries()
    assert entry["output"] == "memory"
    assert entry["stage"] == "sink"
    assert entry["reason"] == "mapper_parsing_exception"
    assert entry["event_id"].endswith(f".{entry['position']}")
    assert '"message": "m500"' in entry["text"]


def test_an_event_that_cannot_be_encoded_is_a_reject_of_that_output_alone() -> None:
    shelf = MemoryShelf()
    one = MemorySink()
    batch = [lines("a", "unencodable", "b")]
    [(_, outcome)] = pipeline(Output("one", one), shelf=shelf).process(batch, FOREVER)
    assert outcome is Outcome.REJECTED
    assert one.messages == ["a", "b"]
    assert [e["output"] for e in shelf.entries()] == ["one"]


def test_only_what_failed_is_sent_again() -> None:
    tries: dict[str, int] = {}

    def flaky(message: str) -> Busy | None:
        tries[message] = tries.get(message, 0) + 1
        return Busy("429") if message == "b" and tries[message] < 3 else None

    sink = MemorySink(behave=flaky)
    [(_, outcome)] = pipeline(Output("memory", sink)).process([lines("a", "b", "c")], FOREVER)
    assert outcome is Outcome.DELIVERED
    assert tries == {"a": 1, "b": 3, "c": 1}
    assert sorted(sink.messages) == ["a", "b", "c"]


def test_a_sick_index_parks_its_deliveries_and_lets_the_others_through() -> None:
    sink = MemorySink(behave=lambda m: Sick("read-only", scope="old") if m == "old" else None)
    batch = [lines("old", uri="s3://logs/1"), lines("new", uri="s3://logs/2")]
    made = pipeline(Output("memory", sink, park_after=0.0))
    outcomes = {d.id: o for d, o in made.process(batch, FOREVER)}
    assert outcomes == {"s3://logs/1": Outcome.PARKED, "s3://logs/2": Outcome.DELIVERED}
    assert batch[0].parked_on == {"output:memory/old"}
    assert not made.is_blocked


def test_an_output_that_is_down_blocks_receiving_until_a_parked_delivery_goes_through() -> None:
    sink = MemorySink(whole=Busy("connection refused"))
    made = pipeline(Output("memory", sink, park_after=0.0))
    delivery = lines("a")
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    assert made.is_blocked
    sink.whole = None
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.DELIVERED]
    made.cured(delivery.parked_on)
    assert not made.is_blocked


def test_a_parked_delivery_is_not_sent_twice_to_an_output_that_would_repeat_it() -> None:
    printed = MemorySink(idempotent=False)
    sick = MemorySink(whole=Sick("auth"))
    made = pipeline(Output("printed", printed), Output("sick", sick, park_after=0.0))
    delivery = lines("a", "b")
    for _ in range(2):
        assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    sick.whole = None
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.DELIVERED]
    assert printed.messages == ["a", "b"]
    assert sick.messages == ["a", "b"]


def test_an_output_that_is_not_required_is_left_out_after_a_few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsluice.delivery.sender.FIRST_BACKOFF_SECONDS", 0.01)
    alert = MemorySink(whole=Busy("down"))
    sink = MemorySink()
    made = pipeline(Output("alert", alert, required=False), Output("memory", sink))
    assert [o for _, o in made.process([lines("a", "b")], FOREVER)] == [Outcome.DELIVERED]
    assert sink.messages == ["a", "b"]
    assert made.counters.by_label("left_out") == {"alert": 2}


def test_an_output_that_refuses_nearly_everything_pauses_instead_of_emptying_the_source() -> None:
    sink = MemorySink(behave=lambda m: "mapper_parsing_exception: no", batch=1000)
    shelf = MemoryShelf()
    made = pipeline(Output("memory", sink, park_after=0.0), shelf=shelf)
    outcomes = []
    for n in range(8):
        batch = [lines(*(f"{n}-{i}" for i in range(400)), uri=f"s3://logs/{n}")]
        outcomes += [o for _, o in made.process(batch, FOREVER)]
    assert outcomes == [Outcome.REJECTED] * 3 + [Outcome.PARKED] * 5
    assert len(shelf.entries()) == 1200
    assert made.is_blocked


def test_an_event_that_matches_no_output_is_dropped_and_counted() -> None:
    sink = MemorySink()
    made = pipeline(Output("memory", sink, condition=lambda e: e["message"] == "a"))
    assert [o for _, o in made.process([lines("a", "b", "c")], FOREVER)] == [Outcome.DELIVERED]
    assert sink.messages == ["a"]
    assert made.counters.total("unrouted") == 2


class _Refuses:
    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        kept = []
        for event in events:
            if event["message"] == "bad":
                reject(event, "the filter says no")
            elif event["message"] != "noise":
                kept.append(event)
        return kept


def test_what_a_filter_drops_is_gone_and_what_it_refuses_is_kept() -> None:
    sink, shelf = MemorySink(), MemoryShelf()
    made = pipeline(Output("memory", sink), shelf=shelf, filters=[_Refuses()])
    assert [o for _, o in made.process([lines("a", "noise", "bad")], FOREVER)] == [Outcome.REJECTED]
    assert sink.messages == ["a"]
    assert [(e["stage"], e["reason"]) for e in shelf.entries()] == [("filter", "the filter says no")]


def test_after_the_deadline_nothing_more_is_read() -> None:
    late = Deadline(0.0)
    delivery = lines("a")
    assert [o for _, o in pipeline(Output("memory", MemorySink())).process([delivery], late)] == [Outcome.RETRY]
    assert delivery.payloads[0].opened == 0  # type: ignore[attr-defined]


def test_a_deadline_that_comes_while_an_output_is_down_gives_the_delivery_back() -> None:
    deadline = Deadline()
    sink = MemorySink(whole=Busy("down"))
    threading.Timer(0.1, deadline.bring_forward, [0.0]).start()
    assert [o for _, o in pipeline(Output("memory", sink)).process([lines("a")], deadline)] == [Outcome.RETRY]


def test_a_dead_letter_that_cannot_be_written_holds_the_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deadline, "wait", lambda self, seconds: False)
    shelf = MemoryShelf(fault=Sick("disk full"))
    made = pipeline(Output("memory", MemorySink()), shelf=shelf)
    delivery = lines("a", "unencodable")
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    assert delivery.parked_on == {"dead_letter"}


def test_rejects_are_streamed_rather_than_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsluice.delivery.run.PART_BYTES", 10_000)
    shelf = MemoryShelf()
    made = pipeline(Output("memory", MemorySink()), shelf=shelf, format="waf")
    [(_, outcome)] = made.process([lines(*("x" * 5000 for _ in range(300)))], FOREVER)
    assert outcome is Outcome.REJECTED
    assert len(shelf.files) > 1
    assert len(shelf.entries()) == 300


def test_a_caller_that_goes_away_leaves_nothing_charged() -> None:
    made = pipeline(Output("memory", MemorySink(delay=0.01, batch=500)), budget=2_000_000)
    outcomes = made.process(
        [lines(*("x" * 1000 for _ in range(5000)), uri=f"s3://logs/{n}") for n in range(5)], FOREVER
    )
    next(outcomes)
    outcomes.close()  # type: ignore[attr-defined]
    assert made.budget.used == 0


def test_a_slow_sink_stops_decoding_at_the_budget() -> None:
    budget = 2_000_000
    sink = MemorySink(delay=0.005, batch=100)
    made = pipeline(Output("memory", sink), budget=budget, workers=2)
    most = 0

    def work(n: int) -> None:
        nonlocal most
        for _ in made.process([lines(*("x" * 1000 for _ in range(2000)), uri=f"s3://logs/{n}")], FOREVER):
            most = max(most, made.budget.used)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    while any(t.is_alive() for t in threads):
        most = max(most, made.budget.used)
    assert most <= budget
    assert made.budget.used == 0
    assert len(sink.messages) == 4000


FAULTS: dict[str, type[SourceFault]] = {
    "missing": Missing,
    "denied": Denied,
    "missing_or_denied": MissingOrDenied,
    "corrupt": Corrupt,
    "superseded": Superseded,
    "too_large": TooLarge,
    "archived": Archived,
}
RESULT: dict[str, tuple[Outcome, int]] = {
    "discard": (Outcome.DELIVERED, 0),
    "retry": (Outcome.RETRY, 0),
    "dead_letter": (Outcome.REJECTED, 1),
    "pause": (Outcome.PARKED, 0),
}


@pytest.mark.parametrize("action", RESULT)
@pytest.mark.parametrize("kind", FAULTS)
def test_every_class_of_fault_follows_its_policy(kind: str, action: Any) -> None:
    shelf, sink = MemoryShelf(), MemorySink()
    made = pipeline(Output("memory", sink), shelf=shelf, policies=Policies({kind: action}, threshold=1))
    bad = MemoryPayload(b"", "s3://logs/bad", FAULTS[kind]("as told"))
    delivery = Delivery("d", [MemoryPayload(b"good\n", "s3://logs/good"), bad])
    [(_, outcome)] = made.process([delivery], FOREVER)
    assert (outcome, len(shelf.entries())) == RESULT[action]
    assert sink.messages == ["good"]
    if action == "dead_letter":
        assert shelf.entries()[0]["origin"]["uri"] == "s3://logs/bad"
        assert shelf.entries()[0]["truncated"] is True


def test_what_is_unavailable_is_always_tried_again() -> None:
    made = pipeline(Output("memory", MemorySink()))
    delivery = Delivery("d", [MemoryPayload(b"", fault=Unavailable("503"))])
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.RETRY]


def test_an_outage_of_s3_parks_rather_than_wearing_messages_out() -> None:
    made = pipeline(Output("memory", MemorySink()), policies=Policies(threshold=3, pause_seconds=0.0))
    payloads = [MemoryPayload(b"x\n", f"s3://logs/{n}", Unavailable("503")) for n in range(5)]
    batch = [Delivery(f"d{n}", [payload]) for n, payload in enumerate(payloads)]
    outcomes = [o for _, o in made.process(batch, FOREVER)]
    assert outcomes == [Outcome.RETRY] * 2 + [Outcome.PARKED] * 3
    for payload in payloads:
        payload.fault = None
    assert [o for _, o in made.process(batch[2:], FOREVER)] == [Outcome.DELIVERED] * 3


def test_one_denied_object_does_not_pause_its_bucket() -> None:
    made = pipeline(Output("memory", MemorySink()), policies=Policies(threshold=3))
    one = Delivery("d", [MemoryPayload(b"", "s3://logs/denied", Denied("no"))])
    for _ in range(10):
        assert [o for _, o in made.process([one], FOREVER)] == [Outcome.RETRY]
    assert [o for _, o in made.process([lines("a", uri="s3://logs/fine")], FOREVER)] == [Outcome.DELIVERED]


def test_a_bucket_that_denies_everything_rests_and_others_go_on() -> None:
    made = pipeline(Output("memory", MemorySink()), policies=Policies(threshold=3))
    denied = [Delivery(f"d{n}", [MemoryPayload(b"", f"s3://closed/{n}", Denied("no"))]) for n in range(5)]
    outcomes = [o for _, o in made.process(denied, FOREVER)]
    assert outcomes == [Outcome.RETRY] * 2 + [Outcome.PARKED] * 3
    assert [d.payloads[0].opened for d in denied] == [1, 1, 1, 0, 0]  # type: ignore[attr-defined]
    assert [o for _, o in made.process([lines("a", uri="s3://open/1")], FOREVER)] == [Outcome.DELIVERED]


def test_403_that_may_mean_missing_ends_in_the_dead_letter_after_some_tries() -> None:
    made = pipeline(Output("memory", MemorySink()), shelf=(shelf := MemoryShelf()))
    delivery = Delivery("d", [MemoryPayload(b"", fault=MissingOrDenied("403"))])
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.RETRY]
    delivery.receive_count = 3
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.REJECTED]
    assert len(shelf.entries()) == 1


@pytest.mark.parametrize(
    ("action", "outcome", "kept"),
    [("discard", Outcome.DELIVERED, 0), ("dead_letter", Outcome.REJECTED, 1), ("retry", Outcome.RETRY, 0)],
)
def test_unparsable_records_follow_their_policy(action: Any, outcome: Outcome, kept: int) -> None:
    shelf = MemoryShelf()
    made = pipeline(
        Output("memory", MemorySink()), shelf=shelf, format="waf", policies=Policies({"unparsable": action})
    )
    assert [o for _, o in made.process([lines("no json")], FOREVER)] == [outcome]
    assert len(shelf.entries()) == kept
    assert made.counters.total("rejects") == 1
