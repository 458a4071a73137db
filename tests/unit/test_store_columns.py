"""Events become rows and rows become the same events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.formats.fields import Field
from logsluice.formats.rows import put
from logsluice.store.columns import COMMON, Columns, paths

FIELDS = (
    Field("status", "integer"),
    Field("delay", "float"),
    Field("client_ip", "ip"),
    Field("ok", "boolean"),
    Field("url", "text"),
    Field("seen", "time"),
    Field("where", "geo_point"),
    Field("groups", "keyword", many=True),
    Field("user.name"),
    Field("user", "object"),
    Field("request.id"),
    Field("Request.ID"),
)
NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def columns() -> Columns:
    return Columns.of(FIELDS)


def there_and_back(event: dict[str, Any]) -> dict[str, Any]:
    import orjson

    row, _ = columns().row(event)
    kinds = {column.name: column.kind for column in columns().columns}
    stored = {
        name: orjson.dumps(value).decode()
        if kinds[name] == "object"
        else value.replace(tzinfo=None)
        if kinds[name] == "time"
        else value
        for name, value in row.items()
    }
    return columns().event(stored, stored.values())


def test_declared_values_go_to_their_columns_and_the_rest_to_extra() -> None:
    row, misfits = columns().row(
        {
            "@timestamp": NOON,
            "@metadata": {"_id": "x"},
            "status": 200,
            "delay": 1,
            "request": {"id": "r1", "size": 7},
            "user": {"name": "ann", "age": 40},
            "env": "prod",
            "absent": None,
        }
    )
    assert row == {
        "@timestamp": NOON,
        "status": 200,
        "delay": 1.0,
        "request.id": "r1",
        "user.name": "ann",
        "user": {"age": 40},
        "_extra": {"request": {"size": 7}, "env": "prod"},
    }
    assert misfits == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", "200"),
        ("status", True),
        ("status", 2**63),
        ("status", 1.5),
        ("delay", "fast"),
        ("delay", 2**60),
        ("client_ip", 7),
        ("ok", "true"),
        ("url", ["a"]),
        ("seen", "2026-01-31"),
        ("where", {"lat": 1.0}),
        ("where", {"lat": 1.0, "lon": "east"}),
        ("groups", "one"),
        ("groups", ["one", 2]),
        ("request", "plain"),
        ("origin", "elsewhere"),
    ],
)
def test_a_value_that_does_not_fit_is_kept_in_extra_and_counted(name: str, value: Any) -> None:
    row, misfits = columns().row({name: value})
    assert (row, misfits) == ({"_extra": {name: value}}, 1)


def test_times_are_stored_in_utc() -> None:
    row, _ = columns().row({"seen": NOON.astimezone(timezone(timedelta(hours=5)))})
    assert row["seen"].isoformat() == "2026-01-31T12:00:00+00:00"


def test_names_that_differ_by_case_alone_share_no_column() -> None:
    names = [column.name for column in columns().columns]
    assert "request.id" in names
    assert "Request.ID" not in names
    assert columns().row({"Request": {"ID": "x"}})[0] == {"_extra": {"Request": {"ID": "x"}}}


def test_every_format_has_the_common_columns_first_and_extra_last() -> None:
    names = [column.name for column in Columns.of(()).columns]
    assert names == [*(field.name for field in COMMON), "_extra"]


def test_the_version_changes_with_a_type_and_survives_dumping() -> None:
    one, other = Columns.of([Field("a", "integer")]), Columns.of([Field("a", "float")])
    assert one.version != other.version
    assert Columns.load(one.dump()).version == one.version


def test_a_plain_value_in_the_way_keeps_the_dotted_name() -> None:
    event: dict[str, Any] = {"a": 1}
    put(event, "a.b", 2)
    assert event == {"a": 1, "a.b": 2}


def test_paths_look_into_lists_of_objects() -> None:
    assert list(paths({"a": {"b": [{"c": 1}, {"d": 2}], "e": [1]}, "f": {}})) == ["a.b.c", "a.b.d", "a.e", "f"]


SCALARS = st.one_of(
    st.text(max_size=5),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
)
NAMES = st.sampled_from(["status", "delay", "client_ip", "user", "name", "request", "id", "where", "groups", "x"])
VALUES = st.recursive(
    SCALARS | st.lists(SCALARS, max_size=2),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_what_went_in_comes_out(event: dict[str, Any]) -> None:
    assert there_and_back(event) == event
