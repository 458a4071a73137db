"""Our filters against the contract suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
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
from tests.parts.ruby import need_ruby


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


class TestDissect(FilterSuite):
    def make(self) -> Filter:
        return built(
            "dissect",
            mapping={"message": "%{a} %{[b][c]} %{+d} %{&a}", "other": "%{e}:%{f->}:%{g}"},
            convert_datatype={"a": "int"},
            add_tag="dissected",
        )

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f"{number} b d x", "other": "e:f:::g"}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"message": "too few"}, {"message": "[bad b d x"}, {"message": "1 b d x", "b": "flat"}]


class TestJson(FilterSuite):
    def make(self) -> Filter:
        return built("json", source="message", add_tag="parsed")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f'{{"n": {number}, "o": {{"l": [1]}}, "@metadata": {{"k": [1]}}}}'}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"message": "["}, {"message": '{"@timestamp": 5}'}, {"message": '{"tags": 5}'}, {"message": '{"[": 1}'}]


class TestKv(FilterSuite):
    def make(self) -> Filter:
        return built("kv", prefix="%{p}", recursive=True, default_keys={"z": "1"}, add_tag="found")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f"a={number} b=[c=1 d=2] a=2", "p": "x_"}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"message": "[=1"}, {"message": "@timestamp=now", "p": ""}]


class TestCsv(FilterSuite):
    def make(self) -> Filter:
        return built("csv", columns=["n", "[o][p]"], convert={"n": "integer"}, skip_header=True, add_tag="read")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f'{number},"a b",c'}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"message": 'a,"b'}, {"message": "1,2", "o": "flat"}]


class TestSplit(FilterSuite):
    multiplies = True

    def make(self) -> Filter:
        return built("split", field="list", target="part", add_tag="split")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"list": [{"n": number}, [1, {"k": 2}], "x"]}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"list": 5}, {"list": "a\nb"}, {"list": []}]


class TestClone(FilterSuite):
    multiplies = True

    def make(self) -> Filter:
        return built("clone", clones=["a", "b"], add_field={"from": "%{o}"})

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"o": {"l": [number]}, "from": ["x"]}


class TestFork(FilterSuite):
    multiplies = True

    def make(self) -> Filter:
        return built("fork", to="side", number=2)

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"o": {"l": [number]}}


class TestTranslate(FilterSuite):
    def make(self) -> Filter:
        return built("translate", source="code", dictionary={"200": {"l": ["ok"]}}, fallback="no %{code}", add_tag="t")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"code": 200 + number % 2}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"code": [{}]}, {"code": "200", "translation": None}]


class TestXml(FilterSuite):
    def make(self) -> Filter:
        return built("xml", source="message", target="[doc][x]", xpath={"//b/text()": "b"}, add_tag="read")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": f"<a n='{number}'><b>1</b><b>2</b></a>"}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"message": "<a><b>"}, {"message": "<a/>", "doc": "flat"}]


class TestBranch(FilterSuite):
    def make(self) -> Filter:
        return Branch(
            compile_condition("[number] >= 3 and [number] < 8", "logstash"),
            Chain([built("mutate", add_tag="then"), built("mutate", convert={"n": "integer"})]),
            built("mutate", add_tag="else"),
        )

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"n": str(number)}


@cache
def ruby() -> Filter:
    """One for the whole suite, for each has a process of its own."""
    return built("ruby", code='event.set("n", event.get("text").upcase); event.set("[l][0]", 1)', add_tag="seen")


class TestRuby(FilterSuite):
    def make(self) -> Filter:
        need_ruby()
        return ruby()

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"text": f"x{number}", "l": [0]}


class TestPython(FilterSuite):
    multiplies = True

    def make(self) -> Filter:
        return built("python", code="event['n'] = get('text').upper()\nreturn [event, {'copy': get('[l][0]')}]")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"text": f"x{number}", "l": [0]}


class TestFingerprint(FilterSuite):
    def make(self) -> Filter:
        return built("fingerprint", source=["a", "b"], method="MURMUR3_128", concatenate_sources=True)

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"a": f"x{number}", "b": {"c": [number]}}


class TestFingerprintOfNetworks(FilterSuite):
    def make(self) -> Filter:
        return built("fingerprint", source="ip", method="IPV4_NETWORK", key="24")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"ip": f"192.0.2.{number % 256}"}


class TestUseragent(FilterSuite):
    def make(self) -> Filter:
        return built("useragent", source="ua", target="ua")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"ua": "Mozilla/5.0 (Windows NT 10.0; rv:115.0) Gecko/20100101 Firefox/115.0"}


class TestCidr(FilterSuite):
    def make(self) -> Filter:
        return built("cidr", address="%{ip}", network=["192.0.2.0/24", "%{net}"], add_tag="in")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"ip": f"198.51.100.{number % 256}", "net": "198.51.100.0/25"}


class TestUrldecode(FilterSuite):
    def make(self) -> Filter:
        return built("urldecode", all_fields=True)

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": "a%20b%FF", "list": ["%41", {"k": "%42"}]}


class TestPrune(FilterSuite):
    def make(self) -> Filter:
        return built("prune", blacklist_names=["^secret", "%{other}"], whitelist_values={"a": "^x"}, interpolate=True)

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"secrets": [1], "a": ["x", "y"], "other": "^gone$", "gone": 1}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"other": "("}, {"other": "[a"}]


class TestTruncate(FilterSuite):
    def make(self) -> Filter:
        return built("truncate", length_bytes=2, add_tag="cut")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"message": "abcdef", "list": ["abcdef", {"k": "abcdef"}]}


class TestDeDot(FilterSuite):
    def make(self) -> Filter:
        return built("de_dot", nested=True, recursive=True)

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"a.b": {"c.d": number}, "a.e": [{"f.g": 1}]}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"a": "a text where an object should go", "a.b": 1}, {".": 1, "..": 2, "a.": 3}]


class TestUuid(FilterSuite):
    def make(self) -> Filter:
        return built("uuid", target="[made][uuid]")

    def fields(self, number: int) -> Mapping[str, Any]:
        return {"made": {}}

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        return [{"made": "a text where an object should go"}]
