from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.csv import Config, build
from logsluice.model import Event

FAILED = ["_csvparsefailure"]


def read(event: Event, **options: Any) -> Event:
    [after] = build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    return after


def columns(text: str, **options: Any) -> list[Any]:
    return list(read({"message": text}, target="row", **options).get("row", {}).values())


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a,b,,d", ["a", "b", None, "d"]),
        ('x,"y ""q"" z"', ["x", 'y "q" z']),
        ('"",,', ["", None, None]),
        (" ", [" "]),
        ("a, b ,c", ["a", " b ", "c"]),
        ("a,b\n", ["a", "b"]),
        ("a,b\r\nc,d", ["a", "b"]),
        ('a,"b\nc",d\ne', ["a", "b\nc", "d"]),
        ("日,😀", ["日", "😀"]),
    ],
)
def test_a_row_becomes_columns(text: str, values: list[Any]) -> None:
    assert columns(text) == values


@pytest.mark.parametrize("text", ["", 'a,"b', 'a,b"c', '"a"b,c', '"a" ,b', 'a,"b"c"', 5, ["a,b"]])
def test_bad_rows_tag(text: Any) -> None:
    assert read({"message": text}, add_tag="ok") == {"message": text, "tags": FAILED}


@pytest.mark.parametrize("event", [{}, {"message": None}])
def test_a_missing_source_changes_nothing(event: Event) -> None:
    assert read(dict(event), add_tag="ok") == event


@pytest.mark.parametrize(
    ("options", "text", "row"),
    [
        ({"columns": ["p", "[n][q]", "a.b"]}, "1,2,3", {"p": "1", "n": {"q": "2"}, "a.b": "3"}),
        ({"columns": "p"}, "1,2", {"p": "1", "column2": "2"}),
        ({"columns": "p", "autogenerate_column_names": False}, "1,2", {"p": "1"}),
        ({"skip_empty_columns": True}, 'a,,"",b', {"column1": "a", "column4": "b"}),
        ({"separator": "||"}, "1||2|3", {"column1": "1", "column2": "2|3"}),
        ({"separator": " "}, 'a "b c"', {"column1": "a", "column2": "b c"}),
        ({"quote_char": "'"}, "'a,b',\"", {"column1": "a,b", "column2": '"'}),
        ({"quote_char": r"\x00"}, 'a,"b" c', {"column1": "a", "column2": '"b" c'}),
    ],
)
def test_options(options: dict[str, Any], text: str, row: Event) -> None:
    assert read({"m": text}, source="m", add_tag="ok", **options) == {"m": text, **row, "tags": ["ok"]}


def test_columns_go_under_the_target() -> None:
    after = read({"message": "1,2"}, target="[out][row]", columns=["p", "[n][q]"])
    assert after == {"message": "1,2", "out": {"row": {"p": "1", "n": {"q": "2"}}}}


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "12", 12),
        ("integer", " -7 ", -7),
        ("integer", "0x1f", 31),
        ("integer", "010", 8),
        ("integer", "1_000", 1000),
        ("integer", "1.9", "1.9"),
        ("integer", "x", "x"),
        ("float", "2.5", 2.5),
        ("float", " 1", 1.0),
        ("float", "1e3", 1000.0),
        ("float", "1.", "1."),
        ("float", "inf", "inf"),
        ("boolean", " TRUE", True),
        ("boolean", "false", False),
        ("boolean", "t", "t"),
        ("date", "2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("date", "2026-02-31", "2026-02-31"),
        ("date", "31.01.2026", "31.01.2026"),
        ("date", "Jan 31 2026", datetime(2026, 1, 31, tzinfo=UTC)),
        ("date_time", "2026-01-31T12:00:05Z", datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)),
        ("date_time", "2026-01-31 12:00:05", datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)),
        ("date_time", "2026-01-31 12:00:05 +0900", "2026-01-31 12:00:05 +0900"),
        ("date_time", "Sat Jan 31 12:00:05 2026", datetime(2026, 1, 31, 12, 0, 5, tzinfo=UTC)),
        ("date_time", "never", "never"),
    ],
)
def test_conversions(kind: str, text: str, value: Any) -> None:
    after = read({"message": text}, columns="c", convert={"c": kind})
    assert (after["c"], type(after["c"])) == (value, type(value))


def test_an_empty_column_is_not_converted() -> None:
    assert columns("a,", convert={"column2": "integer"}) == ["a", None]


@pytest.mark.parametrize("kind", ["integer", "float", "date", "date_time", "boolean"])
@pytest.mark.parametrize("text", ["x" * 1_000_000, "1" * 1_000_000, "x " * 500_000])
def test_long_texts_cost_no_time_and_stay(kind: str, text: str) -> None:
    assert read({"message": text}, columns="c", convert={"c": kind})["c"] == text


@pytest.mark.parametrize("text", ["", ",,"])
def test_empty_rows_may_be_marked(text: str) -> None:
    assert read({"message": text}, skip_empty_rows=True) == {"message": text, "tags": ["_csvskippedemptyfield"]}


def test_the_first_row_may_name_the_columns() -> None:
    made = build(Config(autodetect_column_names=True, skip_header=True, target="r"), Context())
    rows = [{"message": text} for text in ("p,q", "1,2", "p,q", "3,4,5")]
    out = made.apply(rows, lambda *_: pytest.fail("rejected"))
    assert [event["r"] for event in out] == [{"p": "1", "q": "2"}, {"p": "3", "q": "4", "column3": "5"}]


def test_a_header_makes_no_event() -> None:
    made = build(Config(columns=["p", "q"], skip_header=True, target="r"), Context())
    rows = [{"message": text} for text in ("p,q", "1,2", '"bad', "p,q,r")]
    out = made.apply(rows, lambda *_: pytest.fail("rejected"))
    assert [event["message"] for event in out] == ["1,2", '"bad', "p,q,r"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"convert": {"a": "number"}}, "'integer', 'float', 'date', 'date_time' or 'boolean'"),
        ({"quote_char": "ab"}, "must be one character"),
        ({"separator": ""}, "must not be empty"),
        ({"columns": ["[a"]}, "no field reference"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)
