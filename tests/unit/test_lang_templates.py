from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from logsluice.lang.references import Reference
from logsluice.lang.templates import Template

EVENT: dict[str, Any] = {
    "@timestamp": datetime(2026, 1, 3, 23, 59, 59, 120000, tzinfo=UTC),
    "@metadata": {"s3": {"bucket": "logs"}},
    "a": {"b": 1, "t": datetime(2026, 1, 1, tzinfo=UTC)},
    "list": ["x", 2.5, None, {"k": True, "n": None}, ["y", "z"]],
    "text": "%{a}",
    "float": 1e20,
    "small": 0.00001,
    "yes": True,
    "null": None,
    "empty": "",
}


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("plain", "plain"),
        ("%{[a][b]}", "1"),
        ("%{a}", '{"b":1,"t":"2026-01-01T00:00:00.000Z"}'),
        ("%{list}", "x,2.5,,{k=true, n=null},y,z"),
        ("%{text}", "%{a}"),
        ("%{float} %{small}", "1.0E20 1.0E-5"),
        ("%{yes}-%{empty}-", "true--"),
        ("%{[list][0]}%{[list][-1]}", "xy,z"),
        ("%{[@metadata][s3][bucket]}", "logs"),
        ("%{@timestamp}", "2026-01-03T23:59:59.120Z"),
        ("alb-%{+yyyy.MM.dd}", "alb-2026.01.03"),
        ("%{+xxxx.ww}", "2026.01"),
        ("%{+yyyy-MM-dd'T'HH:mm:ss.SSSZ}", "2026-01-03T23:59:59.120+0000"),
        ("%{+EEE MMM d yy, a hh, DDD, e}", "Sat Jan 3 26, PM 11, 003, 6"),
        ("%{+%s}", "1767484799"),
        ("%{}", "1767484799"),
        ("%{{uuuu-MM-dd HH:mm}}", "2026-01-03 23:59"),
        ("%{{}}", ""),
        ("%", "%"),
        ("%{", "%{"),
        ("%{a", "%{a"),
        ("%%{yes}}", "%true}"),
        ("100%", "100%"),
    ],
)
def test_render_fills_in_what_the_event_holds(text: str, rendered: str) -> None:
    template = Template(text)
    assert template.render(EVENT) == rendered
    assert template.resolve(EVENT) == rendered


@pytest.mark.parametrize("text", ["%{missing}", "x-%{null}-y", "%{ yes }", "%{[a][missing]}", "%{yes b}"])
def test_what_is_unresolved_stays_literally_and_resolves_to_none(text: str) -> None:
    template = Template(text)
    assert template.render(EVENT) == text
    assert template.resolve(EVENT) is None


def test_a_text_is_unresolved_when_one_of_its_parts_is() -> None:
    template = Template("%{yes}-%{missing}")
    assert template.render(EVENT) == "true-%{missing}"
    assert template.resolve(EVENT) is None


def test_without_a_time_dates_are_unresolved() -> None:
    for text in ("alb-%{+yyyy.MM.dd}", "%{+%s}", "x-%{+HH}"):
        assert Template(text).render({}) == text
        assert Template(text).resolve({"@timestamp": "2026-01-03T00:00:00Z"}) is None


def test_days_change_at_midnight_utc() -> None:
    template = Template("%{+yyyy.MM.dd}")
    late = datetime(2026, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    east = timezone(timedelta(hours=9))
    moments = [late, late + timedelta(microseconds=1), datetime(2026, 1, 31, 8, tzinfo=east), late]
    assert [template.render({"@timestamp": moment}) for moment in moments] == [
        "2026.01.31",
        "2026.02.01",
        "2026.01.30",
        "2026.01.31",
    ]


def test_more_days_than_are_remembered_are_still_right() -> None:
    template = Template("%{+yyyy-MM-dd}")
    first = datetime(2020, 1, 1, tzinfo=UTC)
    for day in range(900):
        moment = first + timedelta(days=day)
        assert template.render({"@timestamp": moment}) == moment.date().isoformat()


def test_time_now_is_the_time_now() -> None:
    before = datetime.now(UTC)
    text = Template("%{{TIME_NOW}}").render({})
    assert before - timedelta(milliseconds=1) <= datetime.fromisoformat(text) <= datetime.now(UTC)


def test_references_and_constants_are_known() -> None:
    assert Template("%{a}-%{[b][c]}-%{+yyyy}").references == (Reference("a"), Reference("[b][c]"))
    assert Template("plain %").is_constant
    assert not Template("%{+yyyy}").is_constant


@pytest.mark.parametrize("text", ["%{[a}", "%{+yyyy T}", "%{{bogus}}", "%{+'yyyy}"])
def test_what_can_not_be_compiled_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"field reference|time layout"):
        Template(text)
