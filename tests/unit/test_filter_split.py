from __future__ import annotations

from typing import Any

import pytest

from logsluice.components import Context
from logsluice.filters.split import Config, build
from logsluice.model import Event


def parts(event: Event, **options: Any) -> list[Event]:
    return build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))


@pytest.mark.parametrize(
    ("value", "options", "values"),
    [
        ("a\nb\n\nc", {}, ["a", "b", "c"]),
        ("a", {}, ["a"]),
        ("a\n", {}, ["a"]),
        ("", {}, []),
        ("\n\n", {}, []),
        ("a#b", {"terminator": "#"}, ["a", "b"]),
        (" a  b ", {"terminator": " "}, ["a", "b"]),
        ("ab", {"terminator": ""}, ["a", "b"]),
        ([1, "", None, {"k": [2]}, "x", False], {}, [1, {"k": [2]}, "x", False]),
        (["one"], {}, ["one"]),
        ([], {}, []),
    ],
)
def test_every_part_is_an_event(value: Any, options: dict[str, Any], values: list[Any]) -> None:
    assert parts({"message": value, "other": {"k": 1}}, **options) == [
        {"message": part, "other": {"k": 1}} for part in values
    ]


@pytest.mark.parametrize("value", [5, None, {"a": 1}, True])
def test_other_types_tag(value: Any) -> None:
    tagged = {"v": value, "tags": ["_split_type_failure"]}
    assert parts({"v": value}, field="v", add_tag="ok") == [tagged]


def test_a_missing_field_tags() -> None:
    assert parts({}) == [{"tags": ["_split_type_failure"]}]


def test_parts_have_ids_of_their_own() -> None:
    event = {"l": ["a", None, "b"], "@metadata": {"_id": "20260131.00.7", "position": 7}}
    assert [part["@metadata"] for part in parts(event, field="l")] == [
        {"_id": "20260131.00.7.1", "position": 7},
        {"_id": "20260131.00.7.2", "position": 7},
    ]


def test_parts_share_nothing_and_get_the_common_options() -> None:
    one, two = parts({"l": ["a", "b"], "o": {"k": []}}, field="l", target="part", add_field={"n": "%{part}"})
    one["o"]["k"].append(1)
    one["l"].append(1)
    assert two == {"l": ["a", "b"], "o": {"k": []}, "part": "b", "n": "b"}


def test_a_text_in_one_piece_gets_no_common_options() -> None:
    assert parts({"message": "a"}, add_tag="ok") == [{"message": "a"}]


def test_a_target_that_cannot_be_set_rejects() -> None:
    reasons: list[str] = []
    made = build(Config(field="l", target="[x][y]"), Context())
    assert made.apply([{"l": ["a"], "x": "flat"}], lambda _, reason: reasons.append(reason)) == []
    assert reasons == ["split: can't set [x][y]: there is no 'y' in a str"]
