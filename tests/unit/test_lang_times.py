from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.lang import joda
from logsluice.lang.go_times import parse_layout
from logsluice.lang.text import time_text
from logsluice.lang.times import compile_reader, named_zone

NOON = datetime(2026, 1, 31, 12, 30, 45, 123000, tzinfo=UTC)


def read(layout: str, value: Any, zone: str = "UTC", locale: str = "en") -> str:
    return time_text(compile_reader(layout, named_zone(zone), locale)(value))


@pytest.mark.parametrize(
    ("layout", "value", "moment"),
    [
        ("ISO8601", "2026-01-31T12:30:45.123Z", "2026-01-31T12:30:45.123Z"),
        ("ISO8601", "2026-01-31T12:30:45,123456789+0100", "2026-01-31T11:30:45.123456Z"),
        ("ISO8601", "2026-01-31T12:30:45-08:30", "2026-01-31T21:00:45.000Z"),
        ("ISO8601", "2026-01-31 12:30:45.123", "2026-01-31T12:30:45.123Z"),
        ("ISO8601", "2026-01-31 12:30:45,123Z", "2026-01-31T12:30:45.123Z"),
        ("ISO8601", "2026-01-31T12", "2026-01-31T12:00:00.000Z"),
        ("ISO8601", "2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("ISO8601", "2026-02", "2026-02-01T00:00:00.000Z"),
        ("ISO8601", "2026-032", "2026-02-01T00:00:00.000Z"),
        ("ISO8601", "2026-W05-7T10:00Z", "2026-02-01T10:00:00.000Z"),
        ("UNIX", 1769862645, "2026-01-31T12:30:45.000Z"),
        ("UNIX", "1769862645", "2026-01-31T12:30:45.000Z"),
        ("UNIX", 1769862645.123, "2026-01-31T12:30:45.123Z"),
        ("UNIX", "1769862645.123", "2026-01-31T12:30:45.123Z"),
        ("UNIX", "-1", "1969-12-31T23:59:59.000Z"),
        ("UNIX_MS", 1769862645123, "2026-01-31T12:30:45.123Z"),
        ("UNIX_MS", "1769862645123", "2026-01-31T12:30:45.123Z"),
        ("UNIX_MS", 1769862645123.7, "2026-01-31T12:30:45.123Z"),
        ("TAI64N", "@40000000697df5ff075bcd15", "2026-01-31T12:30:45.123456Z"),
        ("dd/MMM/yyyy:HH:mm:ss Z", "31/Jan/2026:12:30:45 +0000", "2026-01-31T12:30:45.000Z"),
        ("dd/MMM/yyyy:HH:mm:ss Z", "1/january/2026:12:30:45 +09:00", "2026-01-01T03:30:45.000Z"),
        ("dd/MMM/yyyy", "06/Feb/19", "0019-02-06T00:00:00.000Z"),
        ("yyyy-MM-dd'T'HH:mm:ss'Z'", "2026-01-31T12:30:45Z", "2026-01-31T12:30:45.000Z"),
        ("yyyy-MM-dd HH:mm:ss.SSS", "2026-01-31 12:30:45.1", "2026-01-31T12:30:45.100Z"),
        ("yyyyMMddHHmmssSSS", "20260131123045123", "2026-01-31T12:30:45.123Z"),
        ("yyMMdd", "690131", "1969-01-31T00:00:00.000Z"),
        ("yyyy-DDD", "2026-032", "2026-02-01T00:00:00.000Z"),
        ("xxxx-'W'ww-e", "2026-W05-7", "2026-02-01T00:00:00.000Z"),
        ("hh:mm a, EEE dd MMM yyyy", "12:05 am, Sat 31 Jan 2026", "2026-01-31T00:05:00.000Z"),
        ("h a yyyy", "3 PM 2026", "2026-01-01T15:00:00.000Z"),
        ("yyyy-MM-dd kk", "2026-01-31 24", "2026-01-31T00:00:00.000Z"),
        ("yyyy-MM-dd HH:mm zzz", "2026-07-01 12:00 EST", "2026-07-01T16:00:00.000Z"),
        ("yyyy-MM-dd HH:mm ZZZ", "2026-07-01 12:00 Asia/Tokyo", "2026-07-01T03:00:00.000Z"),
        ("''yyyy''", "'2026'", "2026-01-01T00:00:00.000Z"),
        ("yyyyMMdd", 20260131, "2026-01-31T00:00:00.000Z"),
    ],
)
def test_layouts_are_read(layout: str, value: Any, moment: str) -> None:
    assert read(layout, value) == moment


@pytest.mark.parametrize(
    ("layout", "value"),
    [
        ("ISO8601", "2026-01-31 12:30:45"),  # with a blank, fractions are required (Logstash)
        ("ISO8601", "2026-13-01"),
        ("ISO8601", "yesterday"),
        ("ISO8601", None),
        ("ISO8601", True),
        ("UNIX", "17698626451"),
        ("UNIX", "1e9"),
        ("UNIX", "12:30"),
        ("UNIX", float("nan")),
        ("UNIX_MS", "1769862645123.7"),
        ("UNIX_MS", "99999999999999999999"),
        ("TAI64N", "@40"),
        ("yyyy-MM-dd", "2026-02-29"),
        ("yyyy-MM-dd", "2026-01-31 "),
        ("yyyy-MM-dd", "999999999-01-31"),
        ("HH:mm yyyy", "24:00 2026"),
        ("hh a yyyy", "13 PM 2026"),
        ("kk yyyy", "00 2026"),
        ("yyyy-DDD", "2026-366"),
        ("yyyy-MM-dd HH:mm zzz", "2026-07-01 12:00 JST"),
        ("yyyy-MM-dd HH:mm ZZZ", "2026-07-01 12:00 Mars/Base"),
        ("yyyy Z", "2026 GMT"),
    ],
)
def test_what_is_not_of_the_layout_is_a_value_error(layout: str, value: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read(layout, value)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31 12:00", "2026-01-31T17:00:00.000Z"),
        ("2026-07-01 12:00", "2026-07-01T16:00:00.000Z"),
        ("2026-11-01 01:30", "2026-11-01T05:30:00.000Z"),  # occurs twice: the first
        ("2026-03-08 03:00", "2026-03-08T07:00:00.000Z"),
    ],
)
def test_zones_are_applied_where_the_text_names_none(text: str, moment: str) -> None:
    assert read("yyyy-MM-dd HH:mm", text, "America/New_York") == moment


def test_a_time_that_the_clock_leaves_out_is_refused() -> None:
    with pytest.raises(ValueError, match="left out by the clock"):
        read("yyyy-MM-dd HH:mm", "2026-03-08 02:30", "America/New_York")


@pytest.mark.parametrize(
    ("today", "text", "year"),
    [
        ("2026-06-15", "Jan 31 10:00:00", 2026),
        ("2025-12-31", "Jan 01 01:00:00", 2026),
        ("2026-01-01", "Dec 31 23:59:00", 2025),
        ("2026-01-01", "Nov 30 23:59:00", 2026),
    ],
)
def test_a_missing_year_is_found_across_the_turn_of_the_year(today: str, text: str, year: int) -> None:
    now = datetime.fromisoformat(today).replace(tzinfo=UTC)
    assert compile_reader("MMM dd HH:mm:ss", now=lambda: now)(text).year == year


@pytest.mark.parametrize(
    ("locale", "text"), [("fr", "14 juillet 1789"), ("de-DE", "14. Juli 1789"), ("es_ES", "14 julio 1789")]
)
def test_month_names_follow_the_locale(locale: str, text: str) -> None:
    assert read("dd. MMMM yyyy" if "." in text else "dd MMMM yyyy", text, locale=locale) == "1789-07-14T00:00:00.000Z"
    with pytest.raises(ValueError, match="form"):
        read("dd MMMM yyyy", "14 July 1789", locale=locale)


@pytest.mark.parametrize(
    ("layout", "message"),
    [("yyyy-MM-ddTHH:mm", "illegal pattern component: T"), ("yyyy-'MM", "a quote is not closed"), ("b", "illegal")],
)
def test_a_wrong_layout_is_refused(layout: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compile_reader(layout)


def test_unknown_zones_and_locales_are_refused() -> None:
    with pytest.raises(ValueError, match="no time zone 'Mars/Base'"):
        named_zone("Mars/Base")
    with pytest.raises(ValueError, match="no time zone"):
        named_zone("../../etc/passwd")
    with pytest.raises(ValueError, match="no month names for locale 'xx'"):
        compile_reader("MMM yyyy", locale="xx")


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC)))
def test_what_a_layout_writes_it_reads(moment: datetime) -> None:
    layout = "yyyy-MM-dd'T'HH:mm:ss.SSSSSSZZ"
    assert compile_reader(layout)(joda.writer(layout)(moment)) == moment


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from([0, 3, 6]), st.sampled_from(["T", " ", "-"]))
def test_iso8601_written_with_a_z_or_an_offset_is_the_same(moment: datetime, digits: int, separator: str) -> None:
    timespec = {0: "seconds", 3: "milliseconds", 6: "microseconds"}[digits]
    text = moment.replace(tzinfo=None).isoformat(separator, timespec)
    expected = moment.replace(
        microsecond=0 if not digits else moment.microsecond // 10 ** (6 - digits) * 10 ** (6 - digits)
    )
    for zone in ("Z", "+00:00"):
        if separator == "T":
            assert compile_reader("ISO8601")(text + zone) == expected
        elif separator == "-" or digits != 3:
            with pytest.raises(ValueError, match="not ISO 8601"):
                compile_reader("ISO8601")(text + zone)


@given(st.text(), st.sampled_from(["ISO8601", "UNIX", "UNIX_MS", "TAI64N", "dd/MMM/yyyy:HH:mm:ss Z", "yyDDDkk"]))
def test_any_text_is_a_time_or_a_value_error(text: str, layout: str) -> None:
    with contextlib.suppress(ValueError):
        assert compile_reader(layout)(text).tzinfo is UTC


@pytest.mark.parametrize(
    ("layout", "text", "moment"),
    [
        ("2006-01-02T15:04:05Z07:00", "2026-01-31T12:30:45+09:00", "2026-01-31T03:30:45.000Z"),
        ("2006-01-02T15:04:05Z07:00", "2026-01-31T12:30:45.123456789Z", "2026-01-31T12:30:45.123456Z"),
        ("2006-01-02 15:04:05.000", "2026-01-31 12:30:45.123", "2026-01-31T12:30:45.123Z"),
        ("2006-01-02 15:04:05.999", "2026-01-31 12:30:45", "2026-01-31T12:30:45.000Z"),
        ("02/Jan/2006:15:04:05 -0700", "31/Jan/2026:12:30:45 -0130", "2026-01-31T14:00:45.000Z"),
        ("Mon, 2 January 2006 3:04PM", "Sat, 3 January 2026 1:05AM", "2026-01-03T01:05:00.000Z"),
        ("Jan _2 06", "Jan  3 26", "2026-01-03T00:00:00.000Z"),
        ("20060102150405", "20260131123045", "2026-01-31T12:30:45.000Z"),
        ("2006 002", "2026 032", "2026-02-01T00:00:00.000Z"),
        ("2006-01-02 15:04 MST", "2026-01-31 12:30 UTC", "2026-01-31T12:30:00.000Z"),
        ("2006-01-02 15:04:05", "2026-01-31   1:30:45", "2026-01-31T01:30:45.000Z"),
        ("Mon Jan  _2 15:04:05 MST 2006", "Sat Jan 3 12:30:45 GMT 2026", "2026-01-03T12:30:45.000Z"),
        ("Mon Jan _2 15:04:05 2006", "Sat Jan  3 12:30:45 2026", "2026-01-03T12:30:45.000Z"),
        ("2006-01-02T15:04:05,000Z0700", "2026-01-31T12:30:45,120+0200", "2026-01-31T10:30:45.120Z"),
        ("2006-01-02T15:04:05.000000000Z07", "2026-01-31T12:30:45.123456789Z", "2026-01-31T12:30:45.123456Z"),
    ],
)
def test_go_layouts_are_read(layout: str, text: str, moment: str) -> None:
    assert time_text(parse_layout(layout)(text)) == moment


@pytest.mark.parametrize("text", ["2026-1-31", "2026-01-32", "2026-01-31T", "26-01-31", ""])
def test_go_layouts_take_exactly_their_digits(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_layout("2006-01-02")(text)


def test_a_go_layout_without_a_date_is_refused() -> None:
    with pytest.raises(ValueError, match="has no year"):
        parse_layout("yyyy-MM-dd")
