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
from logsluice.lang.references import MISSING, Reference, reference
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
                self._rename(event, field.path)
        else:
            for name in [name for name in event if "." in name]:
                self._rename(event, (name,))
        if self._recursive:
            self._within(list(event.values()) if self._fields is None else self._chosen(event))
        return True

    def _chosen(self, event: Event) -> list[Any]:
        assert self._fields is not None, "without fields all are looked into"
        return [reference(_joined(self._renamed(field.path))).get(event) for field in self._fields]

    def _within(self, values: list[Any]) -> None:
        for value in values:
            if isinstance(value, dict):
                for name in [name for name in value if "." in name]:
                    self._rename(value, (name,))
                self._within(list(value.values()))
            elif isinstance(value, list):
                self._within(value)

    def _rename(self, node: dict[str, Any], path: tuple[str, ...]) -> None:
        if not any("." in key for key in path):
            return
        value = reference(_joined(path)).delete(node)
        if value is not MISSING:
            reference(_joined(self._renamed(path))).set(node, value)

    def _renamed(self, path: tuple[str, ...]) -> tuple[str, ...]:
        if self._nested:
            return tuple(part for key in path for part in key.split(".") if part)
        return tuple(key.replace(".", self._separator) for key in path)


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return DeDot(config)


def _joined(path: tuple[str, ...]) -> str:
    return path[0] if len(path) == 1 else "".join(f"[{key}]" for key in path)
