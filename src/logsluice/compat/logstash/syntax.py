"""What a Logstash configuration says, before any plugin is looked up. Every node knows its place in the file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from logsluice.compat.logstash.settings import Settings
from logsluice.config.document import Mark

SectionKind: TypeAlias = Literal["input", "filter", "output"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name => value`.

    Attributes:
        name: Without quotes.
        value: A str, an int or float, a list, a dict (keys str, in the order written), or a Plugin (a codec).
        mark: Of the name.
        marks: Of values within it: `("key", 0)` to the place of the first item of the list under `key`.
    """

    name: str
    value: Any
    mark: Mark
    marks: dict[tuple[str | int, ...], Mark]


@dataclass(frozen=True, slots=True)
class Plugin:
    """`name { attributes }`."""

    name: str
    attributes: tuple[Attribute, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class Case:
    """One `if` or `else if`: the condition as it is written (comments blanked out), and what stands in its braces."""

    condition: str
    mark: Mark
    body: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Branch:
    """`if … { } else if … { } else { }`."""

    cases: tuple[Case, ...]
    otherwise: tuple[Node, ...]
    mark: Mark


Node: TypeAlias = "Plugin | Branch"


@dataclass(frozen=True, slots=True)
class Section:
    """`input { … }`, `filter { … }` or `output { … }`; a configuration has any number of each, in any order."""

    kind: SectionKind
    nodes: tuple[Node, ...]
    mark: Mark


@dataclass(frozen=True, slots=True)
class LogstashPipeline:
    """One pipeline of Logstash.

    Attributes:
        id: `pipeline.id`.
        sections: Of its files, joined.
        settings: From `logstash.yml`, `pipelines.yml`, flags and the environment.
        file: The first of its files, for messages about all of them.
    """

    id: str
    sections: Sequence[Section]
    settings: Settings = field(default_factory=Settings)
    file: str = ""

    def nodes(self, kind: SectionKind) -> tuple[Node, ...]:
        """Of all sections of a kind, in order."""
        return tuple(node for section in self.sections if section.kind == kind for node in section.nodes)


def plugins(nodes: tuple[Node, ...]) -> Iterator[Plugin]:
    """All plugins of a section, whatever conditions stand around them."""
    for node in nodes:
        if isinstance(node, Plugin):
            yield node
        else:
            for case in node.cases:
                yield from plugins(case.body)
            yield from plugins(node.otherwise)
