"""What values in queries mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.query.syntax import Wild
from logsluice.query.values import Impossible, boolean, is_within_word, like, moment, moments, network, number, words

NOW = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


def at(year: int, month: int, day: int, *rest: int) -> datetime:
    hour, minute, second, micros = (*rest, 0, 0, 0, 0)[:4]
    return datetime(year, month, day, hour, minute, second, micros, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", at(2026, 1, 1), at(2027, 1, 1)),
        ("2026-02", at(2026, 2, 1), at(2026, 3, 1)),
        ("2024-12", at(2024, 12, 1), at(2025, 1, 1)),
        ("2026-01-31", at(2026, 1, 31), at(2026, 2, 1)),
        ("2026-01-31T10", at(2026, 1, 31, 10), at(2026, 1, 31, 11)),
        ("2026-01-31 10:05", at(2026, 1, 31, 10, 5), at(2026, 1, 31, 10, 6)),
        ("2026-01-31T10:05:07Z", at(2026, 1, 31, 10, 5, 7), at(2026, 1, 31, 10, 5, 8)),
        ("2026-01-31T10:05:07.25Z", at(2026, 1, 31, 10, 5, 7, 250_000), at(2026, 1, 31, 10, 5, 7, 260_000)),
        ("2026-01-31T10:05:07+02:00", at(2026, 1, 31, 8, 5, 7), at(2026, 1, 31, 8, 5, 8)),
        ("1769853600000", at(2026, 1, 31, 10), at(2026, 1, 31, 10, 0, 0, 1000)),
        ("now", NOW, NOW + timedelta(milliseconds=1)),
        ("now-1d+30m", at(2026, 2, 28, 13, 0), at(2026, 2, 28, 13, 0, 0, 1000)),
        ("2026-01-31T10:05:07.123456Z", at(2026, 1, 31, 10, 5, 7, 123_000), at(2026, 1, 31, 10, 5, 7, 124_000)),
    ],
)
def test_a_date_is_the_span_that_it_names(text: str, start: datetime, end: datetime) -> None:
    assert moments(text, NOW) == (start, end)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13", "2026-02-30", "2026-1-1", "now-1x", "2026Z", "9999"])
def test_what_is_no_date(text: str) -> None:
    with pytest.raises(ValueError, match="is no date"):
        moments(text, NOW)


def test_a_duration_is_so_long_ago() -> None:
    assert moment("1h30m", NOW) == at(2026, 3, 1, 11, 0)
    assert moment("2026-01-31", NOW) == at(2026, 1, 31)


def test_numbers_are_finite_and_plain() -> None:
    assert [number(text) for text in ("5", "-5", "+0.5", "1e3", "9" * 19)] == [5, -5, 0.5, 1000.0, 1e19]
    for text in ("", "five", "0x5", "1_000", "nan", "inf", "1e999"):
        with pytest.raises(ValueError, match="not a number"):
            number(text)


def test_booleans_and_networks() -> None:
    assert boolean("TRUE") is True
    assert boolean("false") is False
    assert str(network("10.1.2.3/8")) == "10.0.0.0/8"
    assert str(network("2001:db8::1")) == "2001:db8::1/128"
    with pytest.raises(ValueError, match="neither"):
        boolean("yes")
    with pytest.raises(Impossible, match="at most 32 bits"):
        network("10.0.0.0/33")


def test_words_are_runs_of_letters_marks_digits_and_underscores() -> None:
    assert words("GET /Index.html?q=Ünïcode_1&e\u0301") == ["get", "index", "html", "q", "ünïcode_1", "e\u0301"]
    assert words(" -/. ") == []


def test_patterns_for_words_and_for_like() -> None:
    assert is_within_word(("foo", Wild.MANY))
    assert not is_within_word(("/foo", Wild.MANY))
    assert like(("50%_\\", Wild.MANY, "x", Wild.ONE)) == "50\\%\\_\\\\%x_"


@given(st.text(max_size=30))
def test_any_text_is_a_value_or_an_error_of_one_kind(text: str) -> None:
    for read in (number, boolean, network, lambda t: moments(t, NOW), lambda t: moment(t, NOW)):
        try:
            read(text)
        except ValueError:
            continue
