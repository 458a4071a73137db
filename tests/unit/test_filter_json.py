from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.json import Config, build
from logsluice.model import Event

FAILED = ["_jsonparsefailure"]
BEFORE = datetime(2020, 1, 1, tzinfo=UTC)


def parsed(event: Event, **options: Any) -> Event:
    made = build(Config(**{"source": "m", **options}), Context())
    [after] = made.apply([event], lambda *_: pytest.fail("rejected"))
    return after


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ('{"a": 1, "b": {"c": [true, null]}}', {"a": 1, "b": {"c": [True, None]}, "ok": "1"}),
        (' {"m": "new"} ', {"m": "new", "ok": "1"}),
        ('{"[x][y]": 1}', {"x": {"y": 1}, "ok": "1"}),
        ('{"old": {"n": 1}}', {"old": {"n": 1}, "ok": "1"}),
        ("{}", {"ok": "1"}),
        ("{", {"tags": FAILED}),
        ("", {"tags": FAILED}),
        ("[1]", {"tags": FAILED}),
        ("5", {"tags": FAILED}),
        ('{"a": NaN}', {"tags": FAILED}),
        ('{"[x": 1}', {"tags": FAILED}),
        ('{"tags": "one"}', {"tags": "one", "ok": "1"}),
        ('{"tags": ["a", "b"]}', {"tags": ["a", "b"], "ok": "1"}),
        ('{"a": 1, "tags": null}', {"tags": FAILED}),
        ('{"a": 1, "tags": {"k": 1}}', {"tags": FAILED}),
        ('{"a": 1, "tags": [1]}', {"tags": FAILED}),
        ('{"@metadata": 5}', {"tags": FAILED}),
        ('{"@timestamp": "2026-01-31T13:00:00.5+01:00"}', {"@timestamp": datetime(2026, 1, 31, 12, 0, 0, 500000, UTC)}),
        ('{"@timestamp": null}', {"ok": "1"}),
    ],
)
def test_the_keys_of_an_object_become_fields(text: str, fields: Event) -> None:
    event = {"@timestamp": BEFORE, "m": text, "old": {"o": 0}}
    after = parsed(dict(event), add_field={"ok": "1"})
    if "@timestamp" in fields:
        fields = {**fields, "ok": "1"}
    assert after == {**event, **fields}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1, 2]", [1, 2]),
        ('"text"', "text"),
        ("null", None),
        ("", None),
        (" \n", None),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("[1.5e3, -0.0, 1e-10]", [1500.0, 0.0, 1e-10]),
        ('{"@timestamp": "no time", "tags": 5}', {"@timestamp": "no time", "tags": 5}),
    ],
)
def test_a_target_takes_any_value(text: str, value: Any) -> None:
    assert parsed({"m": text}, target="[d][x]") == {"m": text, "d": {"x": value}}


@pytest.mark.parametrize("value", [None, False])
def test_nothing_to_read_changes_nothing(value: Any) -> None:
    assert parsed({"m": value}, add_tag="ok") == {"m": value}
    assert parsed({}, add_tag="ok") == {}


@pytest.mark.parametrize("value", [5, True, {"a": 1}, ['{"a": 1}']])
def test_what_is_no_text_tags(value: Any) -> None:
    assert parsed({"m": value}, tag_on_failure=["x", "y"]) == {"m": value, "tags": ["x", "y"]}


def test_other_text_may_be_skipped_without_a_tag() -> None:
    assert parsed({"m": "plain"}, skip_on_invalid_json=True, add_tag="ok") == {"m": "plain"}


def test_a_target_that_cannot_be_set_tags() -> None:
    assert parsed({"m": "{}", "d": "flat"}, target="[d][x]") == {"m": "{}", "d": "flat", "tags": FAILED}


@pytest.mark.parametrize(("value", "kept"), [('"soon"', "soon"), ("5", "5"), ('{"a":1}', '{"a":1}')])
def test_a_bad_timestamp_is_put_aside(value: str, kept: str) -> None:
    earliest = datetime.now(UTC)
    after = parsed({"@timestamp": BEFORE, "m": f'{{"@timestamp": {value}, "a": 1}}'}, add_tag="ok")
    assert earliest <= after.pop("@timestamp") <= datetime.now(UTC)
    del after["m"]
    assert after == {"a": 1, "_@timestamp": kept, "tags": ["_timestampparsefailure", "ok"]}


def test_our_own_metadata_stays() -> None:
    after = parsed({"m": '{"@metadata": {"_id": "theirs", "k": "v"}}', "@metadata": {"_id": "ours"}})
    assert after["@metadata"] == {"_id": "ours", "k": "v"}


def test_wrong_options_are_refused() -> None:
    with pytest.raises(ValidationError, match="source"):
        Config.model_validate({})
    with pytest.raises(ValidationError, match="source"):
        Config(source=["a", "b"])
