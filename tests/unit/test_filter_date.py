from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.date import Config, build
from logsluice.model import Event

BEFORE = datetime(2020, 1, 1, tzinfo=UTC)
FAILED = ["_dateparsefailure"]


def dated(event: Event, **options: Any) -> Event:
    [after] = build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    return after


def test_the_first_layout_that_reads_the_text_wins() -> None:
    options: dict[str, Any] = {"match": ["t", "UNIX", "UNIX_MS", "dd/MMM/yyyy:HH:mm:ss Z"], "add_tag": "dated"}
    for value, microsecond in ((1769862645, 0), ("1769862645123", 123000), ("31/Jan/2026:12:30:45 +0000", 0)):
        moment = datetime(2026, 1, 31, 12, 30, 45, microsecond, UTC)
        after = dated({"@timestamp": BEFORE, "t": value}, **options)
        assert after == {"@timestamp": moment, "t": value, "tags": ["dated"]}


def test_a_time_that_no_layout_reads_tags_and_keeps_the_target() -> None:
    after = dated({"t": "bad", "out": "old"}, match=["t", "ISO8601"], target="out", add_tag="dated")
    assert after == {"t": "bad", "out": "old", "tags": FAILED}


@pytest.mark.parametrize("event", [{}, {"t": None}])
def test_a_missing_field_changes_nothing(event: Event) -> None:
    assert dated(dict(event), match=["t", "ISO8601"], add_tag="dated") == event


def test_milliseconds_are_kept_and_finer_digits_cut() -> None:
    after = dated({"t": "2026-01-31T12:30:45.123999Z"}, match=["t", "ISO8601"], target="[a][b]")
    assert after["a"]["b"] == datetime(2026, 1, 31, 12, 30, 45, 123000, UTC)


def test_times_and_lists_are_taken_as_they_come() -> None:
    assert dated({"t": BEFORE}, match=["t", "ISO8601"])["@timestamp"] == BEFORE
    assert dated({"t": ["2020-01-01", "x"]}, match=["t", "ISO8601"])["@timestamp"] == BEFORE
    assert dated({"t": []}, match=["t", "ISO8601"]) == {"t": [], "tags": FAILED}


def test_the_zone_may_stand_in_the_event() -> None:
    options: dict[str, Any] = {"match": ["t", "yyyy-MM-dd HH:mm"], "timezone": "%{tz}", "target": "out"}
    event = {"t": "2026-07-01 12:00", "tz": "America/New_York"}
    assert dated(event, **options)["out"] == datetime(2026, 7, 1, 16, tzinfo=UTC)
    for zone in ("Mars/Base", "", None, "../../etc/passwd"):
        assert dated({"t": "2026-07-01 12:00", "tz": zone}, **options)["tags"] == FAILED


def test_logstashs_object_form_is_accepted() -> None:
    assert Config(match={"t": "ISO8601"}).match == ("t", "ISO8601")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"match": ["t"]}, "at least 2 items"),
        ({"match": ["[t", "ISO8601"]}, "no field reference"),
        ({"match": ["t", "yyyy-MM-ddTHH"]}, "illegal pattern component: T"),
        ({"match": ["t", "ISO8601"], "timezone": "Mars/Base"}, "no time zone 'Mars/Base'"),
        ({"match": ["t", "MMM"], "locale": "xx"}, "no month names"),
        ({}, "Field required"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)
