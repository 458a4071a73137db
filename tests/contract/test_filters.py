"""Our filters against the contract suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from logsluice import components
from logsluice.branches import Branch, Chain
from logsluice.components import Context
from logsluice.lang.conditions import compile_condition
from logsluice.model import Filter
from logsluice.testing.filters import FilterSuite
from tests import mmdb


def built(name: str, **options: Any) -> Filter:
    module = components.find("filters", name)
    made: Filter = module.build(module.Config(**options), Context())
    return made


class TestMutate(FilterSuite):
    def make(self) -> Filter:
        return built(
            "mutate",
            rename={"a": "b"},
            convert={"n": "integer"},
            gsub=["text", "o+", "0"],
            split={"list": ","},
            merge={"b": "list"},
            copy={"object": "other"},
            add_field={"[made][here]": "%{n}", "[@metadata][x]": "y"},
            add_tag="seen",
        )

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"a": "x", "n": str(number), "text": "foo", "list": "p,q", "object": {"inner": [1]}}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"n": "many"}, {"made": "a text where an object should go"}, {"tags": {"not": "a list"}}]


class TestDate(FilterSuite):
    def make(self) -> Filter:
        return built("date", match=["time", "ISO8601", "UNIX"], add_tag="dated")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"time": f"2026-01-31T00:00:{number % 60:02d}Z"}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"time": "yesterday"}, {"time": "2026-02-31T00:00:00Z"}]


class TestDrop(FilterSuite):
    def make(self) -> Filter:
        return built("drop", percentage=50)

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": "x"}


class TestGeoip(FilterSuite):
    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> None:
        self.database = mmdb.city(tmp_path)

    def make(self) -> Filter:
        return built("geoip", source="ip", database=str(self.database))

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"ip": "192.0.2.7"}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"ip": "cloudformation.amazonaws.com"}, {"ip": "192.0.2.7", "geoip": "a text"}]


class TestGrok(FilterSuite):
    def make(self) -> Filter:
        return built(
            "grok",
            match={"message": ["%{IP:[peer][ip]} %{INT:bytes:int} %{WORD:word}", "%{WORD:word} again"]},
            overwrite="word",
            add_tag="read",
        )

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f"192.0.2.7 {number} words", "bytes": "12"}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"message": "nothing"}, {"message": "192.0.2.7 1 x", "peer": "a text"}, {"message": ["a again", None]}]


class TestBranch(FilterSuite):
    def make(self) -> Filter:
        return Branch(
            compile_condition("[number] >= 3 and [number] < 8", "logstash"),
            Chain([built("mutate", add_tag="then"), built("mutate", convert={"n": "integer"})]),
            built("mutate", add_tag="else"),
        )

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"n": str(number)}
