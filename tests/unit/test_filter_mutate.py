from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.mutate import Config, build
from logsluice.model import Event

FAILED = ["_mutate_error"]


def mutated(event: Event, **options: Any) -> Event:
    [after] = build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    return after


@pytest.mark.parametrize(
    ("kind", "value", "converted"),
    [
        ("integer", "12", 12),
        ("integer", "-12.7", -12),
        ("integer", " +5 ", 5),
        ("integer", "1e3", 1000),
        ("integer", "0x1F", 31),
        ("integer", "007", 7),
        ("integer", "1,234", 1234),
        ("integer", "9223372036854775808.0", 9223372036854775808),
        ("integer", 3.9, 3),
        ("integer", True, 1),
        ("integer", ["1", 2.5, None], [1, 2, None]),
        ("integer", {"a": "1"}, {"a": "1"}),
        ("integer", None, None),
        ("integer_eu", "1.234,9", 1234),
        ("integer_eu", 5, 5),
        ("float", "1,234.5", 1234.5),
        ("float", "-0x1.8p1", -3.0),
        ("float", "1.5e2", 150.0),
        ("float", 3, 3.0),
        ("float_eu", "1.234,5", 1234.5),
        ("float_eu", False, 0.0),
        ("boolean", "Yes", True),
        ("boolean", "F", False),
        ("boolean", 1.0, True),
        ("boolean", 0, False),
        ("boolean", "maybe", "maybe"),
        ("boolean", 2, 2),
        ("string", 1e20, "1.0e+20"),
        ("string", False, "false"),
        ("string", [1, "a"], ["1", "a"]),
        ("string", datetime(2026, 1, 31, tzinfo=UTC), "2026-01-31T00:00:00.000Z"),
    ],
)
def test_convert(kind: str, value: Any, converted: Any) -> None:
    after = mutated({"v": value}, convert={"v": kind})
    assert after == {"v": converted}
    assert type(after["v"]) is type(converted)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", "abc"),
        ("integer", "12abc"),
        ("integer", ""),
        ("integer", "1e9999999"),
        ("integer", "9" * 5000),
        ("integer", ["1", "x"]),
        ("float", "nan"),
        ("float", "infinity"),
        ("float", "1_000"),
        ("integer", datetime(2026, 1, 31, tzinfo=UTC)),
    ],
)
def test_what_can_not_be_converted_stays_and_tags(kind: str, value: Any) -> None:
    assert mutated({"v": copy.deepcopy(value)}, convert={"v": kind}, add_tag="no") == {"v": value, "tags": FAILED}


@pytest.mark.parametrize(
    ("options", "event", "after"),
    [
        ({"coerce": {"a": "x%{b}", "c": "y"}}, {"a": None, "b": 1}, {"a": "x1", "b": 1}),
        ({"coerce": {"a": 5}}, {"a": ""}, {"a": ""}),
        ({"rename": {"a": "b"}}, {"a": None, "b": 2}, {"b": None}),
        ({"rename": {"a": "[b][c]", "%{k}": "x"}}, {"a": 1, "k": "d", "d": 2}, {"k": "d", "b": {"c": 1}, "x": 2}),
        ({"rename": {"a": "b"}}, {"b": 1}, {"b": 1}),
        ({"update": {"a": "%{b}", "c": "x"}}, {"a": 1, "b": 2}, {"a": "2", "b": 2}),
        ({"replace": {"a": "%{b}", "c": "%{a}"}}, {"a": 1, "b": 2}, {"a": "2", "b": 2, "c": "2"}),
        ({"gsub": ["a", "/", "_"]}, {"a": "x/y/z"}, {"a": "x_y_z"}),
        ({"gsub": ["a", "[\\\\?#-]", ".", "a", "^x", "y"]}, {"a": "x?y#-"}, {"a": "y.y.."}),
        ({"gsub": ["a", r"(\d+)-(\d+)", r"\2:\1"]}, {"a": ["1-2", 3, None]}, {"a": ["2:1", 3, None]}),
        ({"gsub": ["a", "%{p}", "%{r}"]}, {"a": "a.b", "p": "[.]", "r": "-"}, {"a": "a-b", "p": "[.]", "r": "-"}),
        ({"gsub": ["a", "x", "y", "b", "x", "y"]}, {"a": 5, "b": {"x": "x"}}, {"a": 5, "b": {"x": "x"}}),
        ({"uppercase": "a", "lowercase": ["b"]}, {"a": "straße", "b": ["ÉA", 1]}, {"a": "STRASSE", "b": ["éa", 1]}),
        ({"capitalize": "a"}, {"a": "éCOLE normale"}, {"a": "École normale"}),
        ({"strip": ["a", "b"]}, {"a": "\t x \n\0", "b": [" y", 1]}, {"a": "x", "b": ["y", 1]}),
        ({"split": {"a": ","}}, {"a": "x,,y,,"}, {"a": ["x", "", "y"]}),
        ({"split": {"a": " "}}, {"a": "  x  y "}, {"a": ["x", "y"]}),
        ({"split": {"a": ""}}, {"a": "xy"}, {"a": ["x", "y"]}),
        ({"split": {"a": ","}}, {"a": 5}, {"a": 5}),
        ({"join": {"a": "-"}}, {"a": ["x", 1.0, None, [True]]}, {"a": "x-1.0--true"}),
        ({"join": {"a": "-"}}, {"a": "x"}, {"a": "x"}),
        ({"merge": {"a": "b"}}, {"a": "x", "b": ["y"]}, {"a": ["x", "y"], "b": ["y"]}),
        ({"merge": {"a": ["b", "c"]}}, {"b": 1, "c": [2, 3]}, {"a": [1, 2, 3], "b": 1, "c": [2, 3]}),
        ({"merge": {"a": "b"}}, {"a": {"p": 1, "q": 1}, "b": {"q": 2}}, {"a": {"p": 1, "q": 2}, "b": {"q": 2}}),
        ({"merge": {"a": "b"}}, {"a": {"p": 1}, "b": "x"}, {"a": {"p": 1}, "b": "x"}),
        ({"merge": {"a": "b"}}, {"b": {"p": 1}}, {"b": {"p": 1}}),
        ({"merge": {"a": "b"}}, {}, {}),
        ({"copy": {"a": "b", "c": "d"}}, {"a": [1], "c": None}, {"a": [1], "b": [1], "c": None}),
    ],
)
def test_operations(options: dict[str, Any], event: Event, after: Event) -> None:
    assert mutated(event, **options) == after


def test_operations_run_in_logstashs_order() -> None:
    options: dict[str, Any] = {
        "add_field": {"end": "%{b}"},
        "copy": {"b": "c"},
        "join": {"b": "-"},
        "split": {"b": ","},
        "strip": "b",
        "uppercase": "b",
        "gsub": ["b", "x", "y"],
        "replace": {"z": "%{b}"},
        "rename": {"a": "b"},
    }
    assert mutated({"a": " x,x "}, **options) == {"b": "Y-Y", "c": "Y-Y", "end": "Y-Y", "z": " x,x "}


def test_copies_share_nothing() -> None:
    after = mutated({"a": {"l": [1]}, "m": [[2]]}, copy={"a": "b"}, merge={"n": "m"})
    after["a"]["l"].append(9)
    after["m"][0].append(9)
    assert (after["b"], after["n"]) == ({"l": [1]}, [[2]])


def test_an_error_ends_the_work_and_keeps_what_was_done() -> None:
    options: dict[str, Any] = {"rename": {"a": "b"}, "convert": {"v": "integer"}, "uppercase": "b", "add_tag": "done"}
    assert mutated({"a": "x", "v": "?"}, **options) == {"b": "x", "v": "?", "tags": FAILED}


def test_timestamp_takes_no_text() -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    assert mutated({"@timestamp": now}, replace={"@timestamp": "x"}) == {"@timestamp": now, "tags": FAILED}


def test_the_failure_tag_can_be_chosen() -> None:
    assert mutated({"v": "?"}, convert={"v": "float"}, tag_on_failure="_odd") == {"v": "?", "tags": ["_odd"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"convert": {"a": "int"}}, "'string', 'integer', 'float', 'boolean'"),
        ({"gsub": ["a", "b"]}, "threes of field, pattern, replacement"),
        ({"gsub": ["a", "(", "x"]}, "regular expression"),
        ({"rename": ["a", "b", "c"]}, "even number of items"),
        ({"uppercase": "[a"}, "no field reference"),
        ({"renam": {"a": "b"}}, "Extra inputs"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)
