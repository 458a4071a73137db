"""The fields that a query can name: declared columns, data within open-ended objects, undeclared data in `_extra`."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from logsluice.errors import QueryError
from logsluice.formats.fields import Kind
from logsluice.formats.rows import EXTRA
from logsluice.query.results import FieldInfo
from logsluice.store.catalog import MOST_EXTRAS, DataFile, Snapshot
from logsluice.store.columns import Column, Columns

FORMAT, FORMAT_TOO = "_format", "format"
"""A field of every event: the name of its format. The plain name gives way to a field that events have themselves."""


@dataclass(frozen=True, slots=True)
class Group:
    """Files with the same columns: one format, one schema version.

    Attributes:
        format: Its name.
        columns: In every file.
        extras: The names of undeclared data seen.
        files: Where DuckDB finds them.
        kinds: What undeclared fields are whose values were looked at; all others are compared as strings.
    """

    format: str
    columns: Columns
    extras: frozenset[str]
    files: tuple[str, ...]
    kinds: Mapping[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inside:
    """Data within a JSON column: compared as strings, undeclared data as what all its values are."""

    column: str
    keys: tuple[str, ...]
    kind: Kind = "keyword"


@dataclass(frozen=True, slots=True)
class Parent:
    """A name that only has fields below it."""

    fields: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class FormatName:
    """`_format`: the same for all events of a group."""

    value: str


Target: TypeAlias = "Column | Inside | Parent | FormatName | None"
"""What a name means in one group; None when none of its events can have it."""


Covered = Callable[[Group], "tuple[int, Mapping[str, int]]"]


def _uncounted(group: Group) -> tuple[int, Mapping[str, int]]:  # noqa: ARG001 - where only names are wanted
    return 0, {}


class Schema:
    """All that a store's events can have, whatever the time range of a question.

    Attributes:
        groups: Of the whole store, those without a file in the time range too.
    """

    def __init__(self, snapshot: Snapshot, location: Callable[[DataFile], str]) -> None:
        files: dict[tuple[str, str], list[str]] = {}
        for file in snapshot.files:
            files.setdefault((file.format, file.schema), []).append(location(file))
        self.groups = [
            Group(name, columns, snapshot.extras.get(name, frozenset()), tuple(files.get((name, version), ())))
            for (name, version), columns in sorted(snapshot.columns.items(), key=lambda pair: pair[0])
        ]

    def require(self, name: str, query: str, position: int) -> None:
        """Raise QueryError with the near matches where no event of the store can have a field."""
        if not self.groups or any(resolve(name, group) is not None for group in self.groups):
            return
        known = {FORMAT_TOO, *(info.name for info in self.fields())}
        near = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        raise QueryError(f"no event here has a field {name!r}{hint}", query, position)

    def fields(self, covered: Covered = _uncounted) -> list[FieldInfo]:
        """Every field, sorted by name; one whose kind differs between formats is there once for each kind.

        Args:
            covered: How many events a group has, and how many of them have each column.
        """
        found: dict[tuple[str, Kind, bool, bool], list[Group]] = {}
        for group in self.groups:
            for column in group.columns.columns:
                if column.name != EXTRA:
                    found.setdefault((column.name, column.kind, column.many, True), []).append(group)
            for name in group.extras:
                found.setdefault((name, "keyword", False, False), []).append(group)
        counts = {id(group): covered(group) for group in self.groups}
        fields = []
        for name, kind, many, declared in sorted(found):
            groups = found[name, kind, many, declared]
            formats = tuple(sorted({group.format for group in groups}))
            total = sum(counts[id(group)][0] for group in groups)
            countable = declared and not many and kind != "object" and total
            having = sum(counts[id(group)][1].get(name, 0) for group in groups)
            fields.append(FieldInfo(name, kind, many, formats, declared, having / total if countable else None))
        return fields


def resolve(name: str, group: Group) -> Target:
    """What a name means for the events of a group."""
    if name == FORMAT:
        return FormatName(group.format)
    by_name = {column.name: column for column in group.columns.columns}
    if name in by_name:
        return by_name[name]
    for parent in _parents(name):
        column = by_name.get(parent)
        if column is not None and column.kind == "object":
            return Inside(parent, tuple(name.removeprefix(parent + ".").split(".")))
    extra = Inside(EXTRA, tuple(name.split(".")), group.kinds.get(name, "keyword"))
    below = tuple(column for column in group.columns.columns if column.name.startswith(name + "."))
    if below:
        return Parent((*below, extra))
    if name in group.extras:
        return extra
    if any(seen.startswith(name + ".") for seen in group.extras):
        return Parent((extra,))
    if name == FORMAT_TOO:
        return FormatName(group.format)
    if len(group.extras) >= MOST_EXTRAS:
        return extra
    return None


def _parents(name: str) -> Iterator[str]:
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        yield ".".join(parts[:length])


_INTEGERS = {"BIGINT", "UBIGINT"}


def kind_of_values(types: Collection[str]) -> Kind:
    """What values are, all together, by DuckDB's `json_type` of each."""
    if types and _INTEGERS.issuperset(types):
        return "integer"
    if types and (_INTEGERS | {"DOUBLE"}).issuperset(types):
        return "float"
    return "boolean" if set(types) == {"BOOLEAN"} else "keyword"
