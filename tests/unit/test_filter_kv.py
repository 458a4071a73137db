from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.kv import Config, build
from logsluice.model import Event


def with_pairs(event: Event, **options: Any) -> Event:
    [after] = build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    return after


def found(text: Any, **options: Any) -> Any:
    """The pairs, under a target."""
    return with_pairs({"message": text}, target="kv", **options).get("kv", {})


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("a=1 b=two", {"a": "1", "b": "two"}),
        ("a=1   b=2 c", {"a": "1", "b": "2"}),
        ("a = 1 b= 2 c =3", {"a": "1", "b": "2", "c": "3"}),
        ("a= b=2", {"a": "b=2"}),
        ("=x a=1", {"a": "1"}),
        ("a==1", {"a": "=1"}),
        ("a='one two' b=\"three four\"", {"a": "one two", "b": "three four"}),
        ("a=(1 2) b=[3 4] c=<5 6>", {"a": "1 2", "b": "3 4", "c": "5 6"}),
        ('a="x\\"y" b=1', {"a": 'x\\"y', "b": "1"}),
        ('a="open b=2', {"a": '"open', "b": "2"}),
        ("a=\"\" b=''", {}),
        ("a=1 a=2 a=1", {"a": ["1", "2", "1"]}),
        ("a=1\nb=2", {"a": "1\nb=2"}),
        ("k\\ 1=v", {"k\\ 1": "v"}),
        ("é=ü", {"é": "ü"}),
        ("no pairs", {}),
        ("", {}),
        (["a=1", "b=2 a=3", 5], {"a": ["1", "3"], "b": "2"}),
    ],
)
def test_pairs_are_found(text: Any, pairs: dict[str, Any]) -> None:
    assert found(text) == pairs


@pytest.mark.parametrize(
    ("options", "text", "pairs"),
    [
        ({"whitespace": "strict"}, "a = 1 b=2 c= 3", {"b": "2"}),
        ({"field_split": "&?", "value_split": "=:"}, "?a=1&b:2&c=3:4&d", {"a": "1", "b": "2", "c": "3:4"}),
        ({"field_split": "|\t"}, "a=1 2|b=3\tc=4", {"a": "1 2", "b": "3", "c": "4"}),
        ({"field_split_pattern": ", +"}, "a=1,  b=3,4", {"a": "1", "b": "3,4"}),
        (
            {"field_split_pattern": r"\\n", "value_split_pattern": ": "},
            r"Host: a\nAge: 1 d",
            {"Host": "a", "Age": "1 d"},
        ),
        ({"value_split_pattern": "=>"}, "a=>1 b=>2", {"a": "1", "b": "2"}),
        ({"include_brackets": False}, "a=[x y] b=(z)", {"a": "[x", "b": "(z)"}),
        ({"include_keys": ["a", "c"]}, "a=1 b=2", {"a": "1"}),
        ({"exclude_keys": "a"}, "a=1 b=2", {"b": "2"}),
        ({"prefix": "p_", "include_keys": "a"}, "a=1 b=2", {"p_a": "1"}),
        ({"default_keys": ["a", "0", "z", 9]}, "a=1", {"a": "1", "z": 9}),
        ({"default_keys": {"z": "9"}}, "none", {"z": "9"}),
        ({"allow_duplicate_values": False}, "a=1 a=2 a=1", {"a": ["1", "2"]}),
        ({"allow_empty_values": True, "whitespace": "strict"}, "a= b='' c=[] d=", {"a": "", "b": "", "c": "", "d": ""}),
        ({"recursive": True}, "a='b=1 c=2' d=3", {"a": {"b": "1", "c": "2"}, "d": "3"}),
        ({"trim_key": "<>", "trim_value": ",;"}, "<a>=1;, b=,2", {"a": "1", "b": "2"}),
        ({"remove_char_key": "<>", "remove_char_value": ","}, "<a>b=1,2,", {"ab": "12"}),
        ({"transform_key": "uppercase", "transform_value": "capitalize"}, "ab=cD", {"AB": "Cd"}),
        ({"transform_key": "lowercase", "include_keys": "ab"}, "AB=cD", {"ab": "cD"}),
    ],
)
def test_options(options: dict[str, Any], text: str, pairs: dict[str, Any]) -> None:
    assert found(text, **options) == pairs


def test_templates_are_filled_in() -> None:
    event = {"message": "a=1 b=2", "key": "b", "n": "x"}
    assert with_pairs(dict(event), prefix="%{n}_", exclude_keys=["%{key}"]) == {**event, "x_a": "1"}


def test_without_a_target_keys_are_references() -> None:
    after = with_pairs({"q": "[x][y]=1 a=2"}, source="q", add_tag="ok")
    assert after == {"q": "[x][y]=1 a=2", "x": {"y": "1"}, "a": "2", "tags": ["ok"]}


@pytest.mark.parametrize("value", [None, 5, {"a": "b=1"}, "plain"])
def test_without_pairs_nothing_happens(value: Any) -> None:
    assert with_pairs({"message": value}, target="kv", add_tag="ok") == {"message": value}


def test_what_cannot_be_put_tags() -> None:
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    after = with_pairs({"@timestamp": moment, "message": "@timestamp=x"})
    assert after == {"@timestamp": moment, "message": "@timestamp=x", "tags": ["_kv_filter_error"]}
    assert with_pairs({"message": "[a=1"}, tag_on_failure="bad")["tags"] == ["bad"]


def test_a_search_without_end_tags() -> None:
    text = "a=" + "x" * 5000
    after = with_pairs({"message": text}, field_split_pattern="(x+x+)+y", timeout_millis=20, tag_on_timeout="slow")
    assert after == {"message": text, "tags": ["slow"]}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"whitespace": "loose"}, "'strict' or 'lenient'|'lenient' or 'strict'"),
        ({"value_split": ""}, "must not be empty"),
        ({"value_split_pattern": ""}, "must not be empty"),
        ({"field_split_pattern": ""}, "must not be empty"),
        ({"field_split_pattern": "("}, r"regular expression /\(/"),
        ({"transform_key": "shout"}, "lowercase"),
        ({"default_keys": ["a"]}, "even number"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)
