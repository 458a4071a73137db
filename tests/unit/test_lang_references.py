from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.lang.references import MISSING, CannotSet, InvalidReference, Reference

EVENT: dict[str, Any] = {
    "status": 200,
    "none": None,
    "a.b": "dotted",
    "outer": {"inner": {"deep": "x"}, "list": [{"k": 1}, {"k": 2}]},
    "@metadata": {"s3": {"bucket": "logs"}},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("status", 200),
        ("[status]", 200),
        ("a.b", "dotted"),
        ("none", None),
        ("[outer][inner][deep]", "x"),
        ("[outer][list][0][k]", 1),
        ("[outer][list][-1][k]", 2),
        ("[@metadata][s3][bucket]", "logs"),
        ("missing", MISSING),
        ("[outer][missing][deep]", MISSING),
        ("[outer][list][2]", MISSING),
        ("[outer][list][-3]", MISSING),
        ("[outer][list][k]", MISSING),
        ("[status][x]", MISSING),
        ("[none][x]", MISSING),
    ],
)
def test_find_follows_names_and_indexes(text: str, value: Any) -> None:
    reference = Reference(text)
    assert reference.find(EVENT) is value
    assert reference.get(EVENT, "default") == ("default" if value is MISSING else value)
    assert reference.exists(EVENT) is (value is not MISSING)


@pytest.mark.parametrize("text", ["", "[", "[]", "[a", "a]", "a[b]", "[a]b", "[a][]", "[[a]]", "[a] [b]"])
def test_a_text_that_names_no_field_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference, match="no field reference"):
        Reference(text)


@pytest.mark.parametrize(
    ("event", "text", "after"),
    [
        ({}, "a", {"a": 1}),
        ({}, "[a][b][c]", {"a": {"b": {"c": 1}}}),
        ({"a": None}, "[a][b]", {"a": {"b": 1}}),
        ({"a": [0, 0]}, "[a][1]", {"a": [0, 1]}),
        ({"a": [0, 0]}, "[a][-2]", {"a": [1, 0]}),
        ({"a": [0]}, "[a][3]", {"a": [0, None, None, 1]}),
        ({"a": [{}]}, "[a][0][b]", {"a": [{"b": 1}]}),
        ({"a": []}, "[a][0][b]", {"a": [{"b": 1}]}),
        ({}, "[a][0]", {"a": {"0": 1}}),
    ],
)
def test_set_makes_what_is_missing_on_the_way(event: dict[str, Any], text: str, after: dict[str, Any]) -> None:
    Reference(text).set(event, 1)
    assert event == after


@pytest.mark.parametrize(
    ("event", "text"),
    [
        ({"a": "text"}, "[a][b]"),
        ({"a": 5}, "[a][b][c]"),
        ({"a": []}, "[a][name]"),
        ({"a": []}, "[a][-1]"),
        ({"a": []}, "[a][999999999]"),
    ],
)
def test_set_refuses_what_can_hold_nothing_and_leaves_the_event(event: dict[str, Any], text: str) -> None:
    before = dict(event)
    with pytest.raises(CannotSet, match="can't set"):
        Reference(text).set(event, 1)
    assert event == before


def test_timestamp_takes_only_times_and_turns_them_to_utc() -> None:
    event: dict[str, Any] = {}
    east = timezone(timedelta(hours=9))
    Reference("[@timestamp]").set(event, datetime(2026, 1, 31, 9, tzinfo=east))
    assert event["@timestamp"] == datetime(2026, 1, 31, tzinfo=UTC)
    assert event["@timestamp"].tzinfo is UTC
    for value in ("2026-01-31T00:00:00Z", None, 5, datetime(2026, 1, 31)):
        with pytest.raises(CannotSet, match="@timestamp takes only a time"):
            Reference("@timestamp").set(event, value)


def test_metadata_as_a_whole_stays() -> None:
    event: dict[str, Any] = {"@metadata": {"_id": "x"}}
    with pytest.raises(CannotSet):
        Reference("@metadata").delete(event)
    with pytest.raises(CannotSet):
        Reference("@metadata").set(event, "text")
    assert Reference("[@metadata][_id]").delete(event) == "x"
    assert event == {"@metadata": {}}


@pytest.mark.parametrize(
    ("text", "value", "after"),
    [
        ("a", {"b": [1, 2]}, {"c": None}),
        ("[a][b][0]", 1, {"a": {"b": [2]}, "c": None}),
        ("[a][b][-1]", 2, {"a": {"b": [1]}, "c": None}),
        ("[a][b][9]", MISSING, {"a": {"b": [1, 2]}, "c": None}),
        ("[a][x][y]", MISSING, {"a": {"b": [1, 2]}, "c": None}),
        ("c", None, {"a": {"b": [1, 2]}}),
        ("[c][d]", MISSING, {"a": {"b": [1, 2]}, "c": None}),
    ],
)
def test_delete_gives_what_was_there(text: str, value: Any, after: dict[str, Any]) -> None:
    event: dict[str, Any] = {"a": {"b": [1, 2]}, "c": None}
    assert Reference(text).delete(event) == value
    assert event == after


NAMES = st.text(st.characters(exclude_characters="[]"), min_size=1).filter(lambda name: name[0] != "@")


@given(st.lists(NAMES, min_size=1, max_size=5), st.integers())
def test_what_was_set_is_found_and_can_be_deleted(path: list[str], value: int) -> None:
    event: dict[str, Any] = {}
    reference = Reference("".join(f"[{name}]" for name in path))
    reference.set(event, value)
    assert reference.find(event) == value
    assert reference.delete(event) == value
    assert not reference.exists(event)
