"""Beats' way of writing nested options: `queue.mem.events: 128` is `queue: {mem: {events: 128}}`, at every depth.

Facts: Beats Platform Reference, "Config file format: Namespacing" and "Reference variables".
"""

from __future__ import annotations

from typing import Any

from logsluice.config.document import Document, Mark, Path
from logsluice.errors import Problem


def expand(document: Document) -> None:
    """Put the nested form in the place of the data, with the marks of its options; conflicts become problems."""
    marks: dict[Path, Mark] = {}
    document.data = _Expander(document, marks).value(document.data, (), ())
    document.marks = marks


class _Expander:
    def __init__(self, document: Document, marks: dict[Path, Mark]) -> None:
        self._document = document
        self._marks = marks

    def value(self, value: Any, written: Path, path: Path) -> Any:
        """The nested form of a value that is written at one path and belongs to another."""
        self._marks.setdefault(path, self._document.mark(written))
        if isinstance(value, list):
            return [self.value(item, (*written, index), (*path, index)) for index, item in enumerate(value)]
        if not isinstance(value, dict):
            return value
        result: dict[str, Any] = {}
        for key, inner in value.items():
            parts = key.split(".") if all(key.split(".")) else [key]
            place = path
            for part in parts:
                place = (*place, part)
                self._marks.setdefault(place, self._document.mark((*written, key)))
            nested = self.value(inner, (*written, key), place)
            for part in reversed(parts):
                nested = {part: nested}
            self._merge(result, nested, path)
        return _as_list(result)

    def _merge(self, into: dict[str, Any], more: dict[str, Any], path: Path) -> None:
        for key, value in more.items():
            here = (*path, key)
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                self._merge(into[key], value, here)
            elif key in into:
                mark = self._document.mark(here)
                name = ".".join(map(str, here))
                self._document.problems.append(Problem("this option is given twice", mark.file, mark.line, name))
            else:
                into[key] = value


def _as_list(value: dict[str, Any]) -> Any:
    """`hosts.0: a` and `hosts.1: b` are a list."""
    made = {key: _as_list(inner) if isinstance(inner, dict) else inner for key, inner in value.items()}
    if made and list(made) == [str(index) for index in range(len(made))]:
        return list(made.values())
    return made


def override(document: Document, setting: str) -> None:
    """Put `key=value` of the command line (`-E`) over what is written; the value is read as YAML.

    Raises:
        ValueError: It is none.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    name, equals, text = setting.partition("=")
    parts = name.split(".")
    if not equals or not all(parts):
        raise ValueError(f"{setting!r} is no setting; write key=value")
    try:
        value = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        value = text
    path: Path = tuple(int(part) if part.isdecimal() else part for part in parts)
    document.data = _put(document.data, path, value)
    document.marks = {place: mark for place, mark in document.marks.items() if place[: len(path)] != path}
    document.marks[path] = Mark("-E")


def _put(into: Any, path: Path, value: Any) -> Any:
    """What is there, with a value at a path; an index of a list is a number."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(into, list) and isinstance(first, int):
        if first > len(into):
            raise ValueError(f"the list has {len(into)} items, and so none of the number {first}")
        return [*into[:first], _put(into[first] if first < len(into) else None, rest, value), *into[first + 1 :]]
    here = into if isinstance(into, dict) else {}
    return {**here, str(first): _put(here.get(str(first)), rest, value)}
