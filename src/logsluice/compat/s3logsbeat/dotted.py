"""Beats' way of writing nested options: `queue.mem.events: 128` is `queue: {mem: {events: 128}}`, at every depth.

Facts: Beats Platform Reference, "Config file format: Namespacing" and "Reference variables".
"""

from __future__ import annotations

from typing import Any

from logsluice.compat.s3logsbeat.variables import plain_value
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
            self._merge(result, nested, path, self._document.mark((*written, key)))
        return _as_list(result)

    def _merge(self, into: dict[str, Any], more: dict[str, Any], path: Path, mark: Mark) -> None:
        for key, value in more.items():
            here = (*path, key)
            if isinstance(value, dict) and isinstance(into.get(key), dict):
                self._merge(into[key], value, here, mark)
            elif key in into:
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


def overlay(document: Document, more: Document) -> None:
    """Put a second file over the first: mappings are joined, lists item by item, as beats do with several `-c`."""
    document.data = _overlaid(document.data, more.data)
    document.marks |= more.marks
    document.problems += more.problems


def _overlaid(here: Any, more: Any) -> Any:
    if isinstance(here, dict) and isinstance(more, dict):
        return {**here, **{name: _overlaid(here.get(name), value) for name, value in more.items()}}
    if isinstance(here, list) and isinstance(more, list):
        both = [_overlaid(one, other) for one, other in zip(here, more, strict=False)]
        return [*both, *here[len(more) :], *more[len(here) :]]
    return here if more is None else more


def without_nulls(value: Any) -> Any:
    """Without options that are named and have no value, which beats take for missing; lists stay as they are."""
    if not isinstance(value, dict):
        return value
    return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}


def override(document: Document, setting: str) -> None:
    """Put `key=value` of the command line (`-E`) over what is written; a mapping is joined to the one that is there.

    Raises:
        ValueError: It is none.
    """
    name, equals, text = setting.partition("=")
    parts = name.split(".")
    if not all(parts):
        raise ValueError("this is no setting; write key=value")
    path: Path = tuple(int(part) if part.isdecimal() else part for part in parts)
    document.data = _put(document.data, path, plain_value(text) if equals else True)
    document.marks = {place: mark for place, mark in document.marks.items() if place[: len(path)] != path}
    document.marks[path] = Mark("-E")


def _put(into: Any, path: Path, value: Any) -> Any:
    """What is there, with a value at a path; an index of a list is a number."""
    if not path:
        return _overlaid(into, value) if isinstance(value, dict) else value
    first, rest = path[0], path[1:]
    if isinstance(first, int) and (isinstance(into, list) or (into is None and first == 0)):
        items = into or []
        if first > len(items):
            raise ValueError(f"the list has {len(items)} items, and so none of the number {first}")
        return [*items[:first], _put(items[first] if first < len(items) else None, rest, value), *items[first + 1 :]]
    here = into if isinstance(into, dict) else {}
    return {**here, str(first): _put(here.get(str(first)), rest, value)}
