"""The fields of a cluster's indices as people may want to see them: with what their formats declare, and coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from logsluice.cluster.query.mapping import ID, Group
from logsluice.formats.fields import Field, Kind
from logsluice.query.results import FieldInfo

Covered = Callable[[Group], tuple[int, Mapping[str, int]]]


def fields_of(groups: Iterable[Group], covered: Covered) -> list[FieldInfo]:
    """Every field, sorted by name; one whose kind differs between formats is there once for each kind.

    Args:
        groups: All of them.
        covered: How many events a group has, and how many of them have each field.
    """
    formats: dict[tuple[str, Kind, bool, bool], set[str]] = {}
    events: dict[tuple[str, Kind, bool, bool], list[int]] = {}
    identity: tuple[str, Kind, bool, bool] = (ID, "keyword", False, True)
    for group in groups:
        total, having = covered(group)
        declared = {field.name: field for name in group.formats for field in _declared(name)}
        for leaf in group.fields.values():
            field = declared.get(leaf.name)
            key = leaf.name, leaf.kind, field is not None and field.many, field is not None
            formats.setdefault(key, set()).update(group.formats)
            counts = events.setdefault(key, [0, 0])
            counts[0] += having[leaf.name]
            counts[1] += total
        formats.setdefault(identity, set()).update(group.formats)
        events[identity] = [1, 1]
    return [
        FieldInfo(name, kind, many, tuple(sorted(formats[name, kind, many, known])), known, _share(*events[key]))
        for key in sorted(formats)
        for name, kind, many, known in [key]
    ]


def _declared(name: str) -> Iterable[Field]:
    """What a format declares; nothing where it is none of this installation's."""
    from logsluice.components import UnknownComponent, find
    from logsluice.store.columns import COMMON

    try:
        return (*COMMON, *find("formats", name).build().fields)
    except UnknownComponent:
        return COMMON


def _share(having: int, total: int) -> float | None:
    return having / total if total else None
