from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.dissect import Config, build
from logsluice.model import Event

FAILED = ["_dissectfailure"]


def dissected(event: Event, **options: Any) -> Event:
    [after] = build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    return after


def parts(pattern: str, text: str, **event: Any) -> Event:
    after = dissected({"m": text, **event}, mapping={"m": pattern})
    assert after.pop("m") == text
    return after


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("%{a}", "all of it\n", {"a": "all of it\n"}),
        ("%{a} %{b}", "1 2 3", {"a": "1", "b": "2 3"}),
        ("%{a} %{b}", "1", {"tags": FAILED}),
        ("%{a} %{b}", " 2", {"a": "", "b": "2"}),
        ("%{a}, %{b} [%{c}]", "1, 2 [3] 4", {"a": "1", "b": "2", "c": "3"}),
        ("%{a}, %{b} [%{c}]", "1, 2 [3", {"tags": FAILED}),
        ("<%{pri}>%{rest}", "<13>x", {"pri": "13", "rest": "x"}),
        ("<%{pri}>%{rest}", "x<13>x", {"tags": FAILED}),
        ("%{} %{?b} %{c}", "1 2 3", {"c": "3"}),
        ("%{a} %{?b} %{c}", "1 2 3", {"a": "1", "c": "3"}),
        ("%{a} %{} %{?c}", "1 2 3", {"a": "1"}),
        ("%{a->} %{b}", "1    2  3", {"a": "1", "b": "2  3"}),
        ("%{a->} | %{b} | %{c}", "1 |  | 2 | 3", {"a": "1", "b": "2", "c": "3"}),
        ("%{->} %{b}", "x    2", {"b": "2"}),
        ("%{a}-%{+a}:%{+a}", "x-y:z", {"a": "x-y:z"}),
        ("%{+a/2} %{+a/1} %{+a/4} %{+a/3}", "1 2 3 go", {"a": "2 1 go 3"}),
        ("%{+b} %{a}", "new x", {"b": "new", "a": "x"}),
        ("%{?k}=%{&k}", "name=value", {"name": "value"}),
        ("%{k}=%{&k}", "=value", {"k": ""}),
        ("%{[x][y]} %{[x][z]}", "1 2", {"x": {"y": "1", "z": "2"}}),
        ("%{a}\t%{b}→%{c}", "1\t2→3", {"a": "1", "b": "2", "c": "3"}),
    ],
)
def test_a_pattern_takes_a_text_apart(pattern: str, text: str, found: Event) -> None:
    assert parts(pattern, text) == found


@given(
    st.lists(st.tuples(st.text("ab é", max_size=3), st.sampled_from([", ", "|", "->", "é→", "''"])), min_size=1),
    st.text("ab,|'"),
)
def test_what_was_joined_by_delimiters_comes_apart_again(joined: list[tuple[str, str]], rest: str) -> None:
    pattern = "".join(f"%{{f{n}}}{delimiter}" for n, (_, delimiter) in enumerate(joined)) + "%{rest}"
    text = "".join(value + delimiter for value, delimiter in joined) + rest
    assert parts(pattern, text) == {**{f"f{n}": value for n, (value, _) in enumerate(joined)}, "rest": rest}


def test_parts_are_appended_to_what_is_there() -> None:
    assert parts("%{+a} %{b}", "new x", a=5) == {"a": "5 new", "b": "x"}


def test_the_name_of_an_indirect_part_may_be_a_field_of_the_event() -> None:
    assert parts("%{x} %{&key}", "1 2", key="called") == {"key": "called", "x": "1", "called": "2"}


@pytest.mark.parametrize(
    ("source", "after"),
    [
        ({}, {}),
        ({"m": None}, {"m": None, "tags": FAILED}),
        ({"m": ""}, {"m": "", "tags": FAILED}),
        ({"m": 1.5}, {"m": 1.5, "a": "1", "b": "5", "add": "ed"}),
        ({"m": ["x.y"]}, {"m": ["x.y"], "a": '["x', "b": 'y"]', "add": "ed"}),
        ({"m": "x.y", "b": "old"}, {"m": "x.y", "a": "x", "b": "y", "add": "ed"}),
    ],
)
def test_sources_of_any_kind(source: Event, after: Event) -> None:
    assert dissected(source, mapping={"m": "%{a}.%{b}"}, add_field={"add": "ed"}) == after


def test_what_cannot_be_put_tags() -> None:
    assert dissected({"m": "1 2", "x": "flat"}, mapping={"m": "%{[x][y]} %{b}"}, add_tag="ok")["tags"] == FAILED
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    assert dissected({"m": "1 2", "@timestamp": moment}, mapping={"m": "%{@timestamp} %{b}"})["@timestamp"] == moment


def test_every_mapping_is_a_success_or_failure_of_its_own() -> None:
    after = dissected({"m": "1 2", "n": "x"}, mapping={"m": "%{a} %{b}", "n": "%{c} %{d}"}, add_tag="ok")
    assert after == {"m": "1 2", "n": "x", "a": "1", "b": "2", "tags": ["ok", *FAILED]}


@pytest.mark.parametrize("semantics", ["native", "logstash"])
def test_a_delimiter_at_the_start_is_not_used_up_in_logstash(semantics: str) -> None:
    expected = {
        "native": {"a": "", "b": "b", "c": "c"},
        "logstash": {"a": "", "b": "", "c": ",b,c"},
    }[semantics]
    after = dissected({"m": ",b,c"}, mapping={"m": "%{a},%{b},%{c}"}, semantics=semantics)
    assert after == {"m": ",b,c", **expected}


def test_blanks_at_the_start_with_padding_in_logstash() -> None:
    after = dissected({"m": "   1 2 3"}, mapping={"m": "%{a->} %{b->} %{c}"}, semantics="logstash")
    assert after == {"m": "   1 2 3", "a": "", "b": "1", "c": "2 3"}


@pytest.mark.parametrize(
    ("kind", "value", "after", "tag"),
    [
        ("int", "12", 12, None),
        ("int", "1.9", 1, None),
        ("int", "-1e3", -1000, None),
        ("int", "43947404257507186289", 43947404257507186289, None),
        ("INT", 1.5, 1, None),
        ("float", "2.50", 2.5, None),
        ("float", "2", 2, None),
        ("float", ".5", 0.5, None),
        ("float", "1e400", "1e400", "_dataconversionuncoercible_f_float"),
        ("int", "x", "x", "_dataconversionuncoercible_f_int"),
        ("int", " 1", " 1", "_dataconversionuncoercible_f_int"),
        ("float", "", "", "_dataconversionuncoercible_f_float"),
        ("float", ["1"], ["1"], "_dataconversionuncoercible_f_float"),
        ("int", None, None, "_dataconversionnullvalue_f_int"),
    ],
)
def test_conversions(kind: str, value: Any, after: Any, tag: str | None) -> None:
    expected = {"f": after, **({"tags": [tag]} if tag else {})}
    found = dissected({"f": value}, convert_datatype={"f": kind})
    assert (found, type(found["f"])) == (expected, type(after))


def test_a_missing_field_is_a_null_value() -> None:
    assert dissected({}, convert_datatype={"f": "int"}) == {"tags": ["_dataconversionnullvalue_f_int"]}


def test_conversions_come_behind_the_common_options() -> None:
    after = dissected({"m": "7"}, mapping={"m": "%{n}"}, convert_datatype={"made": "int"}, add_field={"made": "%{n}"})
    assert after == {"m": "7", "n": "7", "made": 7}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mapping": {"m": "literal"}}, "names no field"),
        ({"mapping": {"m": "%{+&x}"}}, "appended and indirect"),
        ({"mapping": {"m": "%{&+x}"}}, "appended and indirect"),
        ({"mapping": {"m": "%{+}"}}, "needs a name"),
        ({"mapping": {"m": "%{&}"}}, "needs a name"),
        ({"mapping": {"m": "%{[a}"}}, "no field reference"),
        ({"mapping": {"m": "%{a}%{b}"}}, r"nothing parts %\{a\}"),
        ({"mapping": ["m"]}, "even number"),
        ({"convert_datatype": {"a": "integer"}}, "not to 'integer'"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)


def test_parts_without_a_delimiter_never_match_in_logstash() -> None:
    assert dissected({"m": "12"}, mapping={"m": "%{a}%{b}"}, semantics="logstash") == {"m": "12", "tags": FAILED}
