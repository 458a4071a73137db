"""A configuration as it was written, before its meaning is looked at: plain values, and where each of them stands."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from logsluice.errors import Problem

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes from the top of a document: `("pipelines", 0, "source")`."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a text: the file as the user named it, line and column from 1 (0 where it can't be told)."""

    file: str = ""
    line: int = 0
    column: int = 0


@dataclass
class Document:
    """One configuration, in whatever language it was written.

    Attributes:
        file: As the user named it.
        data: Plain dicts, lists and scalars, as `config.model` wants them.
        marks: Where each option is written.
        names: What the user calls a part of it, where that is not its path: `filter.mutate`.
        secrets: Values that came from the environment, to their variable's name.
        problems: What is wrong with the text itself: unset variables, repeated keys.
        warnings: What works and is not as it looks.
    """

    file: str
    data: Any = None
    marks: dict[Path, Mark] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def mark(self, path: Path) -> Mark:
        """The place of an option, or of the nearest thing around it that is written down."""
        return self.marks.get(_longest(path, self.marks), Mark(self.file))

    def problem(self, path: Path, message: str, severity: str = "error") -> Problem:
        """A problem placed at an option, with nothing in it that came from the environment."""
        mark = self.mark(path)
        return Problem(self.hide(message), mark.file, mark.line, self.name(path), severity, mark.column)

    def warn_once(self, path: Path, message: str) -> None:
        """A warning, unless there is one of this option already."""
        if all(warning.option != self.name(path) for warning in self.warnings):
            self.warnings.append(self.problem(path, message, "warning"))

    def name(self, path: Path) -> str:
        """How messages call an option: `pipelines[0].source.queue`, or `filter.mutate.add_tag`."""
        named = _longest(path, self.names)
        known = self.names.get(named)
        return dotted(path) if known is None else known + dotted(("", *path[len(named) :]))

    def hide(self, message: str) -> str:
        """The message with `${NAME}` in place of values that came from the environment."""
        for value in sorted(self.secrets, key=len, reverse=True):
            message = message.replace(value, "${" + self.secrets[value] + "}")
        return message

    def note_secret(self, value: str, name: str) -> None:
        """Remember a value from the environment; a short one would turn up in any sentence by chance."""
        if len(value) >= 4:
            self.secrets[value] = name


def dotted(path: Path) -> str:
    """`pipelines[0].source.queue`, the way options are named in messages."""
    said = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return said.removeprefix(".")


def _longest(path: Path, known: Iterable[Path]) -> Path:
    """The path, or the longest beginning of it that is known; () when none is."""
    while path and path not in known:
        path = path[:-1]
    return path
