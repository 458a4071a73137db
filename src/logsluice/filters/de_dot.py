"""Renames fields so that their names hold no dot: `a.b` becomes `a_b`, or `[a][b]`.

Options:

- `separator`: what takes the dot's place, default `_`.
- `nested`: true makes objects of it instead: `a.b` becomes `[a][b]`.
- `fields`: which fields, also inner ones (`[a][b.c]`). Default: every field at the top.
- `recursive`: look into objects and lists too; default false.

Example, in YAML::

    - de_dot: {nested: true, recursive: true}
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRefs, Text
from logsluice.lang.references import METADATA, CannotSet, Reference, reference
from logsluice.model import Event, Filter


def _dotless(separator: str) -> str:
    if "." in separator:
        raise ValueError("the separator can't have a dot in it")
    return separator


class Config(CommonOptions):
    """See this module's docstring."""

    separator: Annotated[Text, AfterValidator(_dotless)] = "_"
    nested: bool = False
    fields: FieldRefs | None = None
    recursive: bool = False


class DeDot(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._separator = config.separator
        self._nested = config.nested
        self._recursive = config.recursive
        self._fields = None if config.fields is None else [Reference(field) for field in config.fields]

    def change(self, event: Event) -> bool:
        """Rename what has a dot in its name."""
        if self._fields is not None:
            for field in self._fields:
                if any("." in key for key in field.path) and field.exists(event):
                    self._new_name(field).set(event, field.delete(event))
        else:
            self._rename(event)
        if self._recursive:
            self._within(self._values(event))
        return True

    def _values(self, event: Event) -> list[Any]:
        if self._fields is None:
            return [value for name, value in event.items() if name != METADATA]
        return [self._new_name(field).get(event) for field in self._fields]

    def _within(self, values: list[Any]) -> None:
        for value in values:
            if isinstance(value, dict):
                self._rename(value)
                self._within(list(value.values()))
            elif isinstance(value, list):
                self._within(value)

    def _new_name(self, field: Reference) -> Reference:
        return reference("".join(f"[{part}]" for key in field.path for part in self._parts(key)))

    def _rename(self, node: dict[str, Any]) -> None:
        """The keys of one object: data, which may hold brackets and is no reference."""
        for name in [name for name in node if "." in name]:
            *outer, last = self._parts(name)
            value, holder = node.pop(name), node
            for part in outer:
                if holder.get(part) is None:
                    holder[part] = {}
                holder = holder[part]
                if not isinstance(holder, dict) or part == METADATA:
                    raise CannotSet(f"{name} can't be set: {part} is no object of the data")
            holder[last] = value

    def _parts(self, key: str) -> list[str]:
        """The new name; of a nested one each part."""
        if not self._nested:
            return [key.replace(".", self._separator)]
        return [part for part in key.split(".") if part] or [key.replace(".", "_")]


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return DeDot(config)
