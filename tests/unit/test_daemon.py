"""The host: receiving, parking, stopping, and what it does when a part of it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from logsluice.delivery.deadline import Deadline
from logsluice.delivery.parking import ParkingLot
from logsluice.errors import Busy, Sick, Unavailable, UsageError
from logsluice.hosts import daemon
from logsluice.hosts.daemon import Daemon, Service
from logsluice.model import Delivery, Encoded, Event, Outcome, Sent
from logsluice.pipeline import Output, Pipeline
from tests.unit.doubles import MemorySink, MemorySource, lines, pipeline


def eventually(is_so: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


class Running:
    """A daemon in a thread of its own, stopped at the end of the test."""

    def __init__(self, *services: Service, shutdown_timeout: float = 5.0, **options: Any) -> None:
        self.daemon = Daemon(services, shutdown_timeout=shutdown_timeout, **options)
        self.thread = threading.Thread(target=self.daemon.run)

    def __enter__(self) -> Running:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.daemon.stop()
        self.thread.join(20)
        assert not self.thread.is_alive()


def service(source: MemorySource, made: Pipeline, **options: Any) -> Service:
    options.setdefault("lot", ParkingLot(first_probe=0.02, last_probe=0.05))
    return Service(made, source, **options)


def test_a_source_that_ends_ends_the_daemon_with_everything_settled() -> None:
    sink = MemorySink()
    source = MemorySource([lines(f"m{n}", uri=f"s3://logs/{n}") for n in range(57)])
    Daemon([service(source, pipeline(Output("memory", sink)), workers=3)]).run()
    assert sorted(sink.messages) == sorted(f"m{n}" for n in range(57))
    assert sorted(source.settled) == sorted((f"s3://logs/{n}", Outcome.DELIVERED) for n in range(57))
    assert not sink.is_open


def test_parked_deliveries_are_delivered_when_the_output_is_cured() -> None:
    sink = MemorySink(whole=Busy("refused"))
    source = MemorySource([lines(f"m{n}", uri=f"s3://logs/{n}") for n in range(30)], endless=True)
    running = service(source, pipeline(Output("memory", sink, park_after=0.0)))
    with Running(running):
        eventually(lambda: len(running.lot) > 0)
        received = source.receives
        time.sleep(0.3)
        assert source.receives <= received + 1, "receiving went on while the output was down"
        assert source.settled == []
        sink.whole = None
        eventually(lambda: len(source.settled) == 30)
    assert sorted(sink.messages) == sorted(f"m{n}" for n in range(30))


def test_a_full_lot_stops_receiving() -> None:
    sink = MemorySink(behave=lambda m: Sick("read-only", scope="old"))
    source = MemorySource([lines("x", uri=f"s3://logs/{n}") for n in range(100)], endless=True)
    running = service(source, pipeline(Output("memory", sink, park_after=0.0)), lot=ParkingLot(capacity=20), workers=1)
    with Running(running, shutdown_timeout=0.5):
        eventually(lambda: running.lot.is_full)
        time.sleep(0.3)
        assert 20 <= len(running.lot) < 40
    assert len(source.pending) + len(source.settled) >= 100
    assert {outcome for _, outcome in source.settled} <= {Outcome.RETRY}, "what was parked is given back at the end"


def test_a_sick_index_does_not_keep_others_from_flowing() -> None:
    sink = MemorySink(behave=lambda m: Sick("read-only", scope="old") if m == "old" else None)
    batch = [lines("old" if n % 3 == 0 else f"m{n}", uri=f"s3://logs/{n}") for n in range(60)]
    source = MemorySource(batch, endless=True, retry_again=False)
    running = service(source, pipeline(Output("memory", sink, park_after=0.0)))
    with Running(running, shutdown_timeout=0.5):
        eventually(lambda: len(sink.messages) == 40)
        eventually(lambda: len(running.lot) >= 19)


def test_an_outage_of_one_pipeline_is_not_felt_by_another() -> None:
    down, well = MemorySink(whole=Busy("refused")), MemorySink()
    first = MemorySource([lines("a", uri=f"s3://one/{n}") for n in range(20)], endless=True, retry_again=False)
    second = MemorySource([lines("b", uri=f"s3://two/{n}") for n in range(20)], endless=True)
    with Running(
        service(first, pipeline(Output("down", down))),
        service(second, pipeline(Output("well", well))),
        shutdown_timeout=0.2,
    ):
        eventually(lambda: len(second.settled) == 20)
        assert first.settled == []


def test_stopping_drains_what_is_in_hand() -> None:
    sink = MemorySink(delay=0.05, batch=1)
    source = MemorySource([lines(f"m{n}", uri=f"s3://logs/{n}") for n in range(1000)], endless=True, batch=3)
    with Running(service(source, pipeline(Output("memory", sink)), workers=1)):
        eventually(lambda: len(sink.messages) > 0)
    delivered = [name for name, outcome in source.settled if outcome is Outcome.DELIVERED]
    assert 0 < len(sink.messages) < 1000
    assert len(sink.messages) == len(delivered)


def test_what_is_not_drained_in_time_is_given_back() -> None:
    sink = MemorySink(whole=Busy("refused"))
    source = MemorySource([lines("a", uri=f"s3://logs/{n}") for n in range(5)], endless=True, retry_again=False)
    with Running(service(source, pipeline(Output("memory", sink)), workers=1), shutdown_timeout=0.2):
        eventually(lambda: sink.requests > 0)
    assert sorted(source.settled) == [(f"s3://logs/{n}", Outcome.RETRY) for n in range(5)]


def test_the_heartbeat_covers_every_delivery_in_hand_and_ends_with_its_settling() -> None:
    sink = MemorySink(delay=0.25, batch=1)
    source = MemorySource([lines("a", uri=f"s3://logs/{n}") for n in range(4)], visibility=0.1, endless=True)
    with Running(service(source, pipeline(Output("memory", sink)), workers=1)):
        eventually(lambda: len(source.settled) == 4)
        assert set(source.extended) == {f"s3://logs/{n}" for n in range(4)}
        counts = source.extended.copy()
        time.sleep(0.2)
        assert source.extended == counts


def test_a_parked_delivery_keeps_its_heartbeat() -> None:
    sink = MemorySink(whole=Busy("refused"))
    source = MemorySource([lines("a")], visibility=0.1, endless=True, retry_again=False)
    with Running(service(source, pipeline(Output("memory", sink, park_after=0.0)), workers=1), shutdown_timeout=0.1):
        eventually(lambda: source.extended["s3://logs/a"] >= 5)


class _HangingSink(MemorySink):
    def send(self, encoded: Encoded) -> Sent:
        self.requests += 1
        self.hang.wait(30)
        return Sent()

    hang = threading.Event()


def test_a_send_that_hangs_does_not_outlive_the_shutdown_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "GRACE_SECONDS", 0.1)
    sink = _HangingSink()
    source = MemorySource([lines("a")], endless=True, retry_again=False)
    try:
        with Running(service(source, pipeline(Output("memory", sink)), workers=1), shutdown_timeout=0.1):
            eventually(lambda: sink.requests == 1)
        assert sink.is_open, "nothing is closed under a send"
        assert source.settled == []
    finally:
        sink.hang.set()


class _HangingSource(MemorySource):
    def extend(self, delivery: Delivery) -> bool:
        self.extended[delivery.id] += 1
        self.hang.wait(30)
        return True

    hang = threading.Event()


class _WrongSource(MemorySource):
    def extend(self, delivery: Delivery) -> bool:
        super().extend(delivery)
        raise KeyError("ReceiptHandle")


def test_a_queue_that_hangs_takes_no_heartbeat_from_another() -> None:
    first = _HangingSource([lines("a", uri="s3://one/a")], visibility=0.1, endless=True)
    second = MemorySource([lines("b", uri="s3://two/b")], visibility=0.1, endless=True)
    slow, too = MemorySink(delay=1.5), MemorySink(delay=1.5)
    try:
        with Running(service(first, pipeline(Output("o", slow))), service(second, pipeline(Output("o", too)))):
            eventually(lambda: first.extended["s3://one/a"] == 1)
            eventually(lambda: second.extended["s3://two/b"] >= 5)
            first.hang.set()
    finally:
        first.hang.set()


def test_an_error_of_ours_in_a_heartbeat_does_not_end_it() -> None:
    source = _WrongSource([lines("a")], visibility=0.1, endless=True)
    with Running(service(source, pipeline(Output("memory", MemorySink(delay=2.0))))):
        eventually(lambda: source.extended["s3://logs/a"] >= 3)


class _FlushesBadly(MemorySource):
    """Its service does not answer, or there is an error of ours."""

    def __init__(self, raises: bool = False) -> None:
        super().__init__([lines("a")], endless=True)
        self.answers = threading.Event()
        self.raises = raises
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1
        if self.raises:
            raise ZeroDivisionError
        self.answers.wait(20)


def test_the_main_thread_goes_on_while_a_source_is_flushed() -> None:
    source = _FlushesBadly()
    ticks: list[int] = []
    host = Daemon([service(source, pipeline(Output("o", MemorySink())))], tick=lambda: ticks.append(source.flushes))
    thread = threading.Thread(target=host.run)
    thread.start()
    try:
        eventually(lambda: ticks.count(1) > 5)
    finally:
        source.answers.set()
        host.stop()
        thread.join(20)
    assert not thread.is_alive()


def test_an_error_of_ours_in_flushing_is_said_and_does_not_end_it() -> None:
    source = _FlushesBadly(raises=True)
    made = pipeline(Output("memory", MemorySink()))
    with Running(service(source, made)):
        eventually(lambda: source.flushes >= 2)
    assert made.counters.total("crashes") >= 2


class _Hangs:
    """A filter that never comes back, as a catastrophic regular expression does."""

    def __init__(self) -> None:
        self.release = threading.Event()

    def apply(self, events: list[Event], reject: object) -> list[Event]:
        self.release.wait(20)
        return events


def test_a_hung_worker_loses_its_delivery() -> None:
    hangs = _Hangs()
    source = MemorySource([lines("a")], visibility=0.1, endless=True)
    made = pipeline(Output("memory", MemorySink()), filters=[hangs])
    with Running(service(source, made, workers=1), stall_seconds=0.2):
        eventually(lambda: source.extended["s3://logs/a"] > 0)
        time.sleep(0.5)
        given_up_at = source.extended["s3://logs/a"]
        time.sleep(0.3)
        assert source.extended["s3://logs/a"] == given_up_at
        hangs.release.set()


class _Raises:
    def apply(self, events: list[Event], reject: object) -> list[Event]:
        if any(event["message"] == "poison" for event in events):
            raise ZeroDivisionError
        return events


def test_an_error_of_ours_hits_only_the_delivery_that_caused_it() -> None:
    sink = MemorySink()
    batch = [lines("poison" if n == 4 else f"m{n}", uri=f"s3://logs/{n}") for n in range(10)]
    source = MemorySource(batch, retry_again=False)
    made = pipeline(Output("memory", sink), filters=[_Raises()])
    Daemon([service(source, made, workers=1)]).run()
    assert sorted(sink.messages) == [f"m{n}" for n in range(10) if n != 4]
    assert dict(source.settled) == {f"s3://logs/{n}": Outcome.RETRY if n == 4 else Outcome.DELIVERED for n in range(10)}
    assert len(source.settled) == 10
    assert made.counters.total("crashes") == 2


class _BrokenSource(MemorySource):
    def receive(self, wait: float) -> Sequence[Delivery] | None:
        if self.receives < 3:
            self.receives += 1
            raise KeyError("MessageId")
        return super().receive(wait)


def test_an_error_of_ours_while_receiving_ends_no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "BACKOFF_SECONDS", (0.01,))
    sink = MemorySink()
    made = pipeline(Output("memory", sink))
    Daemon([service(_BrokenSource([lines("a")]), made, workers=1)]).run()
    assert sink.messages == ["a"]
    assert made.counters.total("crashes") == 3


def test_an_output_that_is_down_is_probed_with_fresh_input_when_nothing_is_parked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What failed for it may have been given back for another reason: nobody else would find out that it works."""
    monkeypatch.setattr(daemon, "LONG_POLL_SECONDS", 0.05)
    sink = MemorySink(whole=Busy("refused"))
    source = MemorySource([lines("a", uri="s3://logs/1")], endless=True)
    made = pipeline(Output("memory", sink, park_after=0.0))
    list(made.process([lines("given back")], Deadline()))
    assert made.is_blocked
    sink.whole = None
    with Running(service(source, made, workers=1)):
        eventually(lambda: source.settled == [("s3://logs/1", Outcome.DELIVERED)])
        eventually(lambda: not made.is_blocked)


def test_a_probe_that_could_not_be_read_cures_nothing() -> None:
    sink = MemorySink(whole=Busy("refused"))
    source = MemorySource(
        [lines(f"m{n}", uri=f"s3://logs/{n}") for n in range(20)], endless=True, retry_again=False, batch=20
    )
    running = service(source, pipeline(Output("memory", sink, park_after=0.0)), workers=1)
    with Running(running, shutdown_timeout=0.3):
        eventually(lambda: len(running.lot) == 20)
        for delivery in list(running.lot._parked):
            delivery.payloads[0].fault = Unavailable("503")  # type: ignore[attr-defined]
        eventually(lambda: len(source.settled) > 0)
        assert running.pipeline.is_blocked
        assert running.pipeline.counters.by_label("deliveries")["parked"] >= 20


def test_a_source_that_fails_for_a_while_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "BACKOFF_SECONDS", (0.01,))
    sink = MemorySink()
    source = MemorySource([lines("a")], fault=Unavailable("SQS answers 503"))
    Daemon([service(source, pipeline(Output("memory", sink)))]).run()
    assert sink.messages == ["a"]


class _Closed(MemorySink):
    def open(self) -> None:
        raise Sick("wrong password for http://127.0.0.1")


def test_an_output_that_cannot_open_keeps_everything_unreceived() -> None:
    source = MemorySource([lines("a")])
    made = pipeline(Output("memory", MemorySink()))
    made.senders[0].output.sink = _Closed()
    with pytest.raises(UsageError, match="wrong password"):
        Daemon([service(source, made)]).run()
    assert source.receives == 0


def test_a_probe_that_is_still_sick_waits_longer_and_longer() -> None:
    lot = ParkingLot(first_probe=0.02, last_probe=0.08)
    delivery = Delivery("d", parked_on=frozenset({"output:x/"}))
    waits = []
    for _ in range(4):
        lot.park(delivery)
        start = time.monotonic()
        while not lot.take():
            time.sleep(0.001)
        waits.append(time.monotonic() - start)
        lot.reasons_of(delivery)
    assert waits[0] < waits[1] < waits[2]
    assert waits[3] < 0.5


def test_only_one_delivery_probes_a_reason() -> None:
    lot = ParkingLot(first_probe=0.0)
    for n in range(5):
        lot.park(Delivery(str(n), parked_on=frozenset({"output:x/"})))
    probes: list[Sequence[Delivery]] = [lot.take(), lot.take()]
    assert [len(p) for p in probes] == [1, 0]
    lot.cure({"output:x/"})
    assert len(lot.take()) == 4


class _Down(MemorySink):
    is_down = True

    def open(self) -> None:
        if self.is_down:
            raise Busy("nobody listens")
        super().open()


def _into(sink: MemorySink) -> Pipeline:
    made = pipeline(Output("memory", MemorySink()))
    made.senders[0].output.sink = sink
    return made


def test_a_pipeline_that_cannot_open_does_not_keep_the_others_from_working() -> None:
    down, well = _Down(), MemorySink()
    first = MemorySource([lines("a", uri=f"s3://one/{n}") for n in range(5)], endless=True)
    second = MemorySource([lines("b", uri=f"s3://two/{n}") for n in range(5)], endless=True)
    with Running(service(first, _into(down)), service(second, _into(well))) as running:
        eventually(lambda: len(second.settled) == 5)
        assert (first.receives, first.settled) == (0, [])
        assert [reason.reason for reason in running.daemon.status().unready] == ["nobody listens"]
        down.is_down = False
        eventually(lambda: len(first.settled) == 5)
    assert (down.is_open, well.is_open) == (False, False)


def test_a_pipeline_that_never_opens_does_not_keep_the_daemon_from_stopping() -> None:
    second = MemorySource([lines("b")], endless=True)
    with Running(service(MemorySource([]), _into(_Down())), service(second, _into(MemorySink())), shutdown_timeout=30):
        eventually(lambda: len(second.settled) == 1)


def test_when_no_pipeline_can_open_there_is_nothing_to_wait_for() -> None:
    with pytest.raises(UsageError, match="nobody listens"):
        Daemon([service(MemorySource([]), _into(_Down())) for _ in range(2)]).run()
