"""Bars and harmless text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from logsluice.cli import render


def test_bars_are_drawn_to_the_eighth() -> None:
    assert [render.bar(value, 8, 1) for value in (0, 1, 4, 8)] == ["", "▏", "▌", "█"]
    assert render.bar(1, 1_000_000, 10) == "▏"
    assert render.bar(5, 10, 10, plain=True) == "#####"


def test_rows_are_aligned() -> None:
    assert render.bars([("a", 1000), ("bbb", 500)], 20) == ["a    1,000  ████████", "bbb    500  ████"]
    assert render.bars([]) == []


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain é", "plain é"),
        ("a\nb\t\x1b[31m\x7f\x9b", r"a\nb\t\x1b[31m\x7f\x9b"),
        ("\u202eabc\u2066", r"\u202eabc\u2066"),
        (5, "5"),
        (True, "true"),
        ({"a": "\x1b"}, '{"a":"\\u001b"}'),
        (datetime(2026, 1, 31, 12, 0, 0, 5000, tzinfo=UTC), "2026-01-31 12:00:00.005"),
    ],
)
def test_values_are_shown_without_control_characters(value: object, shown: str) -> None:
    assert render.escape(value) == shown


def test_labels_are_as_exact_as_the_interval() -> None:
    start = datetime(2026, 1, 31, 12, 5, 30, tzinfo=UTC)
    intervals = (timedelta(days=1), timedelta(minutes=5), timedelta(seconds=30))
    assert [render.bar_label(start, interval) for interval in intervals] == [
        "2026-01-31",
        "01-31 12:05",
        "01-31 12:05:30",
    ]
