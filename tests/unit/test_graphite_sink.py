# ruff: noqa: E501 - a table of options and the lines that they give
"""The output `graphite`: which lines events give, and a connection that breaks."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import Busy
from logsluice.model import Event, Sent
from logsluice.sinks import graphite
from logsluice.sinks.graphite import Config, build
from logsluice.testing.sinks import must_not_refuse, opened
from tests.unit.listeners import LineListener, eventually, line_listener

EVENT: Event = {
    "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 900_000, tzinfo=UTC),
    "@version": "1",
    "elb": "my elb",
    "seconds": 0.5,
    "count": "3",
    "ok": True,
    "none": None,
    "bytes": {"in": 10, "out": {"all": 20, "name": "x"}},
    "epoch": "5.9",
    "@metadata": {"_id": "1"},
}
NOON = 1769860800


@pytest.fixture
def carbon() -> Iterator[LineListener]:
    with line_listener() as listener:
        yield listener


def lines(**options: Any) -> list[str]:
    encoded = build(Config.model_validate(options), Context()).encode([EVENT], must_not_refuse)
    return bytes(encoded.body.data).decode().splitlines()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"metrics": {"alb.%{elb}.s": "%{seconds}", "n": "%{count}"}}, [f"alb.my_elb.s 0.5 {NOON}", f"n 3.0 {NOON}"]),
        ({"metrics": {"one": 1, "half": "0.5"}}, [f"one 1.0 {NOON}", f"half 0.5 {NOON}"]),
        ({"metrics": {"a": "%{missing}", "b": "%{elb}", "%{missing}": 1, "c": "%{ok}", "d": "%{none}"}}, []),
        ({"metrics": {"b": "%{bytes}"}}, [f"b.in 10.0 {NOON}", f"b.out.all 20.0 {NOON}"]),
        ({"metrics": {"b": "%{bytes}"}, "separator": "-", "metrics_format": "x.*.y"}, [f"x.b-in.y 10.0 {NOON}", f"x.b-out-all.y 20.0 {NOON}"]),
        ({"fields_are_metrics": True, "exclude_metrics": ["^bytes", "epoch"]}, [f"seconds 0.5 {NOON}", f"count 3.0 {NOON}"]),
        ({"fields_are_metrics": True, "include_metrics": ["out", "^sec"]}, [f"seconds 0.5 {NOON}", f"bytes.out.all 20.0 {NOON}"]),
        ({"metrics": {"n": 1}, "timestamp_field": "epoch"}, ["n 1.0 5"]),
        ({"metrics": {"n": "1e999", "m": "nan"}}, []),
    ],
)  # fmt: skip
def test_lines_of_an_event(options: dict[str, Any], expected: list[str]) -> None:
    assert lines(**options) == expected


def test_an_event_without_a_time_is_refused() -> None:
    refused: dict[int, str] = {}
    sink = build(Config(metrics={"n": 1}, timestamp_field="elb"), Context())
    assert len(sink.encode([EVENT, {"@metadata": {}}], refused.__setitem__)) == 0
    assert refused == dict.fromkeys(range(2), "the field 'elb' holds no time")


def test_a_connection_is_kept_and_made_again_when_it_was_closed(carbon: LineListener) -> None:
    with opened(build(Config(host="127.0.0.1", port=carbon.port, metrics={"n": 1}), Context())) as sink:
        encoded = sink.encode([EVENT], must_not_refuse)
        carbon.hang_up_after = 2
        for number in (1, 2):
            assert sink.send(encoded) == Sent()
            eventually(lambda number=number: len(carbon.lines) == number)  # type: ignore[misc]
        assert carbon.connections == 1
        eventually(lambda: graphite._is_closed(vars(sink)["_socket"]))
        assert sink.send(encoded) == Sent()
        eventually(lambda: len(carbon.lines) == 3)
    assert (carbon.lines, carbon.connections) == ([f"n 1.0 {NOON}"] * 3, 2)


def test_nobody_there_is_busy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        sink = build(Config(host="127.0.0.1", port=port, metrics={"n": 1}), Context())
        with pytest.raises(Busy, match=f"graphite at 127.0.0.1:{port}: Connection refused"):
            sink.send(sink.encode([EVENT], must_not_refuse))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metrics": {"a": 1}, "fields_are_metrics": True},
        {"metrics": {"a": 1}, "metrics_format": "a"},
        {"metrics": {"a": 1}, "include_metrics": ["("]},
        {"metrics": {"%{[a}": 1}},
    ],
)
def test_options_that_can_not_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(options)


def test_what_will_be_regretted_is_warned_about() -> None:
    assert [o for o, _ in graphite.concerns(Config(fields_are_metrics=True), Context())] == ["fields_are_metrics"]
    assert list(graphite.concerns(Config(metrics={"a": 1}), Context())) == []
