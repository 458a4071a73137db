"""The sink `archive` passes the suite of sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from logsluice.archive.query import ArchiveQuery
from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.model import Event, Sink
from logsluice.sinks import archive
from logsluice.testing.sinks import SinkSuite
from tests.contract.test_sink_store import too_deep
from tests.parts.moto_server import MotoServer


class TestArchive(SinkSuite):
    """The suite's first hundred events lie in no window, so each is an object of its own; then each hundred in one."""

    @pytest.fixture(autouse=True)
    def _bucket(self, aws: MotoServer) -> None:
        aws.client("s3").create_bucket(Bucket="archive")

    def make(self) -> Sink:
        return archive.build(archive.Config(to="s3://archive/logs"), Context())

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        try:
            with ArchiveQuery("s3://archive/logs") as query:
                return [hit.event for hit in query.search(size=10_000).hits]
        except UsageError:  # a prefix that holds no object yet
            return []

    def event(self, number: int) -> Event:
        event = super().event(number)
        if number >= 100:
            event["@metadata"]["window"] = f"20260131.00112233445566778899.{number // 100 * 100}"
        return event

    def unwanted(self) -> list[Event]:
        return [too_deep(self.event(-1))]
