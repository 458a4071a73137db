"""The small filters: urldecode, prune, truncate, de_dot, uuid."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice import components
from logsluice.components import Context
from logsluice.model import Event


def after(name: str, event: Event, **options: Any) -> Event:
    module = components.find("filters", name)
    [only] = module.build(module.Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    result: Event = only
    return result


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("a%20b+c%2fd", "a b+c/d"),
        ("%C3%A9%E2%98%83", "\N{LATIN SMALL LETTER E WITH ACUTE}\N{SNOWMAN}"),
        ("50%", "50%"),
        ("%4", "%4"),
        ("%g1%41", "%g1A"),
        ("x%FFy\n", "x\\xFFy\\n"),
        ('"%E9"', '"\\xE9"'),
        ("", ""),
        (["%41", {"k": "%42"}, 5], ["A", {"k": "B"}, 5]),
        ({"%41": "%42"}, {"%41": "B"}),
        (None, None),
        (7, 7),
    ],
)
def test_urldecode_decodes_what_is_well_formed(value: Any, decoded: Any) -> None:
    assert after("urldecode", {"message": value}, add_tag="ok") == {"message": decoded, "tags": ["ok"]}


def test_urldecode_takes_another_charset_or_all_fields() -> None:
    assert after("urldecode", {"a": "caf%E9"}, field="a", charset="ISO-8859-1") == {"a": "caf\xe9"}
    assert after("urldecode", {"a": "caf%E9"}, field="a", charset="ASCII-8BIT") == {"a": "caf\xe9"}
    event = {"a": "%41", "b": {"c": ["%42"]}, "@metadata": {"k": "%43"}}
    assert after("urldecode", event, all_fields=True) == {"a": "A", "b": {"c": ["B"]}, "@metadata": {"k": "%43"}}
    with pytest.raises(ValidationError, match="klingon"):
        after("urldecode", {}, charset="klingon")


def test_urldecode_makes_a_missing_field_only_as_logstash() -> None:
    assert after("urldecode", {"a": 1}) == {"a": 1}
    assert after("urldecode", {"a": 1}, semantics="logstash") == {"a": 1, "message": None}


EVENT = {"@timestamp": 0, "a": "200", "ab": ["x", "y", 7], "n": {"a": 1}, "%{lost}": 1, "@metadata": {"_id": "i"}}


@pytest.mark.parametrize(
    ("options", "gone"),
    [
        ({}, ["%{lost}"]),
        ({"whitelist_names": ["^a"]}, ["@timestamp", "n", "%{lost}"]),
        ({"whitelist_names": "b$"}, ["@timestamp", "a", "n", "%{lost}"]),
        ({"blacklist_names": ["^a$", "n"]}, ["a", "n"]),
        ({"blacklist_names": []}, []),
        ({"whitelist_values": {"a": "^3"}}, ["%{lost}", "a"]),
        ({"whitelist_values": {"a": "^2", "missing": "x"}}, ["%{lost}"]),
        ({"blacklist_values": {"a": "00", "n": "a"}}, ["%{lost}", "a"]),
        ({"blacklist_values": {"ab": "."}}, ["%{lost}", "ab"]),
        (
            {"interpolate": True, "whitelist_names": ["^%{[n][a]}", "^@"], "blacklist_names": []},
            ["a", "ab", "n", "%{lost}"],
        ),
    ],
)
def test_prune_removes_fields_by_names_and_values(options: dict[str, Any], gone: list[str]) -> None:
    event = after("prune", dict(EVENT), **options)
    assert event == {name: value for name, value in EVENT.items() if name not in gone}


def test_prune_looks_at_the_elements_of_lists() -> None:
    assert after("prune", dict(EVENT), whitelist_values={"ab": "[xy]"})["ab"] == ["x", "y"]
    assert after("prune", dict(EVENT), blacklist_values={"ab": "x|7"})["ab"] == ["y"]


@pytest.mark.parametrize(
    "options", [{"whitelist_names": "("}, {"blacklist_values": {"a": ["b"]}}, {"whitelist_values": {"a": "["}}]
)
def test_prune_refuses_what_is_no_pattern(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        after("prune", {}, **options)


@pytest.mark.parametrize(
    ("event", "options", "cut"),
    [
        ({"a": "abcdef", "b": "abcdef"}, {"fields": "a"}, {"a": "abc", "b": "abcdef", "tags": ["cut"]}),
        ({"a": "abc", "n": 123456}, {"fields": ["a", "n", "missing"]}, {"a": "abc", "n": 123456}),
        ({"a": "\xe9\xe9\xe9"}, {}, {"a": "\xe9", "tags": ["cut"]}),
        (
            {"a": ["abcd", ["abcd"], 5], "o": {"i": "abcd"}},
            {},
            {"a": ["abc", ["abc"], 5], "o": {"i": "abc"}, "tags": ["cut"]},
        ),
        ({"o": {"i": "abcd"}}, {"fields": "[o][i]"}, {"o": {"i": "abc"}, "tags": ["cut"]}),
        ({"a": ["ab"], "@metadata": {"k": "abcdef"}}, {}, {"a": ["ab"], "@metadata": {"k": "abcdef"}}),
    ],
)
def test_truncate_cuts_texts_at_whole_characters(event: Event, options: dict[str, Any], cut: Event) -> None:
    assert after("truncate", event, length_bytes=3, add_tag="cut", **options) == cut


def test_truncate_needs_a_length() -> None:
    with pytest.raises(ValidationError, match="length_bytes"):
        after("truncate", {}, fields=["a"])


@pytest.mark.parametrize(
    ("event", "options", "renamed"),
    [
        ({"a.b": 1, "c": {"d.e": 2}}, {}, {"a_b": 1, "c": {"d.e": 2}}),
        ({"a.b": 1, "c.d": 2}, {"fields": "a.b", "separator": "-"}, {"a-b": 1, "c.d": 2}),
        ({"a.b.c": 1, "a.b.d": 2}, {"nested": True}, {"a": {"b": {"c": 1, "d": 2}}}),
        ({"c": {"d.e": 2, "f.g": 3}}, {"fields": "[c][d.e]"}, {"c": {"d_e": 2, "f.g": 3}}),
        ({"a.b": [{"c.d": {"e.f": 1}}]}, {"recursive": True}, {"a_b": [{"c_d": {"e_f": 1}}]}),
        (
            {"x": {"a.b": 1}, "y.z": {"c.d": 1}},
            {"recursive": True, "fields": "y.z"},
            {"x": {"a.b": 1}, "y_z": {"c_d": 1}},
        ),
        ({"a": 1}, {"fields": ["a", "no.such"]}, {"a": 1}),
    ],
)
def test_de_dot_renames_fields(event: Event, options: dict[str, Any], renamed: Event) -> None:
    assert after("de_dot", event, **options) == renamed


@pytest.mark.parametrize(
    ("event", "renamed"),
    [
        ({"a": {"b[0].c": 1}}, {"a": {"b[0]": {"c": 1}}}),
        ({".": 1, "o": {"..": 2}}, {"_": 1, "o": {"__": 2}}),
        ({"a.b": 1, "a": None}, {"a": {"b": 1}}),
    ],
)
def test_de_dot_takes_any_name(event: Event, renamed: Event) -> None:
    assert after("de_dot", event, nested=True, recursive=True) == renamed


def test_de_dot_leaves_an_event_its_id() -> None:
    rejected: list[Event] = []
    module = components.find("filters", "de_dot")
    event: Event = {"@metadata._id": "x", "@metadata": {"_id": "own"}}
    module.build(module.Config(nested=True), Context()).apply([event], lambda event, _: rejected.append(event))
    assert rejected == [{"@metadata": {"_id": "own"}}]


def test_de_dot_refuses_a_dot_as_separator() -> None:
    with pytest.raises(ValidationError, match="dot"):
        after("de_dot", {}, separator=".")


def test_a_uuid_is_the_events_own_and_another_for_each_target() -> None:
    first = after("uuid", {"@metadata": {"_id": "x"}}, target="u")["u"]
    assert uuid.UUID(first).version == 4
    assert after("uuid", {"@metadata": {"_id": "x"}}, target="u")["u"] == first
    assert after("uuid", {"@metadata": {"_id": "y"}}, target="u")["u"] != first
    assert after("uuid", {"@metadata": {"_id": "x"}}, target="v")["v"] != first
    assert after("uuid", {}, target="u") != after("uuid", {}, target="u")


def test_a_uuid_replaces_nothing_unless_told_to() -> None:
    assert after("uuid", {"u": "there"}, target="u", add_tag="ok") == {"u": "there", "tags": ["ok"]}
    assert after("uuid", {"u": "there"}, target="u", overwrite=True)["u"] != "there"
