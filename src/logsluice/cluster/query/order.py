"""Indices parted by what a field is in them: what one request can sort or count together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from logsluice.cluster.query.dsl import NEVER, Clause, between_times
from logsluice.cluster.query.mapping import FormatName, Group, Identity, Inside, Leaf, Target, resolve
from logsluice.errors import QueryError
from logsluice.formats.fields import Kind
from logsluice.query import values

_ENDS = (-(2**63), 2**63 - 1, "Infinity", "-Infinity")
"""What a cluster says for the sort value of a document that lacks the field."""

_ORDER: dict[Kind, int] = {"time": 1, "integer": 2, "float": 2, "boolean": 2, "ip": 3}
_TEXT = 4
"""Where indices disagree about a field's kind: times come first, then numbers, addresses, text."""

_TYPES: dict[Kind, str] = {"integer": "long", "float": "double", "time": "date"}


@dataclass(frozen=True, slots=True)
class Part:
    """Groups in which a field is of one kind.

    Attributes:
        kind: Which one.
        counted: The field that holds the whole values; "" where the field is not there, or the same for all.
        constant: The value that all events here have, "" where they differ.
        groups: The groups; where all others agree, also those without the field.
    """

    kind: Kind
    counted: str
    constant: str
    groups: tuple[Group, ...]

    @property
    def exists(self) -> bool:
        """Whether any event here can have the field."""
        return bool(self.counted or self.constant)

    def sort(self, descending: bool, tie: str) -> list[dict[str, Any]]:
        """For a search: by the field, then by what orders equal ones."""
        ties = {tie: {"order": "asc"}}
        if not self.counted:
            return [ties]
        direction = {"order": "desc" if descending else "asc"}
        if self.counted == "_id":
            return [{"_id": direction}]
        mapped = _TYPES.get(self.kind, self.kind if self.kind != "text" else "keyword")
        return [{self.counted: {**direction, "missing": "_last", "unmapped_type": mapped}}, ties]

    def key(self, value: Any) -> tuple[int, Any] | None:
        """What a hit of this part is sorted by among those of others; None where it lacks the field."""
        if self.constant:
            return _TEXT, self.constant
        if not self.counted or value is None or value in _ENDS:
            return None
        return _ORDER.get(self.kind, _TEXT), values.ip_place(value) if self.kind == "ip" else value

    def equal(self, value: Any) -> Clause:
        """The documents that have one value, or a text that says it."""
        try:
            match self.kind:
                case "time":
                    return between_times(self.counted, value, value + timedelta(milliseconds=1))
                case "integer" | "float" if isinstance(value, str):
                    return {"term": {self.counted: values.number(value)}}
                case "boolean" if isinstance(value, str):
                    return {"term": {self.counted: values.boolean(value)}}
                case _:
                    return {"term": {self.counted: value}}
        except (TypeError, ValueError):  # a value of the same field in other indices, where it is of another kind
            return NEVER


def parts_for(name: str, groups: Sequence[Group]) -> list[Part]:
    """Part groups by what a name means in them.

    Raises:
        QueryError: The cluster can neither sort nor count by the field.
    """
    kinds: dict[tuple[Kind, str, str], list[Group]] = {}
    without: list[Group] = []
    for group in groups:
        key = _what(resolve(name, group), name)
        if key is None:
            without.append(group)
        else:
            kinds.setdefault(key, []).append(group)
    if len(kinds) == 1 and not next(iter(kinds))[2]:
        ((key, members),) = kinds.items()
        return [Part(*key, (*members, *without))]
    parts = [Part(*key, tuple(members)) for key, members in sorted(kinds.items())]
    return [*parts, Part("keyword", "", "", tuple(without))] if without else parts


def _what(target: Target, name: str) -> tuple[Kind, str, str] | None:
    """The kind, the field with whole values, and the constant."""
    match target:
        case Leaf(kind="object") | Leaf(kind="geo_point"):
            raise QueryError(f"{name!r} has no order and is not counted: name a field below it", name, 0)
        case Leaf(_, kind, whole):
            if not whole:
                raise QueryError(f"the cluster keeps no whole values of {name!r}, only its words", name, 0)
            return kind, whole, ""
        case Inside(root, path):
            if root.mapped == "flat_object":
                raise QueryError(f"OpenSearch can't sort or count by {name!r}: it is data within an object", name, 0)
            return "keyword", path, ""
        case FormatName(value):
            return "keyword", "", value
        case Identity():
            return "keyword", "_id", ""
        case _:
            return None
