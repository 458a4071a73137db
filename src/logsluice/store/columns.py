"""From a format's declared fields to the columns of its Parquet files, and from a stored row back to the event.

| kind | DuckDB and Parquet | accepts |
|---|---|---|
| `keyword`, `text`, `ip` | VARCHAR | str |
| `integer` | BIGINT | int of 64 bits |
| `float` | DOUBLE | float, int up to 2^53 |
| `boolean` | BOOLEAN | bool |
| `time` | TIMESTAMP, naive UTC, microseconds | datetime |
| `geo_point` | STRUCT(lat DOUBLE, lon DOUBLE) | `{"lat": …, "lon": …}` |
| `object` | JSON (text) | anything that JSON can say |
| any kind with `many` | a list of it | a list of nothing else |

A column has its field's dotted name. What is not declared, or doesn't fit its column, goes to the column `_extra` as
JSON under its own nested name, so nothing of an event is lost. Absent fields and None are NULL.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import orjson

from logsluice.formats.fields import Field, Kind
from logsluice.formats.rows import EXTRA, assembled
from logsluice.model import Event

COMMON = (
    Field("_id", "keyword", about="the event's identity: day, digest of its origin, position"),
    Field("@timestamp", "time", about="when it happened"),
    Field("origin.uri", "keyword", about="the object or file that it came from"),
    Field("origin.version", "keyword", about="the object's ETag"),
    Field("origin.position", "integer", about="byte offset in the decompressed stream, or the record's index"),
    Field("tags", "keyword", many=True, about="what filters had to say"),
)
"""Columns of every format."""

_SQL_TYPES: dict[Kind, str] = {
    "keyword": "VARCHAR",
    "text": "VARCHAR",
    "ip": "VARCHAR",
    "integer": "BIGINT",
    "float": "DOUBLE",
    "boolean": "BOOLEAN",
    "time": "TIMESTAMP",
    "geo_point": "STRUCT(lat DOUBLE, lon DOUBLE)",
    "object": "JSON",
}

_MISFIT = object()


@dataclass(frozen=True, slots=True)
class Column:
    """One column: the dotted name of a field, its neutral kind, and whether it is a list."""

    name: str
    kind: Kind
    many: bool = False

    @property
    def sql_type(self) -> str:
        """DuckDB's type for it; a list of objects is JSON as a whole."""
        base = _SQL_TYPES[self.kind]
        return f"{base}[]" if self.many and self.kind != "object" else base


class Columns:
    """The columns of one format and the way into them and back.

    Attributes:
        columns: In the order of the files.
        version: Eight hex digits that change when a column's name or type does; part of every file's name.
    """

    def __init__(self, columns: Iterable[Column]) -> None:
        self.columns = tuple(columns)
        self.version = hashlib.blake2b(self.dump(), digest_size=4).hexdigest()
        self._places = _tree(self.columns)

    @classmethod
    def of(cls, fields: Iterable[Field]) -> Columns:
        """The columns for a format's declaration; what all formats have comes first, and `_extra` last."""
        declared: dict[str, Field] = {}
        for field in (*COMMON, *fields):
            declared.setdefault(field.name.lower(), field)  # DuckDB's names don't differ by case alone
        declared.pop(EXTRA, None)
        columns = [Column(field.name, field.kind, field.many) for field in declared.values()]
        return cls([*columns, Column(EXTRA, "object")])

    @classmethod
    def load(cls, dumped: bytes | str) -> Columns:
        """What `dump` wrote."""
        return cls(Column(name, kind, many) for name, kind, many in orjson.loads(dumped))

    def dump(self) -> bytes:
        """As JSON, for the catalog and the files' own metadata."""
        return orjson.dumps([[c.name, c.kind, c.many] for c in self.columns])

    def row(self, event: Event) -> tuple[dict[str, Any], int]:
        """An event as a row: column name to value, absent ones left out.

        Returns:
            The row, with what has no column of its own under `_extra`; and how many values did not fit their column.
        """
        row: dict[str, Any] = {}
        left, misfits = _sort(self._places, event, row)
        left.pop("@metadata", None)
        if left:
            row[EXTRA] = left
        return row, misfits

    def event(self, names: Iterable[str], values: Iterable[Any]) -> Event:
        """A stored row as the event it was; `_id` is not part of it. Times are aware UTC again."""
        by_name = {column.name: column for column in self.columns}
        pairs = zip(names, values, strict=True)
        return assembled((name, restore(by_name[name], value)) for name, value in pairs if value is not None)


def restore(column: Column, value: Any) -> Any:
    """A value as DuckDB's Python API gives it, in the form that events have."""
    if column.kind == "object":
        return orjson.loads(value)
    if column.kind == "time":
        return [v.replace(tzinfo=UTC) for v in value] if column.many else value.replace(tzinfo=UTC)
    return value


def paths(value: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The dotted names of the plain values (and lists of them) within nested data."""
    for name, inner in value.items():
        if isinstance(inner, dict) and inner:
            yield from paths(inner, f"{prefix}{name}.")
        elif isinstance(inner, list) and any(isinstance(item, dict) for item in inner):
            for item in inner:
                if isinstance(item, dict):
                    yield from paths(item, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


# ------------------------------------------------------------------------------------------------ where values go


class _Place:
    """What is declared under one name: a column, columns below it, or both (an object some of whose keys are known)."""

    __slots__ = ("children", "column", "convert", "types")

    def __init__(self) -> None:
        self.column = ""
        self.types: frozenset[type] = frozenset()
        self.convert: Callable[[Any], Any] | None = None
        self.children: dict[str, _Place] = {}


def _tree(columns: Iterable[Column]) -> dict[str, _Place]:
    root: dict[str, _Place] = {}
    for column in columns:
        if column.name in (EXTRA, "_id"):  # `_id` is the writer's, from `@metadata`
            continue
        children = root
        for part in column.name.split("."):
            place = children.setdefault(part, _Place())
            children = place.children
        place.column = column.name
        if column.many and column.kind != "object":
            place.convert = _list_of(_FAST[column.kind], _CONVERT.get(column.kind))
        else:
            place.types = _FAST[column.kind]
            place.convert = _CONVERT.get(column.kind)
    return root


def _sort(places: dict[str, _Place], value: dict[str, Any], row: dict[str, Any]) -> tuple[dict[str, Any], int]:
    """Put what fits into the row; return the rest and the count of misfits. Runs for every event: keep it lean."""
    left: dict[str, Any] = {}
    misfits = 0
    find = places.get
    for name, item in value.items():
        if item is None:
            continue
        place = find(name)
        if place is None:
            left[name] = item
        elif type(item) in place.types:
            row[place.column] = item
        elif place.children and type(item) is dict:
            inner, below = _sort(place.children, item, row)
            misfits += below
            if inner:
                (row if place.convert is _anything else left)[place.column or name] = inner
        else:
            fitting = place.convert(item) if place.convert is not None else _MISFIT
            if fitting is _MISFIT:
                left[name] = item
                misfits += 1
            else:
                row[place.column] = fitting
    return left, misfits


def _integer(value: Any) -> Any:
    return value if type(value) is int and -(2**63) <= value < 2**63 else _MISFIT


def _float(value: Any) -> Any:
    return float(value) if type(value) is int and -(2**53) <= value <= 2**53 else _MISFIT


def _time(value: Any) -> Any:
    if not isinstance(value, datetime):
        return _MISFIT
    if value.tzinfo is UTC or value.tzinfo is None:
        return value
    try:
        return value.astimezone(UTC)  # DuckDB drops an offset instead of applying it
    except OverflowError:
        return _MISFIT


def _geo_point(value: Any) -> Any:
    if type(value) is not dict or value.keys() != {"lat", "lon"}:
        return _MISFIT
    numbers = all(type(number) in (float, int) for number in value.values())
    return value if numbers else _MISFIT


def _anything(value: Any) -> Any:
    return value


def _list_of(types: frozenset[type], convert: Callable[[Any], Any] | None) -> Callable[[Any], Any]:
    def convert_list(value: Any) -> Any:
        if type(value) is not list:
            return _MISFIT
        if all(type(item) in types for item in value):
            return value
        if convert is None:
            return _MISFIT
        fitting = [item if type(item) in types else convert(item) for item in value]
        return _MISFIT if any(item is _MISFIT for item in fitting) else fitting

    return convert_list


_FAST: dict[Kind, frozenset[type]] = {
    "keyword": frozenset({str}),
    "text": frozenset({str}),
    "ip": frozenset({str}),
    "integer": frozenset(),
    "float": frozenset({float}),
    "boolean": frozenset({bool}),
    "time": frozenset(),
    "geo_point": frozenset(),
    "object": frozenset(),
}
_CONVERT = cast(
    "dict[Kind, Callable[[Any], Any]]",
    {"integer": _integer, "float": _float, "time": _time, "geo_point": _geo_point, "object": _anything},
)
