"""Every sink passes the suite of sinks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import opensearch
from logsluice.testing.sinks import SinkSuite
from tests.parts.opensearch import OpenSearch


class TestOpenSearch(SinkSuite):
    @pytest.fixture(autouse=True)
    def _node(self, clean_opensearch: OpenSearch) -> None:
        self.node = clean_opensearch

    def make(self) -> Sink:
        return opensearch.build(opensearch.Config(hosts=(self.node.url,)), Context())

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        return list(self.node.documents("logsluice-*").values())

    def unwanted(self) -> list[Event]:
        no_format, no_time = self.event(-1), self.event(-2)
        del no_format["@metadata"]["format"]
        no_time["@timestamp"] = "not a time"
        return [no_format, no_time]
