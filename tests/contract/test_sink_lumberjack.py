"""The output `lumberjack` passes the suite of sinks, with a receiver of ours and with one made with go-lumber."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Sink
from logsluice.sinks import lumberjack
from logsluice.testing.sinks import SinkSuite
from tests.parts.lumberjack import LumberjackReceiver, receiving
from tests.unit.lumberjack_receiver import Receiver, lumberjack_receiver


class TestLumberjack(SinkSuite):
    """A receiver that acknowledges a window in two steps."""

    receiver: Receiver

    @pytest.fixture(autouse=True)
    def _receiver(self) -> Iterator[None]:
        with lumberjack_receiver() as self.receiver:
            self.receiver.answer = lambda count: [0, count // 2, count]
            yield

    def make(self) -> Sink:
        return _sink(self.receiver.port)

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        return _written(self.receiver.acknowledged)


class TestLumberjackToGoLumber(SinkSuite):
    """A receiver as programs make them."""

    receiver: LumberjackReceiver

    @pytest.fixture(autouse=True)
    def _receiver(self, tmp_path: Path) -> Iterator[None]:
        with receiving(LumberjackReceiver(tmp_path)) as self.receiver:
            yield

    def make(self) -> Sink:
        return _sink(self.receiver.port)

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        return _written(self.receiver.events())


def _sink(port: int) -> Sink:
    return lumberjack.build(lumberjack.Config(hosts=(f"127.0.0.1:{port}",)), Context())


def _written(events: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a receiver's own outputs would write: `@metadata` is for it alone."""
    assert all(event["@metadata"]["_id"].startswith("20260131.") for event in events)
    return [{name: value for name, value in event.items() if name != "@metadata"} for event in events]
