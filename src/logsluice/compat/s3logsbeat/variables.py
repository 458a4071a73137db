"""`${NAME}` as beats replace it: by another setting of the file, else by an environment variable.

`${NAME:default}` falls back, `${NAME:?message}` is an error of its own, `${NAME:+text}` stands where NAME is given.
Defaults and names may hold further ones. `$$` is a `$`, `$}` a `}`. A variable that is empty is not set. What is
nothing but one `${…}` keeps its type: `[a, b]` becomes a list, `12` a number. Facts: go-ucfg 0.7, asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from logsluice.config.document import Document, Path

PATHS = {
    "path.home": ".",
    "path.config": "${path.home}",
    "path.data": "${path.home}/data",
    "path.logs": "${path.home}/logs",
}
"""Settings that every beat has; its home is here where it is started."""

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]*[1-9])?")
_CONSTANTS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class _Expansion:
    """`${name}`, or `${name:rest}` where `how` is "", "?" or "+"."""

    name: _Parts
    how: str = ""
    rest: _Parts | None = None


_Parts: TypeAlias = "tuple[str | _Expansion, ...]"


def resolve(document: Document, environ: Mapping[str, str]) -> None:
    """Replace everything in a document; what can't be becomes problems at its place."""
    document.data = _Resolver(document, environ).value(document.data, ())


def plain_value(text: str) -> Any:
    """A text of the command line or the environment: a list, a mapping, a number, true, false, or a text."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    text = text.strip()
    if text[:1] in ("[", "{", "'", '"'):
        try:
            return YAML(typ="safe", pure=True).load(text)
        except YAMLError:
            return text
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return _CONSTANTS.get(text, text)


class _Resolver:
    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ
        self._active: list[str] = []

    def value(self, value: Any, path: Path) -> Any:
        if isinstance(value, dict):
            return {name: self.value(inner, (*path, name)) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, (*path, index)) for index, inner in enumerate(value)]
        return self._text(value, path) if isinstance(value, str) and "$" in value else value

    def _text(self, text: str, path: Path) -> Any:
        try:
            parts, _ = _read(text, 0, "")
        except ValueError as error:
            self._document.problems.append(self._document.problem(path, str(error)))
            return ""
        if len(parts) == 1 and isinstance(parts[0], _Expansion):
            return self._expanded(parts[0], path)
        return self._joined(parts, path)

    def _joined(self, parts: _Parts, path: Path) -> str:
        return "".join(part if isinstance(part, str) else _said(self._expanded(part, path)) for part in parts)

    def _expanded(self, found: _Expansion, path: Path) -> Any:
        name = self._joined(found.name, path)
        value = self._named(name, path)
        if found.rest is None:
            return self._missing(name, path) if value is None else value
        if found.how == "+":
            return "" if value is None else plain_value(self._joined(found.rest, path))
        if value is not None:
            return value
        rest = self._joined(found.rest, path)
        return self._missing(name, path, rest) if found.how == "?" else plain_value(rest)

    def _named(self, name: str, path: Path) -> Any:
        """A setting, else a variable of the environment, else where a beat's files are; None where there is none."""
        setting: Any = self._document.data
        for part in name.split("."):
            if isinstance(setting, list) and part.isdecimal() and int(part) < len(setting):
                setting = setting[int(part)]
            else:
                setting = setting.get(part) if isinstance(setting, dict) else None
        if setting is None and not self._environ.get(name):
            setting = PATHS.get(name)
        if setting is not None and name not in self._active:
            self._active.append(name)
            value = self.value(setting, path)
            self._active.pop()
            return value
        if not (value := self._environ.get(name)):
            return None
        self._document.note_secret(value, name)
        return plain_value(value)

    def _missing(self, name: str, path: Path, said: str = "") -> str:
        what = "setting" if "." in name else "environment variable"
        said = said or f"the {what} {name} is not set; set it or write ${{{name}:a default}}"
        self._document.problems.append(self._document.problem(path, said))
        return ""


def _said(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read(text: str, at: int, ends: str) -> tuple[_Parts, int]:
    """The parts up to one of `ends`, and where that stands."""
    parts: list[str | _Expansion] = []
    while at < len(text) and text[at] not in ends:
        pair = text[at : at + 2]
        if pair == "${":
            expansion, at = _expansion(text, at + 2)
            parts.append(expansion)
            continue
        escaped = pair in ("$$", "$}")
        parts.append(pair[1] if escaped else pair[0])
        at += 2 if escaped else 1
    return tuple(parts), at


def _expansion(text: str, at: int) -> tuple[_Expansion, int]:
    """What stands behind a `${`, and where it ends."""
    name, at = _read(text, at, ":}")
    how, rest = "", None
    if text[at : at + 1] == ":":
        at += 1
        how = text[at] if text[at : at + 1] in ("+", "?") else ""
        rest, at = _read(text, at + len(how), "}")
    if at >= len(text) or not name:
        raise ValueError("this `${` has no `}`" if name else "`${}` names nothing")
    return _Expansion(name, how, rest), at + 1
