"""The output `file` passes the suite of sinks, plain and compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import file
from logsluice.testing.sinks import SinkSuite


class TestFile(SinkSuite):
    compress = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make(self) -> Sink:
        options = {"path": "%{+yyyy-MM-dd}/%{[@metadata][format]}.ndjson", "gzip": self.compress}
        return file.build(file.Config.model_validate(options), Context(base=self.folder))

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        contents = [path.read_bytes() for path in self.folder.rglob("*.ndjson")]
        texts = [gzip.decompress(content) if self.compress else content for content in contents]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def unwanted(self) -> list[Event]:
        no_format, no_time = self.event(-1), self.event(-2)
        del no_format["@metadata"]["format"]
        no_time["@timestamp"] = "not a time"
        return [no_format, no_time]


class TestCompressedFile(TestFile):
    compress = True
