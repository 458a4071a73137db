"""The output `lumberjack` against a real receiver, made with go-lumber: kills, two hosts, TLS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.delivery.deadline import Deadline
from logsluice.delivery.sender import Output, Sender
from logsluice.errors import Sick, UsageError
from logsluice.model import Encoded, Event, Sink
from logsluice.sinks import lumberjack
from logsluice.telemetry.counters import Counters
from logsluice.testing.sinks import assert_confirmed, must_not_refuse, opened
from tests.parts import wait_until
from tests.parts.lumberjack import LumberjackReceiver, receiving

WINDOW = 20
COUNT = 100 * WINDOW


def sink_to(*receivers: LumberjackReceiver, **options: Any) -> Sink:
    hosts = [f"127.0.0.1:{receiver.port}" for receiver in receivers]
    return lumberjack.build(lumberjack.Config.model_validate({"hosts": hosts, **options}), Context())


def event(number: int) -> Event:
    return {"message": f"line {number}", "@metadata": {"_id": f"id-{number}", "format": "alb"}}


def parts(sink: Sink) -> list[Encoded]:
    return [sink.encode([event(n) for n in range(at, at + WINDOW)], must_not_refuse) for at in range(0, COUNT, WINDOW)]


def ids(*receivers: LumberjackReceiver) -> list[str]:
    return [arrived["@metadata"]["_id"] for receiver in receivers for arrived in receiver.events()]


def test_001_6_a_receiver_killed_in_the_middle_loses_nothing(tmp_path: Path) -> None:
    receiver = LumberjackReceiver(tmp_path, delay="10ms")
    with receiving(receiver), opened(sink_to(receiver, window=WINDOW)) as sink, ThreadPoolExecutor(1) as worker:
        sender = Sender(Output("lumberjack", sink), Counters())
        delivered = worker.submit(sender.send, parts(sink), Deadline(60))
        assert wait_until(lambda: len(receiver.events()) >= 10 * WINDOW)
        receiver.crash()
        assert not delivered.done()
        receiver.start()
        result = delivered.result(60)
        arrived = ids(receiver)
    assert (result.rejected, result.unsent) == ({}, {})
    assert set(arrived) == {f"id-{number}" for number in range(COUNT)}
    assert len(arrived) - COUNT in (0, WINDOW)  # that of which the acknowledgement was lost


def test_001_6_of_two_hosts_one_dies_and_the_other_gets_all_that_is_left(tmp_path: Path) -> None:
    one, two = (LumberjackReceiver(tmp_path / name, delay="10ms") for name in ("one", "two"))
    with receiving(one), receiving(two), ThreadPoolExecutor(1) as worker:
        with opened(sink_to(one, two, window=WINDOW, loadbalance=True)) as sink:
            sender = Sender(Output("lumberjack", sink), Counters())
            delivered = worker.submit(sender.send, parts(sink), Deadline(60))
            assert wait_until(lambda: min(len(one.events()), len(two.events())) >= 5 * WINDOW)
            one.crash()
            result = delivered.result(60)
        arrived = ids(one, two)
    assert (result.rejected, result.unsent) == ({}, {})
    assert set(arrived) == {f"id-{number}" for number in range(COUNT)}
    assert len(arrived) - COUNT in (0, WINDOW)


def test_001_6_a_busy_receiver_is_waited_for_as_long_as_it_says_so(tmp_path: Path) -> None:
    with receiving(LumberjackReceiver(tmp_path, delay="1s")) as receiver:
        with opened(sink_to(receiver, timeout="400ms")) as sink:
            assert_confirmed(sink.send(sink.encode([event(1)], must_not_refuse)))
        assert ids(receiver) == ["id-1"]


def test_001_6_tls_with_certificates_on_both_sides(tmp_path: Path) -> None:
    with receiving(LumberjackReceiver(tmp_path, tls=True, asks=True)) as receiver:
        trust = {"ssl": True, "ca_file": tmp_path / "ca.pem"}
        ours = {"client_certificate": tmp_path / "node.pem", "client_key": tmp_path / "node.key"}
        with opened(sink_to(receiver, **trust, **ours)) as sink:
            for number in range(3):
                assert_confirmed(sink.send(sink.encode([event(number)], must_not_refuse)))
        assert ids(receiver) == ["id-0", "id-1", "id-2"]
        with (
            opened(sink_to(receiver, **trust)) as sink,
            pytest.raises(Sick, match=r"refuses us: .* `client_certificate`"),
        ):
            sink.send(sink.encode([event(3)], must_not_refuse))
        with opened(sink_to(receiver, ssl=True)) as sink, pytest.raises(Sick, match=r"can't be trusted: .* `ca_file`"):
            sink.send(sink.encode([event(3)], must_not_refuse))


def test_a_file_of_tls_that_can_not_be_read_is_said_at_once(tmp_path: Path) -> None:
    sink = sink_to(LumberjackReceiver(tmp_path), ssl=True, ca_file=tmp_path / "none.pem")
    with pytest.raises(UsageError, match=r"ca_file .* can't be used"):
        sink.open()
