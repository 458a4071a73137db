"""What `Pipeline.process` holds to when several things go wrong at once."""

from __future__ import annotations

import gzip
import threading
import time
from typing import Any

import pytest

from logsluice.decode import Decoder
from logsluice.delivery.deadline import Deadline
from logsluice.delivery.policies import Policies
from logsluice.errors import Busy, NotANotification, Sick, SinkFault
from logsluice.formats import load
from logsluice.model import Delivery, Encoded, Event, Origin, Outcome, Reject, RejectEvent, Sent
from logsluice.pipeline import Output
from tests.unit.doubles import MemoryPayload, MemoryShelf, MemorySink, lines, pipeline

FOREVER = Deadline()


class _Explodes(MemorySink):
    def send(self, encoded: Encoded) -> Sent:
        time.sleep(0.02)  # so that the next chunk is made meanwhile
        raise ZeroDivisionError


def test_an_error_of_ours_while_sending_gives_back_what_was_charged() -> None:
    made = pipeline(Output("memory", _Explodes()))
    made.chunk_cost = 1
    with pytest.raises(ZeroDivisionError):
        list(made.process([lines("a", uri=f"s3://logs/{n}") for n in range(5)], FOREVER))
    assert made.budget.used == 0


def test_an_index_that_was_given_up_is_not_taken_for_cured_while_another_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("logsluice.delivery.sender.FIRST_BACKOFF_SECONDS", 0.01)
    tries = 0

    def behave(message: str) -> SinkFault | None:
        nonlocal tries
        if message == "old":
            return Sick("read-only", scope="old")
        tries += 1
        return Busy("429", scope="new") if tries < 3 else None

    sink = MemorySink(behave=behave)
    made = pipeline(Output("memory", sink, park_after=0.2))
    assert [o for _, o in made.process([lines("old", uri="s3://l/0")], FOREVER)] == [Outcome.PARKED]
    batch = [lines("old", uri="s3://l/1"), lines("new", uri="s3://l/2")]
    assert {d.id: o for d, o in made.process(batch, FOREVER)} == {
        "s3://l/1": Outcome.PARKED,
        "s3://l/2": Outcome.DELIVERED,
    }
    requests = sink.requests
    assert [o for _, o in made.process([lines("old", uri="s3://l/3")], FOREVER)] == [Outcome.PARKED]
    assert sink.requests == requests + 1, "its patience began anew"


def test_rejects_of_an_output_that_is_not_asked_again_are_kept_before_parking() -> None:
    printed = MemorySink(idempotent=False, behave=lambda m: "no" if m == "bad" else None)
    sick = MemorySink(whole=Sick("auth"))
    shelf = MemoryShelf()
    made = pipeline(Output("printed", printed), Output("sick", sick, park_after=0.0), shelf=shelf)
    delivery = lines("a", "unencodable", "bad", "b")
    sick.encode = lambda events, refuse: MemorySink.encode(  # type: ignore[method-assign]
        sick, [e for e in events if e["message"] != "unencodable"], refuse
    )
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    sick.whole = None
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.DELIVERED]
    assert printed.messages == ["a", "b"]
    assert sick.messages == ["a", "bad", "b"]
    assert sorted(e["reason"] for e in shelf.entries()) == ["can't be encoded", "no"]


def test_rejects_that_could_not_be_kept_are_found_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Deadline, "wait", lambda self, seconds: False)
    printed = MemorySink(idempotent=False, behave=lambda m: "no" if m == "bad" else None)
    shelf = MemoryShelf(fault=Sick("disk full"))
    made = pipeline(Output("printed", printed), shelf=shelf)
    delivery = lines("a", "bad")
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    shelf.fault = None
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.REJECTED]
    assert [e["reason"] for e in shelf.entries()] == ["no"]


@pytest.mark.parametrize("first_failing", ["b", "c", "d"])
def test_events_that_cannot_be_encoded_count_as_offered(first_failing: str) -> None:
    """Wherever the output fails, it gets nothing twice before that event, and everything from it on."""
    fails = True
    sink = MemorySink(
        idempotent=False, behave=lambda m: Sick("full") if fails and m >= first_failing else None, batch=100
    )
    made = pipeline(Output("printed", sink, park_after=0.0))
    delivery = lines("unencodable1", "a", "unencodable2", "b", "unencodable3", "c", "d")
    assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    fails = False
    list(made.process([delivery], FOREVER))
    assert sink.messages == ["a", "b", "c", "d"]


def test_an_alert_is_not_repeated_while_its_delivery_is_parked() -> None:
    alert = MemorySink(idempotent=False)
    sick = MemorySink(whole=Sick("auth"))
    made = pipeline(Output("alert", alert, required=False), Output("sick", sick, park_after=0.0))
    delivery = lines("a")
    for _ in range(3):
        assert [o for _, o in made.process([delivery], FOREVER)] == [Outcome.PARKED]
    assert alert.messages == ["a"]


def test_one_large_bad_object_does_not_pause_its_output() -> None:
    sink = MemorySink(behave=lambda m: "mapper_parsing_exception" if m.startswith("bad") else None, batch=500)
    made = pipeline(Output("memory", sink, park_after=0.0))
    bad = lines(*(f"bad{n}" for n in range(10_000)), uri="s3://logs/bad")
    assert [o for _, o in made.process([bad], FOREVER)] == [Outcome.REJECTED]
    assert [o for _, o in made.process([lines("good")], FOREVER)] == [Outcome.DELIVERED]


RESULT = {
    "discard": (Outcome.DELIVERED, 0),
    "retry": (Outcome.RETRY, 0),
    "dead_letter": (Outcome.REJECTED, 1),
    "pause": (Outcome.RETRY, 0),  # there is no bucket to be paused, nor anything that could end the pause
}


@pytest.mark.parametrize("action", RESULT)
def test_messages_that_announce_nothing_follow_their_policy_and_never_park(action: Any) -> None:
    shelf = MemoryShelf()
    made = pipeline(Output("memory", MemorySink()), shelf=shelf, policies=Policies({"not_a_notification": action}))
    for n in range(20):
        reject = Reject(Origin(f"sqs://queue/{n}"), -1, b"hello", 5, "source", "no notification")
        delivery = Delivery(f"queue/{n}", rejects=[reject], fault=NotANotification("no notification"))
        [(_, outcome)] = made.process([delivery], FOREVER)
        assert (outcome, len(shelf.entries())) == (RESULT[action][0], RESULT[action][1] * (n + 1))


class _RefusesAll:
    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        for event in events:
            reject({**event, "big": 2**70, "half": "\ud800"}, "the filter says no")
        return []


def test_an_event_that_json_cannot_say_is_rejected_all_the_same() -> None:
    shelf = MemoryShelf()
    made = pipeline(Output("memory", MemorySink()), shelf=shelf, filters=[_RefusesAll()])
    assert [o for _, o in made.process([lines("a")], FOREVER)] == [Outcome.REJECTED]
    assert made.counters.total("filtered_out") == 0
    [entry] = shelf.entries()
    assert '"message":"a"' in entry["text"]
    assert str(2**70) in entry["text"]


def test_a_format_is_chosen_by_more_than_a_tiny_first_gzip_member() -> None:
    line = b"2 123456789012 eni-0a1b 10.0.0.1 10.0.0.2 443 50000 6 10 840 1769860800 1769860860 ACCEPT OK\n"
    data = gzip.compress(line[:3]) + gzip.compress(line[3:])
    decoder = Decoder(load("auto"))
    in_parts, whole = (
        [(piece.format, piece.events, piece.rejects) for piece in decoder.decode(MemoryPayload(stored))]
        for stored in (data, line)
    )
    assert in_parts == whole
    assert whole[0][0] == "vpc_flow"


def test_what_comes_before_the_damage_of_a_short_object_is_delivered() -> None:
    sink = MemorySink()
    made = pipeline(Output("memory", sink))
    data = gzip.compress(b"a\nb\n") + b"\x1f\x8bgarbage that is no gzip member"
    assert [o for _, o in made.process([Delivery("d", [MemoryPayload(data)])], FOREVER)] == [Outcome.REJECTED]
    assert sink.messages == ["a", "b"]


def test_two_workers_may_keep_the_same_reject_at_once(tmp_path: Any) -> None:
    from logsluice.delivery.dead_letter import open_dead_letter, read_dead_letter

    letters = open_dead_letter(str(tmp_path))
    rejects = [Reject(Origin("s3://l/a", "1"), n, b"x" * 50_000, 50_000, "parse", "why") for n in range(20)]
    failures: list[SinkFault] = []

    def write() -> None:
        try:
            for _ in range(20):
                letters.write(rejects)
        except SinkFault as error:
            failures.append(error)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [e["position"] for e in read_dead_letter(tmp_path)] == list(range(20))
