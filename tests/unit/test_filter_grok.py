from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.grok import Config, build
from logsluice.filters.grok.library import builtin, definitions
from logsluice.model import Event

FAILED = ["_grokparsefailure"]
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def grokked(event: Event, base: Path | None = None, **options: Any) -> Event:
    made = build(Config(**options), Context(base=base) if base else Context())
    [after] = made.apply([event], lambda *_: pytest.fail("rejected"))
    return after


def captured(text: Any, pattern: Any, **options: Any) -> Event:
    """What a match of one message adds to it or changes."""
    after = grokked({"message": text}, match={"message": pattern}, **options)
    return {name: value for name, value in after.items() if name != "message" or value != text}


@pytest.mark.parametrize(
    ("text", "pattern", "expected"),
    [
        ("eth0 up 12", "%{WORD:nic} %{WORD:state} %{INT:n}", {"nic": "eth0", "state": "up", "n": "12"}),
        ("eth0 up 12", "%{WORD} %{WORD:state} (\\d+)", {"state": "up"}),
        ("x 7 8.25 -3.9", "%{INT:a:int} %{NUMBER:b:float} %{NUMBER:c:int}", {"a": 7, "b": 8.25, "c": -3}),
        ("7", "%{INT:a:long}", {"a": "7"}),
        ("7", "%{INT:a:int:more}", {"a": 7}),
        ("12ms 1e3 .5 nan", "%{NOTSPACE:a:int} %{NOTSPACE:b:int} %{NOTSPACE:c:float} %{WORD:d:float}",
         {"a": 12, "b": 1, "c": 0.5, "d": 0.0}),
        ("k=;", "k=%{DATA:v:int};", {"v": 0}),
        ("k=;", "k=%{DATA:v};", {}),
        ("10 20", "%{INT:n:int} %{INT:n:int}", {"n": 10}),
        ("a 2", "%{WORD:n} %{INT:n:int}", {"n": ["a", 2]}),
        ("a b c", "%{WORD:n} %{WORD:n} %{WORD:n}", {"n": ["a", "b", "c"]}),
        ("up", "%{INT:v:int}|%{WORD:v}", {"v": "up"}),
        ("10.1.2.3:80", "%{IP:[peer][ip]}:%{INT:[peer][port]:int}", {"peer": {"ip": "10.1.2.3", "port": 80}}),
        ("1 2", "(?<[a][b]>\\d) (?<a-c.d>\\d)", {"a": {"b": "1"}, "a-c.d": "2"}),
        ("'x' 'y", "(?<q>['\"])(?<v>.)\\k<q>", {"q": "'", "v": "x"}),
        ("a\\b(?<x>", "a\\\\(?<b>\\w)\\(\\?<x>", {"b": "b"}),
        ("abc", "(?'first'a)(?<rest>.+)", {"first": "a", "rest": "bc"}),
        ("id AB-12", "id %{CODE=[A-Z]{2}-[0-9]+}$", {}),
        ("id AB-12", "id %{CODE:code=[A-Z]{2}-[0-9]+}$", {"code": "AB-12"}),
        ("one two", "%{WORD - whatever is here}$", {}),
        ("100% {x}", "%{INT:p}% \\{%{WORD:w}\\}", {"p": "100", "w": "x"}),
        ("first\nsecond line\nthird", "^%{WORD:w}$", {"w": "first"}),
        ("a\nb", "a%{GREEDYDATA:rest}", {"rest": "\nb"}),
        ("tür", "^%{WORD:w}$", {"tags": FAILED}),
        ("red 1", "%{WORD:tags} %{INT:n}", {"tags": "red", "n": "1"}),
        ("9", "%{INT:[@metadata][n]:int}", {"@metadata": {"n": 9}}),
        ("2026-01-31T12:00:00Z", "%{TIMESTAMP_ISO8601:@timestamp}", {"tags": FAILED}),
        ("WARN: x", "(?i)warn: %{WORD:w}", {"w": "x"}),
        ("no", "%{INT:n}", {"tags": FAILED}),
    ],
)  # fmt: skip
def test_what_is_captured(text: str, pattern: str, expected: Event) -> None:
    assert captured(text, pattern) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (12, {"all": "12"}),
        (1.5, {"all": "1.5"}),
        (1e20, {"all": "1.0e+20"}),
        (True, {"all": "true"}),
        (NOON, {"all": "2026-01-31T12:00:00.000Z"}),
        ({"a": [1, None, {"b": "c"}]}, {"all": '{"a"=>[1, nil, {"b"=>"c"}]}'}),
        ([["x"], "y"], {"all": ['["x"]', "y"]}),
        ([None, "y"], {"all": "y"}),
        (None, {}),
        ("", {}),
        ([], {"tags": FAILED}),
    ],
)
def test_a_source_that_is_no_text_is_tried_as_what_ruby_writes(value: Any, expected: Event) -> None:
    assert captured(value, "^%{GREEDYDATA:all}$") == expected


def test_a_missing_source_is_the_empty_text() -> None:
    assert grokked({}, match={"message": "%{INT:n}"}) == {"tags": FAILED}
    assert grokked({}, match={"message": "%{DATA:n}"}, add_tag="seen") == {"tags": ["seen"]}


def test_each_value_of_a_list_is_tried_and_one_match_is_enough() -> None:
    assert captured(["1", "x", "2"], "^%{INT:n:int}$") == {"n": 1}
    assert captured(["1", "x", "2"], "^%{INT:n}$") == {"n": ["1", "2"]}
    assert captured(["x"], "^%{INT:n}$") == {"tags": FAILED}


@pytest.mark.parametrize(
    ("there", "options", "expected"),
    [
        ("old", {}, ["old", "new"]),
        (["a", 1], {}, ["a", 1, "new"]),
        (None, {}, "new"),
        (5, {}, 5),
        ({"x": 1}, {}, {"x": 1}),
        ("old", {"overwrite": ["w"]}, "new"),
        ({"x": 1}, {"overwrite": "[w]"}, "new"),
        (["old"], {"overwrite": "other"}, ["old", "new"]),
    ],
)
def test_a_field_that_is_there(there: Any, options: dict[str, Any], expected: Any) -> None:
    assert grokked({"m": "new", "w": there}, match={"m": "%{WORD:w}"}, **options)["w"] == expected


def test_a_capture_that_has_no_place_is_a_failure() -> None:
    options: dict[str, Any] = {"match": {"m": "%{WORD:[a][b]}", "n": "%{WORD:w}"}}
    assert grokked({"m": "x", "a": "flat"}, **options) == {"m": "x", "a": "flat", "tags": FAILED}
    assert grokked({"m": "x", "a": "flat", "n": "y"}, **options) == {"m": "x", "a": "flat", "n": "y", "w": "y"}


def test_empty_captures_can_be_kept() -> None:
    kept = captured("a=;", "a=%{DATA:a};(?:b=%{INT:b:int})?%{DATA:c:int}$", keep_empty_captures=True)
    assert kept == {"a": "", "b": None, "c": 0}


def test_every_pattern_can_capture_under_its_own_name() -> None:
    assert captured("10.0.0.1 x", "%{IP:a} %{WORD}", named_captures_only=False) == {
        "a": "10.0.0.1",
        "IPV4": "10.0.0.1",
        "WORD": "x",
    }


def test_captures_go_under_a_target() -> None:
    assert captured("x 5", "%{WORD:a} %{INT:[b][c]:int}", target="[out][in]") == {
        "out": {"in": {"a": "x", "b": {"c": 5}}}
    }
    assert captured("x", "%{WORD:a}", target="out", overwrite="a") == {"out": {"a": "x"}}


def test_the_first_pattern_that_matches_ends_it_unless_told_otherwise() -> None:
    both = ["%{INT:n}", "%{WORD:w}"]
    assert captured("ab 1", both) == {"n": "1"}
    assert captured("ab 1", both, break_on_match=False) == {"n": "1", "w": "ab"}
    assert captured("1 ab", ["%{INT:n}", "^%{INT:m}$"], break_on_match=False) == {"n": "1", "tags": FAILED}
    fields = {"a": "%{INT:n}", "b": "%{INT:m}"}
    assert grokked({"a": "1", "b": "2"}, match=fields) == {"a": "1", "b": "2", "n": "1"}
    assert grokked({"a": "1", "b": "2"}, match=fields, break_on_match=False) == {"a": "1", "b": "2", "n": "1", "m": "2"}


def test_tags_of_failure_are_literal_and_the_common_options_follow_success_only() -> None:
    options: dict[str, Any] = {"tag_on_failure": ["bad", "%{message}"], "add_field": {"seen": "%{n}"}}
    assert captured("x", "%{INT:n}", **options) == {"tags": ["bad", "%{message}"]}
    assert captured("1", "%{INT:n}", **options) == {"n": "1", "seen": "1"}
    assert captured("x", "%{INT:n}", tag_on_failure=[]) == {}


@pytest.mark.parametrize("scope", ["pattern", "event"])
def test_a_match_that_takes_too_long_is_given_up(scope: str) -> None:
    options: dict[str, Any] = {"timeout_millis": 20, "timeout_scope": scope, "tag_on_timeout": "slow"}
    assert captured("a" * 40, ["^(?:a|aa)+b$", "%{WORD:w}"], **options) == {"tags": ["slow"]}
    assert captured("a" * 40, "%{WORD:w}", **options) == {"w": "a" * 40}


def test_patterns_of_your_own(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "a.grok").write_text("# mine\n\nCODE\t[A-Z]{2}%{TAIL}\n  TAIL -\\d+ \nALONE\nWORD [0-9]+\n")
    (tmp_path / "own" / "b.other").write_text("CODE nothing\n")
    options: dict[str, Any] = {"patterns_dir": "own", "patterns_files_glob": "*.grok"}
    match = {"m": "%{CODE:code}%{WORD:n}"}
    assert grokked({"m": "AB-1 22"}, tmp_path, match=match, **options) == {"m": "AB-1 22", "code": "AB-1 ", "n": "22"}
    told = grokked({"m": "cd 1"}, tmp_path, match=match, pattern_definitions={"CODE": "cd "}, **options)
    assert told == {"m": "cd 1", "code": "cd ", "n": "1"}


def test_a_file_of_patterns() -> None:
    assert definitions("A  b c \n# C d\n  E f\nG\n") == {"A": "b c ", "E": "f"}


@pytest.mark.parametrize(
    ("pattern", "definitions", "problem"),
    [
        ("%{WORD:x} (", {}, "match, for the field message: '%{WORD:x} (' makes no regular expression: missing )"),
        ("%{WRD:x}", {}, "match, for the field message: there is no grok pattern 'WRD'; did you mean 'WORD'?"),
        (
            "%{A}",
            {"A": "%{B}", "B": "-%{A}"},
            "match, for the field message: the grok pattern 'A' contains itself: A > B > A",
        ),
        (
            "%{WORD:[a}",
            {},
            "match, for the field message: '[a' is no field reference: write [outer][inner]",
        ),
    ],
)
def test_a_wrong_pattern_is_told_at_the_start(pattern: str, definitions: dict[str, str], problem: str) -> None:
    config = Config(match={"message": (pattern,)}, pattern_definitions=definitions)
    with pytest.raises(ValueError, match=r"^match") as raised:
        build(config, Context())
    assert str(raised.value) == problem


def test_a_wrong_option_is_told() -> None:
    with pytest.raises(ValidationError, match="timeout_scope"):
        Config.model_validate({"match": {"message": "x"}, "timeout_scope": "day"})


def test_the_two_sets_of_patterns_have_the_same_names_for_logs() -> None:
    assert set(builtin()) <= set(builtin(ecs=True))
