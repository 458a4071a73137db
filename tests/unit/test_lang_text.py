from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.lang.as_json import Timestamps, json_of
from logsluice.lang.text import java_float, json_text, ruby_float, ruby_text, time_text


@pytest.mark.parametrize(
    ("value", "java", "ruby"),
    [
        (0.0, "0.0", "0.0"),
        (-5.0, "-5.0", "-5.0"),
        (0.001, "0.001", "0.001"),
        (0.0001, "1.0E-4", "0.0001"),
        (1.25e-7, "1.25E-7", "1.25e-07"),
        (9999999.0, "9999999.0", "9999999.0"),
        (1e7, "1.0E7", "10000000.0"),
        (-123456789.0, "-1.23456789E8", "-123456789.0"),
        (1e16, "1.0E16", "1.0e+16"),
        (1e300, "1.0E300", "1.0e+300"),
        (float("inf"), "Infinity", "Infinity"),
        (float("-inf"), "-Infinity", "-Infinity"),
        (float("nan"), "NaN", "NaN"),
    ],
)
def test_floats_are_written_as_java_and_ruby_do(value: float, java: str, ruby: str) -> None:
    assert java_float(value) == java
    assert ruby_float(value) == ruby


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_float_is_lost(value: float) -> None:
    assert float(java_float(value)) == value
    assert float(ruby_float(value)) == value


def test_times_are_written_with_as_many_digits_as_they_need() -> None:
    assert time_text(datetime(2026, 1, 31, 12, tzinfo=UTC)) == "2026-01-31T12:00:00.000Z"
    assert time_text(datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)) == "2026-01-31T12:00:00.123456Z"


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (True, "true"), (5, "5"), ("x", "x"), ({"a": [1, "ü"]}, '{"a":[1,"ü"]}'), (1.0, "1.0")],
)
def test_values_become_text(value: Any, text: str) -> None:
    assert ruby_text(value) == text


def test_integers_of_any_size_can_be_written_as_json() -> None:
    assert json.loads(json_text({"n": 10**30, "t": datetime(2026, 1, 31, tzinfo=UTC)})) == {
        "n": 10**30,
        "t": "2026-01-31T00:00:00.000Z",
    }


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("timestamps", ["exact", "milliseconds", "logstash"])
def test_a_time_without_a_zone_is_in_utc_wherever_the_program_runs(elsewhere: None, timestamps: Timestamps) -> None:
    moments = [datetime(2026, 1, 31, 12, 0, 0, 250_000), datetime(2026, 1, 31, 12, 0, 0, 250_000, UTC)]
    naive, aware = (json_of(timestamps).dumps(moment) for moment in moments)
    assert naive == aware
