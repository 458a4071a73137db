"""Layouts of dates beside the real Joda-Time: what is written, and what is read, over tables of layouts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from logsluice.lang import joda
from logsluice.lang.times import compile_reader, named_zone
from tests.parts import PartError, unavailable
from tests.parts.joda import answers

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENTS = [
    datetime(2024, 12, 30, 1, 2, 3, 4000, UTC),  # a week of the next year
    datetime(2026, 1, 1, 0, 0, 0, 0, UTC),
    datetime(2020, 2, 29, 23, 59, 59, 999000, UTC),
    datetime(1999, 7, 4, 12, 30, 0, 120000, UTC),
    datetime(1969, 12, 31, 13, 5, 9, 50000, UTC),
]
WRITTEN = [
    "YYYY.MM.dd", "yyyy.MM.dd", "xxxx.ww", "xxxx-'W'ww-e", "yyyy-MM-dd'T'HH:mm:ss.SSSZ", "yyyy-MM-dd'T'HH:mm:ss.SSSZZ",
    "dd/MMM/yyyy:HH:mm:ss Z", "EEE, d MMM yyyy", "EEEE dd MMMM yyyy", "E e D", "DDD", "DD", "D", "yy", "YY", "xx", "y",
    "yyy", "yyyyy", "yyyyyy", "G", "GGGG", "C", "CC", "M", "MM", "MMM", "MMMM", "MMMMM", "d", "dd", "ddd", "h:mm a",
    "hh:mm aa", "K:mm a", "k:mm", "kk:mm", "H", "HH", "HHH", "s", "ss", "S", "SS", "SSS", "SSSS", "SSSSSS", "SSSSSSSSS",
    "w", "ww", "www", "Z", "ZZ", "ZZZ", "z", "zzzz", "yyyy'year'MM''dd", "'%{x}' yyyy", "yyyy-MM-dd'_'HH", "e", "ee",
    "EE", "EEEEE", "YYYYMMddHHmmss", "yyyy/MM/dd HH", "MM-dd-yy", "ss.SSS",
]  # fmt: skip
READ = [
    ("dd/MMM/yyyy:HH:mm:ss Z", "UTC", "10/Oct/2000:13:55:36 -0700"),
    ("dd/MMM/yyyy:HH:mm:ss Z", "UTC", "10/oct/2000:13:55:36 +0530"),
    ("yyyy-MM-dd HH:mm:ss", "Europe/Berlin", "2024-07-01 12:00:00"),
    ("yyyy-MM-dd HH:mm:ss", "Europe/Berlin", "2024-03-31 02:30:00"),  # left out in spring
    ("yyyy-MM-dd HH:mm:ss", "Europe/Berlin", "2024-10-27 02:30:00"),  # twice in autumn
    ("yyyy-MM-dd HH:mm:ss", "America/New_York", "2024-11-03 01:30:00"),
    ("yyyy-MM-dd HH:mm:ss", "UTC", "2024-7-1 1:2:3"),
    ("yyyy-MM-dd HH:mm:ss", "UTC", "2024-02-30 00:00:00"),
    ("yyyy-MM-dd HH:mm:ss", "UTC", "2024-01-01 24:00:00"),
    ("yyyy-MM-dd HH:mm:ss", "UTC", "2024-01-01 00:00:60"),
    ("yyyy-MM-dd HH:mm:ss", "UTC", "2024-01-01 00:00:00 "),
    ("yyyy-MM-dd HH:mm:ss,SSS", "UTC", "2024-01-01 00:00:00,5"),
    ("yyyy-MM-dd HH:mm:ss.SSS", "UTC", "2024-01-01 00:00:00.1234"),
    ("yyyy-MM-dd HH:mm:ss.SSSSSS", "UTC", "2024-01-01 00:00:00.123456"),
    ("yyyy-MM-dd HH:mm:ss.S", "UTC", "2024-01-01 00:00:00.7"),
    ("yyyyMMddHHmmss", "UTC", "20240131123456"),
    ("yyyyMMdd", "UTC", "20240131"),
    ("yyMMdd", "UTC", "240131"),
    ("yy/MM/dd", "UTC", "69/01/31"),
    ("dd/MMM/yy", "UTC", "06/Feb/19"),
    ("dd MMMM yyyy", "UTC", "6 February 2019"),
    ("dd MMM yyyy", "UTC", "06 February 2019"),
    ("dd MMMM yyyy", "UTC", "06 Feb 2019"),
    ("EEE MMM dd HH:mm:ss yyyy", "UTC", "Thu Oct 12 14:32:52 2000"),
    ("EEE MMM dd HH:mm:ss yyyy", "UTC", "Mon Oct 12 14:32:52 2000"),  # it was a Thursday
    ("EEEE, dd-MMM-yy HH:mm:ss", "UTC", "Thursday, 12-Oct-00 14:32:52"),
    ("MM/dd/yyyy hh:mm:ss a", "UTC", "01/31/2024 01:02:03 PM"),
    ("MM/dd/yyyy hh:mm:ss a", "UTC", "01/31/2024 12:02:03 am"),
    ("MM/dd/yyyy hh:mm:ss a", "UTC", "01/31/2024 13:02:03 PM"),
    ("MM/dd/yyyy KK:mm a", "UTC", "01/31/2024 00:02 PM"),
    ("MM/dd/yyyy kk:mm", "UTC", "01/31/2024 24:02"),
    ("yyyy-DDD", "UTC", "2024-366"),
    ("yyyy-DDD", "UTC", "2023-366"),
    ("xxxx-'W'ww-e", "UTC", "2024-W01-1"),
    ("xxxx-'W'ww", "UTC", "2020-W53"),
    ("yyyy-MM-dd'T'HH:mm:ssZZ", "UTC", "2024-01-31T12:00:00+02:00"),
    ("yyyy-MM-dd'T'HH:mm:ssZ", "UTC", "2024-01-31T12:00:00Z"),
    ("yyyy-MM-dd'T'HH:mm:ssZ", "UTC", "2024-01-31T12:00:00+0200"),
    ("yyyy-MM-dd HH:mm:ss ZZZ", "UTC", "2024-07-31 12:00:00 Europe/Paris"),
    ("yyyy-MM-dd HH:mm:ss z", "UTC", "2024-07-31 12:00:00 EST"),
    ("yyyy-MM-dd HH:mm:ss z", "UTC", "2024-07-31 12:00:00 UTC"),
    ("yyyy-MM-dd HH:mm:ss z", "UTC", "2024-07-31 12:00:00 JST"),
    ("yyyy", "UTC", "2024"),
    ("yyyy", "UTC", "24"),
    ("yyyy-MM", "Asia/Tokyo", "2024-02"),
    ("'at' yyyy-MM-dd", "UTC", "at 2024-02-01"),
    ("'at' yyyy-MM-dd", "UTC", "AT 2024-02-01"),
    ("yyyy-MM-dd", "UTC", "garbage"),
    ("yyyy-MM-dd", "UTC", "2024-13-01"),
    ("yyyy-MM-dd", "UTC", ""),
    ("yyyy-MM-dd G", "UTC", "2024-01-01 AD"),
]  # fmt: skip


def milliseconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(milliseconds=1)


def read(layout: str, zone: str, text: str) -> str:
    try:
        return str(milliseconds(compile_reader(layout, named_zone(zone), "en")(text)))
    except ValueError:
        return "refused"


def written(layout: str, moment: datetime) -> str:
    try:
        return joda.writer(layout)(moment)
    except ValueError:
        return "refused"


@pytest.fixture(scope="module")
def real() -> dict[tuple[str, ...], str]:
    """What Joda-Time answers to every question here."""
    questions: list[tuple[str, ...]] = [
        ("write", layout, str(milliseconds(moment))) for layout in WRITTEN for moment in MOMENTS
    ]
    questions += [("read", *question) for question in READ]
    try:
        return dict(zip(questions, answers(questions), strict=True))
    except PartError as failure:
        unavailable(str(failure))


def test_years_before_the_first_are_refused_unlike_joda() -> None:
    assert read("yyyy", "UTC", "-5") == "refused"


@pytest.mark.parametrize("layout", WRITTEN)
def test_times_are_written_as_by_joda(layout: str, real: dict[tuple[str, ...], str]) -> None:
    expected = [real["write", layout, str(milliseconds(moment))] for moment in MOMENTS]
    assert [written(layout, moment) for moment in MOMENTS] == expected


@pytest.mark.parametrize(("layout", "zone", "text"), READ)
def test_times_are_read_as_by_joda(layout: str, zone: str, text: str, real: dict[tuple[str, ...], str]) -> None:
    assert read(layout, zone, text) == real["read", layout, zone, text]
