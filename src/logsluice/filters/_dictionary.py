"""Dictionaries in files: YAML, JSON or CSV by the file's ending, read again when the file changes."""

from __future__ import annotations

import csv
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Generic, Literal, TypeAlias, TypeVar

import structlog
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node

from logsluice.lang.text import ruby_text

Dictionary: TypeAlias = dict[str, Any]

Made = TypeVar("Made")

CODE_POINTS = 134_217_728
"""How long a YAML file may be, in characters, unless told otherwise."""

YAML_ENDINGS = (".yml", ".yaml")

_log = structlog.get_logger("translate")


def load(path: Path, code_points: int = CODE_POINTS) -> Dictionary:
    """Read a dictionary; an empty file is an empty one, keys become text.

    Raises:
        ValueError: The file can't be read, or holds something else; the message names it.
    """
    try:
        read = _READERS[path.suffix.lower()]
    except KeyError:
        raise ValueError(f"{path}: a dictionary's name ends in {', '.join(_READERS)}") from None
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() in YAML_ENDINGS and len(text) > code_points:
            raise ValueError(f"it has more than {code_points} characters (yaml_dictionary_code_point_limit)")
        found = read(text)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (ValueError, YAMLError, csv.Error, RecursionError) as error:
        raise ValueError(f"{path}: {error}") from error
    if not isinstance(found, Mapping):
        raise ValueError(f"{path}: a dictionary was expected, not {type(found).__name__}")
    return {key if isinstance(key, str) else ruby_text(key): value for key, value in found.items()}


class Refreshed(Generic[Made]):
    """What is made of a dictionary file, made anew when the file has changed. Shared by threads."""

    def __init__(
        self,
        path: Path,
        make: Callable[[Dictionary], Made],
        seconds: float = 300,
        behaviour: Literal["merge", "replace"] = "merge",
        code_points: int = CODE_POINTS,
    ) -> None:
        """Read it for the first time.

        Args:
            path: The file.
            make: From the dictionary to what is kept.
            seconds: How often the file is looked at; never for 0 and below.
            behaviour: Whether entries stay that the file no longer has.
            code_points: See `load`.

        Raises:
            ValueError: It can't be read.
        """
        self._path = path
        self._make = make
        self._seconds = seconds
        self._merges = behaviour == "merge"
        self._code_points = code_points
        self._stamp = _stamp(path)
        self._dictionary = load(path, code_points)
        self._made = make(self._dictionary)
        self._next = time.monotonic() + seconds
        self._reading = threading.Lock()

    def get(self) -> Made:
        """What was made last. A file that can't be read any more is logged, and what was there stays."""
        if self._seconds > 0 and time.monotonic() >= self._next and self._reading.acquire(blocking=False):
            try:
                self._refresh()
            finally:
                self._next = time.monotonic() + self._seconds
                self._reading.release()
        return self._made

    def _refresh(self) -> None:
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        try:
            found = load(self._path, self._code_points)
            dictionary = {**self._dictionary, **found} if self._merges else found
            self._made = self._make(dictionary)
        except ValueError as error:
            _log.warning("a dictionary can't be read; the old one stays", reason=str(error))
            return
        self._dictionary = dictionary
        self._stamp = stamp


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


class _Constructor(SafeConstructor):
    """YAML 1.1's plain values, but `y`, `n` and dates are texts; `!!omap` may tag a mapping, as Java writes it."""

    def construct_text(self, node: Node) -> Any:
        return node.value

    def construct_yaml_bool(self, node: Node) -> Any:
        return node.value if node.value in ("y", "Y", "n", "N") else super().construct_yaml_bool(node)

    def construct_omap(self, node: Node) -> Any:
        if isinstance(node, MappingNode):
            yield from self.construct_yaml_map(node)
        else:
            yield from super().construct_yaml_omap(node)


_Constructor.add_constructor("tag:yaml.org,2002:bool", _Constructor.construct_yaml_bool)
_Constructor.add_constructor("tag:yaml.org,2002:omap", _Constructor.construct_omap)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_text)


def _yaml(text: str) -> Any:
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    yaml.Constructor = _Constructor
    return yaml.load(text) or {}


def _json(text: str) -> Any:
    return json.loads(text) if text.strip() else {}


def _csv(text: str) -> Any:
    rows = [row for row in csv.reader(text.splitlines(keepends=True), strict=True) if row]
    for row in rows:
        if len(row) < 2:
            raise ValueError(f"a row has two columns, here is {row!r}")
    return {row[0]: row[1] for row in rows}


_READERS: dict[str, Callable[[str], Any]] = {".yml": _yaml, ".yaml": _yaml, ".json": _json, ".csv": _csv}
