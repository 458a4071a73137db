"""The output `graphite` passes the suite of sinks, as far as numbers can."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import graphite
from logsluice.testing.sinks import SinkSuite, must_not_refuse, opened
from tests.unit.listeners import LineListener, line_listener


class TestGraphite(SinkSuite):
    """Each event is a metric of its own, whose value is its number."""

    listener: LineListener

    @pytest.fixture(autouse=True)
    def _carbon(self) -> Iterator[None]:
        with line_listener() as self.listener:
            yield

    def make(self) -> Sink:
        options = {"host": "127.0.0.1", "port": self.listener.port, "metrics": {"n.%{number}": "%{number}"}}
        return graphite.build(graphite.Config.model_validate(options), Context())

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        """Graphite keeps one value for a name and a time."""
        before = -1
        while before != (before := len(self.listener.lines)):  # nothing says when all has come
            time.sleep(0.05)
        parts = {tuple(line.split()) for line in self.listener.lines}
        return [{"number": int(float(value))} for _, value, _ in sorted(parts)]

    def unwanted(self) -> list[Event]:
        return [self.event(-1) | {"@timestamp": "not a time"}]

    def test_values_arrive_as_they_were(self) -> None:
        with opened(self.make()) as sink:
            sink.send(sink.encode(self.events(7), must_not_refuse))
        assert self.arrived() == [{"number": 7}]

    def test_a_document_can_be_taken_out_for_the_dead_letter(self) -> None:
        sink = self.make()
        document = json.loads(sink.document(sink.encode(self.events(1, 2), must_not_refuse), 1))
        assert document == {"message": "n.2 2.0 1769860800"}

    def test_joined_requests_keep_the_order_and_all_arrive(self) -> None:
        with opened(self.make()) as sink:
            assert sink.send(self._joined(sink)).failed == {}
        assert sorted(self._numbers()) == [0, 1, 2, 3, 4, 5]
