from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logsluice.cli.messages import printable, program
from logsluice.cli.summary import MOST_BUCKETS, Times, histogram, histogram_options, size, summary
from logsluice.telemetry.counters import Counters

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_MINUTE = int(NOON.timestamp()) // 60


def nothing(_event: object, _reason: str) -> None:
    raise AssertionError("nothing is rejected here")


def test_times_are_counted_by_the_minute_and_events_go_on_unchanged() -> None:
    times = Times()
    events = [{"@timestamp": NOON + timedelta(seconds=seconds)} for seconds in (0, 59, 60)]
    assert times.apply(events, nothing) is events
    assert times.minutes == Counter({NOON_MINUTE: 2, NOON_MINUTE + 1: 1})


def test_times_spread_over_years_are_counted_more_coarsely_and_none_is_lost() -> None:
    times = Times()
    count = MOST_BUCKETS + 10
    times.apply([{"@timestamp": NOON + timedelta(minutes=2 * n)} for n in range(count)], nothing)
    times.apply([{"@timestamp": NOON}], nothing)
    assert sum(times.minutes.values()) == count + 1
    assert len(times.minutes) < 1000
    assert min(times.minutes) == NOON_MINUTE


def test_a_histogram_draws_the_shape() -> None:
    minutes = Counter({NOON_MINUTE: 1, NOON_MINUTE + 1: 16, NOON_MINUTE + 3: 32})
    assert histogram(minutes, columns=4, rows=2) == [
        "   █",
        "▁█ █",
        "12:00 12:04",
        "1 minute a column, at most 32 events",
    ]


def test_a_histogram_of_one_moment_and_of_none() -> None:
    assert histogram(Counter()) == []
    assert histogram(Counter({NOON_MINUTE: 1}), rows=1) == ["████", "12:00 12:01", "1 minute a column, at most 1 event"]


def test_a_few_events_of_another_year_do_not_squeeze_the_picture() -> None:
    usual = Counter({NOON_MINUTE + n: 100 for n in range(10)})
    drawn = histogram(usual + Counter({NOON_MINUTE + 500_000: 20}), rows=1)
    assert drawn == [
        *histogram(usual, rows=1)[:-1],
        "1 minute a column, at most 100 events; 20 events not shown, at quite other times",
    ]


@pytest.mark.parametrize("days", [1, 40, 4000])
def test_a_histogram_is_never_wider_than_asked(days: int) -> None:
    minutes = Counter({NOON_MINUTE + 60 * n: 1 + n % 7 for n in range(days * 24)})
    drawn = histogram(minutes, columns=60, rows=4)
    assert max(map(len, drawn[:4])) <= 60
    assert drawn[3].strip() != ""


def test_the_summary_tells_all_that_was_done() -> None:
    counters, times = Counters(), Times()
    counters.add("payloads", 2)
    counters.add("bytes", 4_500_000)
    counters.add("events", 1000, "alb")
    counters.add("events", 12, "waf")
    counters.add("duplicates", 4, "store")
    counters.add("rejects", 3, "not JSON\x1b[2J")
    times.minutes[NOON_MINUTE] = 1012
    assert list(summary(counters, times, 1_000_000, 2.0, "dead-letter"))[:8] == [
        "2 objects, 1,012 events, 1.0 MB read (4.5 MB unpacked) in 2.0 s",
        "",
        "  formats     alb 1,000 · waf 12",
        "  time range  2026-01-31 12:00 to 2026-01-31 12:01 UTC",
        "  duplicates  4 were there already and were not added again",
        "  rejects     3, kept in dead-letter",
        "              3 × not JSON\\x1b[2J",
        "",
    ]


def test_sizes_are_for_people() -> None:
    assert [size(n) for n in (0, 999, 1000, 8_200_000, 3 * 10**12)] == ["0 B", "999 B", "1.0 kB", "8.2 MB", "3.0 TB"]


def test_the_program_is_named_as_it_can_be_typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "logsluice"
    script.touch(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert program() == str(script)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert program() == "logsluice"
    monkeypatch.setattr(sys, "argv", ["/somewhere/logsluice/__main__.py"])
    assert program() == "logsluice"


def test_text_from_logs_cannot_steer_the_terminal() -> None:
    assert printable("a\x1b[31mb\u202ec\td") == "a\\x1b[31mb\\x202ec\td"


def test_events_whose_time_was_taken_away_are_not_counted_at_a_time() -> None:
    times = Times()
    times.apply([{"message": "x"}, {"@timestamp": "soon"}, {"@timestamp": NOON}], nothing)
    assert times.minutes == Counter({NOON_MINUTE: 1})


def test_the_next_histogram_is_for_the_part_that_is_drawn() -> None:
    usual = Counter({NOON_MINUTE + n: 100 for n in range(10)})
    assert histogram_options(Counter()) == "--size 10"
    assert histogram_options(usual) == "--histogram 1m"
    assert histogram_options(usual + Counter({NOON_MINUTE + 500_000: 20})) == (
        "--histogram 1m --since 2026-01-31T12:00Z --until 2026-01-31T12:10Z"
    )
