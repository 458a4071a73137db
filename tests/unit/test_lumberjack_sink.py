"""The output `lumberjack`: what goes over the wire, and what becomes of an answer that does not come as it should."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import Busy, Sick
from logsluice.model import Event, Sent, Sink
from logsluice.sinks import lumberjack
from logsluice.sinks.lumberjack import Config, connection
from logsluice.sinks.lumberjack.frames import Acknowledgements
from logsluice.testing.sinks import assert_confirmed, must_not_refuse, opened
from tests.parts import free_port
from tests.unit.listeners import eventually, http_listener
from tests.unit.lumberjack_receiver import Receiver, lumberjack_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with lumberjack_receiver() as one:
        yield one


def sink_to(*ports: int, **options: Any) -> Sink:
    config = {"hosts": [f"127.0.0.1:{port}" for port in ports], "timeout": "2s", **options}
    return lumberjack.build(Config.model_validate(config), Context())


def events(count: int) -> list[Event]:
    return [{"n": n, "@metadata": {"_id": f"id-{n}"}} for n in range(count)]


def numbers(receiver: Receiver) -> list[int]:
    return [event["n"] for event in receiver.acknowledged]


# ------------------------------------------------------------------------------------------------ over the wire


@pytest.mark.parametrize(("level", "kinds"), [(0, b"JJ"), (3, b"CJJ")])
def test_events_arrive_as_beats_send_them(receiver: Receiver, level: int, kinds: bytes) -> None:
    event = {
        "@timestamp": datetime(2018, 10, 15, 1, 0, 0, 123000, tzinfo=UTC),
        "elb": {"name": "ü"},
        "@metadata": {"_id": "2f1d", "format": "alb", "position": 7, "pipeline": "geo", "s3": {"bucket": "logs"}},
    }
    said = {"beat": "s3logsbeat", "beat_version": "6.0.2", "document_type": "doc"}
    with opened(sink_to(receiver.port, compression_level=level, **said)) as sink:
        assert sink.send(sink.encode([event, {"@metadata": {}}], must_not_refuse)) == Sent()
    (window,) = receiver.windows
    about = {"beat": "s3logsbeat", "version": "6.0.2", "type": "doc"}
    first = {"@timestamp": "2018-10-15T01:00:00.123000Z", "elb": {"name": "ü"}}
    known = {"@metadata": about | {"_id": "2f1d", "format": "alb", "pipeline": "geo"}}
    assert window.events == [(1, known | first), (2, {"@metadata": about})]
    assert window.kinds == kinds


def test_a_request_holds_no_more_than_the_window(receiver: Receiver) -> None:
    assert sink_to(receiver.port, window=100).request_events == 100


def test_an_event_that_json_can_not_say_is_refused(receiver: Receiver) -> None:
    circle: Event = {"@metadata": {}}
    circle["self"] = circle
    refused: dict[int, str] = {}
    assert len(sink_to(receiver.port).encode([circle, *events(1)], refused.__setitem__)) == 1
    assert list(refused) == [0]


def test_a_connection_is_kept_and_made_again_when_it_was_closed(receiver: Receiver) -> None:
    with opened(sink_to(receiver.port)) as sink:
        encoded = sink.encode(events(1), must_not_refuse)
        assert_confirmed(sink.send(encoded))
        assert_confirmed(sink.send(encoded))
        assert receiver.connections == 1
        (kept,) = vars(vars(sink)["_connections"])["_idle"][f"127.0.0.1:{receiver.port}"]
        receiver.hang_up.set()
        eventually(lambda: not kept.is_usable)
        receiver.hang_up.clear()
        assert_confirmed(sink.send(encoded))
    assert (numbers(receiver), receiver.connections) == ([0, 0, 0], 2)


def test_nothing_is_sent_for_nothing(receiver: Receiver) -> None:
    with opened(sink_to(receiver.port)) as sink:
        assert sink.send(sink.encode([], must_not_refuse)) == Sent()
    assert receiver.connections == 0


# ---------------------------------------------------------------------------------------------- acknowledgements


def test_only_what_was_not_acknowledged_is_sent_again(receiver: Receiver) -> None:
    receiver.answer = lambda count: [0, 1, 3]
    with opened(sink_to(receiver.port)) as sink:
        encoded = sink.encode(events(5), must_not_refuse)
        sent = sink.send(encoded)
        assert (list(sent.failed), sent.rejected) == ([3, 4], {})
        assert {str(fault) for fault in sent.failed.values()} == {
            f"127.0.0.1:{receiver.port} has closed the connection before it acknowledged all"
        }
        receiver.answer = lambda count: [count]
        assert_confirmed(sink.send(sink.pick(encoded, sorted(sent.failed))))
    assert numbers(receiver) == [0, 1, 2, 3, 4]
    assert [[number for number, _ in window.events] for window in receiver.windows] == [[1, 2, 3, 4, 5], [1, 2]]


def test_a_connection_that_breaks_before_any_is_busy(receiver: Receiver) -> None:
    receiver.answer = lambda count: []
    with opened(sink_to(receiver.port)) as sink, pytest.raises(Busy, match="before it acknowledged all; if it always"):
        sink.send(sink.encode(events(2), must_not_refuse))


def test_a_receiver_that_says_it_is_at_work_is_waited_for(receiver: Receiver) -> None:
    receiver.answer = lambda count: [-0.15, 0, -0.15, 0, -0.15, 0, -0.15, count]
    with opened(sink_to(receiver.port, timeout="300ms")) as sink:
        assert_confirmed(sink.send(sink.encode(events(2), must_not_refuse)))
    assert (numbers(receiver), receiver.connections) == ([0, 1], 1)


def test_a_receiver_that_is_always_at_work_is_busy(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "PATIENCE", 2)
    receiver.answer = lambda count: [-0.05, 0] * 40
    with opened(sink_to(receiver.port, timeout="100ms")) as sink, pytest.raises(Busy, match="acknowledges too slowly"):
        sink.send(sink.encode(events(2), must_not_refuse))


def test_a_receiver_that_goes_silent_is_busy(receiver: Receiver) -> None:
    receiver.answer = lambda count: [1, -0.5]
    with opened(sink_to(receiver.port, timeout="100ms")) as sink:
        sent = sink.send(sink.encode(events(2), must_not_refuse))
    assert {i: (type(fault), str(fault)) for i, fault in sent.failed.items()} == {
        1: (Busy, f"127.0.0.1:{receiver.port} acknowledges too slowly: it is full, or `timeout` too short")
    }


def test_a_receiver_that_reads_nothing_is_busy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as full:
        port = full.getsockname()[1]
        with opened(sink_to(port, timeout="100ms", compression_level=0)) as sink:
            encoded = sink.encode([{"message": "x" * 30_000_000, "@metadata": {}}], must_not_refuse)
            with pytest.raises(Busy, match="acknowledges too slowly: it is full"):
                sink.send(encoded)


@given(st.lists(st.integers(0, 9)), st.integers(1, 7))
def test_acknowledgements_may_come_in_any_pieces(acknowledged: list[int], size: int) -> None:
    data = b"".join(struct.pack(">2sI", b"2A", number) for number in acknowledged)
    answer = Acknowledgements(9)
    for start in range(0, len(data), size):
        answer.feed(data[start : start + size])
    assert answer.number == max([0, *acknowledged])
    assert answer.are_complete == (9 in acknowledged)


@pytest.mark.parametrize("data", [b"H", b"2B", b"1A\0\0\0\1", b"2A\0\0\0\x03", b"2A\0\0\0\1HTTP"])
def test_another_protocol_is_not_taken_for_an_acknowledgement(data: bytes) -> None:
    with pytest.raises(Sick, match="another protocol than Lumberjack 2"):
        Acknowledgements(2).feed(data)


def test_a_port_of_another_protocol_pauses_the_output() -> None:
    with http_listener() as server:
        port = int(server.url.rpartition(":")[2])
        with opened(sink_to(port)) as sink, pytest.raises(Sick, match=f"^127.0.0.1:{port}: it answers in another"):
            sink.send(sink.encode([{"n": "\n" * 2000, "@metadata": {}}], must_not_refuse))


# ------------------------------------------------------------------------------------------------- several hosts


@pytest.mark.parametrize(("balanced", "sizes"), [(True, ([1, 1], [1, 1])), (False, ([1, 1, 1, 1], []))])
def test_hosts_share_the_requests_or_stand_by(balanced: bool, sizes: tuple[list[int], list[int]]) -> None:
    with ExitStack() as stack:
        one, two = (stack.enter_context(lumberjack_receiver()) for _ in range(2))
        sink = stack.enter_context(opened(sink_to(one.port, two.port, loadbalance=balanced)))
        for _ in range(4):
            assert_confirmed(sink.send(sink.encode(events(1), must_not_refuse)))
        assert (one.sizes, two.sizes) == sizes


@pytest.mark.parametrize("balanced", [True, False])
def test_a_host_that_is_away_is_passed_over(receiver: Receiver, balanced: bool) -> None:
    with opened(sink_to(free_port(), receiver.port, loadbalance=balanced)) as sink:
        for _ in range(4):
            assert_confirmed(sink.send(sink.encode(events(1), must_not_refuse)))
    assert (receiver.sizes, receiver.connections) == ([1, 1, 1, 1], 1)


def test_a_host_that_breaks_is_passed_over_as_well(receiver: Receiver) -> None:
    with lumberjack_receiver() as breaking, opened(sink_to(breaking.port, receiver.port)) as sink:
        breaking.answer = lambda count: [1]
        encoded = sink.encode(events(3), must_not_refuse)
        sent = sink.send(encoded)
        assert_confirmed(sink.send(sink.pick(encoded, sorted(sent.failed))))
        assert (numbers(breaking), numbers(receiver)) == ([0], [1, 2])


def test_nobody_there_is_busy() -> None:
    ports = free_port(), free_port()
    with opened(sink_to(*ports)) as sink, pytest.raises(Busy) as caught:
        sink.send(sink.encode(events(1), must_not_refuse))
    assert str(caught.value) == "; ".join(f"127.0.0.1:{port}: Connection refused" for port in ports)


# ------------------------------------------------------------------------------------------------------- options


def test_hosts_may_name_a_port() -> None:
    config = Config(hosts=("logstash", "10.0.0.1:6000", "[::1]:7000", "[::1]"), port=5045)
    assert config.places == ("logstash:5045", "10.0.0.1:6000", "[::1]:7000", "[::1]:5045")
    assert Config.model_validate({"hosts": "logstash"}).places == ("logstash:5044",)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"hosts": []},
        {"hosts": ["http://logstash"]},
        {"hosts": ["logstash:0"]},
        {"hosts": ["logstash:port"]},
        {"hosts": ["user@logstash"]},
        {"hosts": ["a", ""]},
        {"hosts": ["a"], "ca_file": "ca.pem"},
        {"hosts": ["a"], "ssl": True, "client_key": "key.pem"},
        {"hosts": ["a"], "window": 0},
        {"hosts": ["a"], "compression_level": 10},
    ],
)
def test_options_that_can_not_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(options)


def test_what_will_be_regretted_is_warned_about(receiver: Receiver) -> None:
    config = Config(hosts=("a",), ssl=True, verify_certificates=False)
    assert [option for option, _ in lumberjack.concerns(config, Context())] == ["verify_certificates"]
    assert list(lumberjack.concerns(Config(hosts=("a",)), Context())) == []


def test_check_live_names_the_hosts_that_are_away(receiver: Receiver) -> None:
    away = free_port()
    config = Config(hosts=(f"127.0.0.1:{away}", f"127.0.0.1:{receiver.port}"))
    assert list(lumberjack.probe(config, Context())) == [("hosts", f"127.0.0.1:{away}: Connection refused")]
