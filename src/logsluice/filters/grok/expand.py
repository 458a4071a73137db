r"""Grok patterns to one regular expression: `%{NAME:field:type}` replaced by what the library says, over and over.

A group's name in a pattern may be any field reference (`(?<[client][ip]>…)`, `%{IP:[client][ip]}`), which no regular
expression can name a group by: groups get numbers (`g0`, `g1` …), and a table says which field each stands for. What
stands between a pattern's name and the closing brace beyond field and type is ignored, as in Logstash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import regex

from logsluice.components import near
from logsluice.lang.ruby_regex import compile_ruby

Type: TypeAlias = Literal["int", "float", ""]

_USE = regex.compile(
    r"%\{(?P<name>[A-Za-z0-9_]+)(?::(?P<field>[@\[\]A-Za-z0-9_:.-]+))?"
    r"(?:=(?P<definition>(?:[^{}\\]+|\\.|(?P<curly>\{(?:[^{}]+|\\[{}]|(?&curly))*\}))+))?[^}]*\}"
)
_NAMED = regex.compile(
    r"(?<!(?<!\\)(?:\\\\)*\\)(?:(?P<opening>\(\?<|\\[kg]<)(?P<name>[A-Za-z_@\[][^>]*)>|\(\?'(?P<name>[A-Za-z_@\[][^']*)')"
)


class InvalidGrok(ValueError):
    """A grok pattern that names what is not there, or makes no regular expression."""


@dataclass(frozen=True, slots=True)
class Capture:
    """What one group of a match is for.

    Attributes:
        group: Its number.
        field: A field reference.
        type: To convert to; "" for a text.
    """

    group: int
    field: str
    type: Type


@dataclass(frozen=True, slots=True)
class Grok:
    """A compiled grok pattern and its captures, in the order of their groups."""

    pattern: regex.Pattern[str]
    captures: tuple[Capture, ...]


def compile_grok(text: str, library: Mapping[str, str], named_only: bool = True) -> Grok:
    """Compile a grok pattern.

    Args:
        text: With `%{NAME}`, `%{NAME:field}`, `%{NAME:field:int}`, `(?<field>…)`.
        library: Pattern names to patterns.
        named_only: Whether `%{NAME}` alone captures nothing; else it captures into the field `NAME`, unless that
            begins with an underscore.

    Raises:
        InvalidGrok: With the near names of an unknown pattern, or what is wrong with the expression.
    """
    expansion = _Expansion(library, named_only)
    expanded = expansion.expand(text, ())
    try:
        pattern = compile_ruby(expanded, dotall=True)
    except ValueError as error:
        raise InvalidGrok(f"{_short(text)!r} makes no regular expression: {_reason(error)}") from None
    table = [(pattern.groupindex[name], field, type_) for name, (field, type_) in expansion.fields.items()]
    return Grok(pattern, tuple(Capture(*entry) for entry in sorted(table)))


def expanded(text: str, library: Mapping[str, str]) -> str:
    """The regular expression, in Ruby's syntax, that a grok pattern stands for. Raises InvalidGrok."""
    return _Expansion(library, named_only=True).expand(text, ())


class _Expansion:
    """One pattern while it is expanded.

    Attributes:
        fields: Group names to fields and types.
    """

    def __init__(self, library: Mapping[str, str], named_only: bool) -> None:
        self._library = dict(library)
        self._named_only = named_only
        self.fields: dict[str, tuple[str, Type]] = {}

    def expand(self, text: str, within: tuple[str, ...]) -> str:
        """A pattern with every `%{…}` in it replaced and every group's name a number.

        Args:
            text: The pattern.
            within: The names of the patterns that it stands in, the outermost first.
        """
        parts: list[str] = []
        at = 0
        for found in _USE.finditer(text):
            parts += [self._numbered(text[at : found.start()]), self._used(found, within)]
            at = found.end()
        return "".join([*parts, self._numbered(text[at:])])

    def _used(self, found: regex.Match[str], within: tuple[str, ...]) -> str:
        name, field = found["name"], found["field"]
        if found["definition"]:
            self._library[name] = found["definition"]
        if name not in self._library:
            raise InvalidGrok(f"there is no grok pattern {name!r}{near(name, self._library)}")
        if name in within:
            raise InvalidGrok(f"the grok pattern {name!r} contains itself: {' > '.join([*within, name])}")
        inner = self.expand(self._library[name], (*within, name))
        if field is None:
            silent = self._named_only or name.startswith("_")
            return f"(?:{inner})" if silent else f"(?<{self._group(name, '')}>{inner})"
        reference, type_ = _typed(field)
        return f"(?<{self._group(reference, type_)}>{inner})"

    def _numbered(self, text: str) -> str:
        return _NAMED.sub(self._renamed, text)

    def _renamed(self, found: regex.Match[str]) -> str:
        """A named group, or a reference back to the last one of that name."""
        opening, name = found["opening"], found["name"]
        if opening in ("(?<", None):  # without it, the name stood in quotes
            return f"(?<{self._group(name, '')}>"
        same = [group for group, (field, _) in self.fields.items() if field == name]
        return f"{opening}{same[-1] if same else name}>"

    def _group(self, field: str, type_: Type) -> str:
        name = f"g{len(self.fields)}"
        self.fields[name] = (field, type_)
        return name


def _typed(field: str) -> tuple[str, Type]:
    """The field and the type of `field:int`; of an unknown type nothing is left but the field."""
    name, _, rest = field.partition(":")
    wanted = rest.partition(":")[0]
    return name, wanted if wanted in ("int", "float") else ""  # type: ignore[return-value]


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _reason(error: ValueError) -> str:
    """Of a regular expression's error, without the expanded expression and the place in it."""
    return str(error).rpartition("/: ")[2].rpartition(" at position ")[0] or str(error)
