"""The sinks `store` and `stdout` pass the suite of sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import stdout, store
from logsluice.store.query import StoreQuery
from logsluice.testing.sinks import SinkSuite


def too_deep(event: Event) -> Event:
    inner: dict[str, Any] = {}
    event["deep"] = inner
    for _ in range(300):
        inner["deeper"] = inner = {}
    return event


class TestStore(SinkSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self) -> Sink:
        return store.build(store.Config(path=Path("store")), Context(base=self.folder))

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        with StoreQuery(self.folder / "store") as query:
            return [hit.event for hit in query.search(size=10_000).hits]

    def unwanted(self) -> list[Event]:
        return [too_deep(self.event(-1))]


class TestStdout(SinkSuite):
    @pytest.fixture(autouse=True)
    def _output(self, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
        self.capture = capsysbinary

    def make(self) -> Sink:
        return stdout.build(stdout.Config(), Context())

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        return [orjson.loads(line) for line in self.capture.readouterr().out.splitlines()]

    def unwanted(self) -> list[Event]:
        return [too_deep(self.event(-1))]
