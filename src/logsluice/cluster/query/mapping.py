"""What the fields of a cluster's indices are, by their mappings; indices with the same fields are one group.

Elasticsearch's and OpenSearch's documentation call the kinds "field data types" ("Supported field types").
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from logsluice.errors import QueryError
from logsluice.formats.fields import Kind

FORMAT, FORMAT_TOO = "_format", "format"
"""A field of every event: the name of its format. The plain name gives way to a field that events have themselves."""

ID = "_id"

_KINDS: dict[str, Kind] = {
    "keyword": "keyword",
    "constant_keyword": "keyword",
    "wildcard": "keyword",
    "text": "text",
    "match_only_text": "text",
    "ip": "ip",
    **dict.fromkeys(("long", "integer", "short", "byte", "unsigned_long"), "integer"),
    **dict.fromkeys(("double", "float", "half_float", "scaled_float"), "float"),
    "boolean": "boolean",
    "date": "time",
    "date_nanos": "time",
    "geo_point": "geo_point",
    "flat_object": "object",
    "flattened": "object",
}


@dataclass(frozen=True, slots=True)
class Leaf:
    """One mapped field.

    Attributes:
        name: Dotted.
        kind: The neutral type.
        whole: The field that holds the whole value of a text, "" where there is none; the name itself for all else.
        mapped: The cluster's type.
    """

    name: str
    kind: Kind
    whole: str
    mapped: str


@dataclass(frozen=True, slots=True)
class Inside:
    """Data within an open-ended object: compared as strings."""

    root: Leaf
    name: str


@dataclass(frozen=True, slots=True)
class Parent:
    """A name that only has fields below it."""

    fields: tuple[Leaf, ...]


@dataclass(frozen=True, slots=True)
class FormatName:
    """`_format`: the same for all events of a group."""

    value: str


@dataclass(frozen=True, slots=True)
class Identity:
    """`_id`, which is no field of the document."""


Target: TypeAlias = "Leaf | Inside | Parent | FormatName | Identity | None"
"""What a name means in one group; None when none of its events can have it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Indices with the same mapping.

    Attributes:
        formats: Whose events are in them, as the index template says; () where it was not ours.
        fields: By dotted name.
        indices: Their names.
    """

    formats: tuple[str, ...]
    fields: Mapping[str, Leaf]
    indices: tuple[str, ...]

    @property
    def format(self) -> str:
        """The format of every event here, "" where there may be several."""
        return self.formats[0] if len(self.formats) == 1 else ""


def groups(answer: Mapping[str, Any]) -> list[Group]:
    """From the answer of `GET <pattern>/_mapping`."""
    same: dict[bytes, list[str]] = {}
    for index, body in sorted(answer.items()):
        mapping = body.get("mappings", {})
        known = [mapping.get("_meta", {}).get("formats", []), mapping.get("properties", {})]
        same.setdefault(orjson.dumps(known, option=orjson.OPT_SORT_KEYS), []).append(index)
    found = []
    for dumped, indices in same.items():
        formats, properties = orjson.loads(dumped)
        fields = {leaf.name: leaf for leaf in _leaves(properties, "")}
        found.append(Group(tuple(formats), fields, tuple(indices)))
    return found


def _leaves(properties: Mapping[str, Any], prefix: str) -> Iterator[Leaf]:
    for key, mapping in sorted(properties.items()):
        name, mapped = prefix + key, mapping.get("type", "object")
        if "properties" in mapping:
            yield from _leaves(mapping["properties"], f"{name}.")
        elif kind := _KINDS.get(mapped):
            below = mapping.get("fields", {})
            beside = next((sub for sub, inner in below.items() if _KINDS.get(inner.get("type")) == "keyword"), "")
            yield Leaf(name, kind, name if kind != "text" else f"{name}.{beside}" if beside else "", mapped)


def resolve(name: str, group: Group) -> Target:
    """What a name means for the events of a group."""
    if name == ID:
        return Identity()
    if name == FORMAT:
        return FormatName(group.format) if group.format else None
    if name in group.fields:
        return group.fields[name]
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        root = group.fields.get(".".join(parts[:length]))
        if root is not None and root.kind == "object":
            return Inside(root, name)
    below = tuple(leaf for leaf in group.fields.values() if leaf.name.startswith(name + "."))
    if below:
        return Parent(below)
    if name == FORMAT_TOO and group.format:
        return FormatName(group.format)
    return None


def require(known: list[Group], name: str, query: str, position: int) -> None:
    """Raise QueryError with the near matches where no event can have a field."""
    if not known or any(resolve(name, group) is not None for group in known):
        return
    names = {FORMAT_TOO, *(field for group in known for field in group.fields)}
    near = difflib.get_close_matches(name, names, n=2, cutoff=0.6)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise QueryError(f"no event here has a field {name!r}{hint}", query, position)
