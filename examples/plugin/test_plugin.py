# ruff: noqa: D101, D102 - the suites say what is tested
"""The suites that every filter and every sink must pass: `pytest test_plugin.py` with the package installed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from logsluice_example import mask, sqlite

from logsluice.components import Context
from logsluice.testing.filters import FilterSuite
from logsluice.testing.sinks import SinkSuite


class TestMask(FilterSuite):
    def make(self) -> mask.Mask:
        return mask.build(mask.Config(fields=("message",)), Context())

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f"paid with 4111111111111{number:03}"}


class TestSqlite(SinkSuite):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.base = tmp_path

    def make(self) -> sqlite.SqliteSink:
        return sqlite.build(sqlite.Config(path="events.db"), Context(base=self.base))

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        connection = sqlite3.connect(self.base / "events.db")
        try:
            return [json.loads(document) for (document,) in connection.execute("SELECT document FROM events")]
        finally:
            connection.close()
