"""Lucene query syntax, read once into a small tree that every backend compiles.

Words side by side must all match (`a b` is `a AND b`), `+` requires, `-` and `NOT` exclude. Fuzzy words, proximity,
boosts and regular expressions are refused: not every backend can answer them alike. What a node means for each kind of
field is written in `docs/query-semantics.md`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from logsluice.errors import QueryError

MAX_LENGTH = 10_000
MAX_DEPTH = 64
EXISTS = "_exists_"


class Wild(enum.Enum):
    """The unescaped wildcards of a pattern."""

    MANY = "*"
    ONE = "?"


Pattern: TypeAlias = "tuple[str | Wild, ...]"
"""Literal stretches and wildcards in turn."""


@dataclass(frozen=True, slots=True)
class All:
    """Every event: an empty query, `*`, `*:*`."""


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The events that the node does not find, those without its field among them."""

    node: Node


@dataclass(frozen=True, slots=True)
class Match:
    """A term or a phrase. `field` is None for free text; `position` counts characters of the query from 0."""

    field: str | None
    value: str
    position: int


@dataclass(frozen=True, slots=True)
class Like:
    """A term with wildcards."""

    field: str | None
    pattern: Pattern
    position: int


@dataclass(frozen=True, slots=True)
class Between:
    """A range; None for an open end."""

    field: str
    low: str | None
    high: str | None
    low_inclusive: bool
    high_inclusive: bool
    position: int


@dataclass(frozen=True, slots=True)
class Exists:
    """Events that have the field."""

    field: str
    position: int


Node: TypeAlias = "All | And | Or | Not | Match | Like | Between | Exists"


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read.

    Attributes:
        text: As it was typed.
        node: What it says.
        fields: The fields that it names, each with its position.
    """

    text: str
    node: Node
    fields: tuple[tuple[str, int], ...] = ()


_REFUSED = {
    "Fuzzy": "fuzzy terms (`~`) are not supported; use wildcards",
    "Proximity": "proximity (`~`) is not supported; search for the words themselves",
    "Boost": "boosts (`^`) are not supported: results are sorted by a field, not by relevance",
    "Regex": "regular expressions are not supported; use wildcards, and put a value with slashes in quotes",
}


def parse(query: str) -> Query:
    """Read a query.

    Raises:
        QueryError: With the position of what can't be read.
    """
    if not query.strip():
        return Query(query, All())
    if len(query) > MAX_LENGTH:
        raise QueryError(f"the query is longer than {MAX_LENGTH} characters", query, MAX_LENGTH)
    from luqum.exceptions import ParseError
    from luqum.thread import parse as luqum_parse

    try:
        tree = luqum_parse(query)
    except ParseError as error:
        raise _syntax_error(str(error), query) from None
    except (ArithmeticError, ValueError, RecursionError):  # luqum's own trouble with numbers such as `~1.2.3`
        raise QueryError("the query can't be read", query, 0) from None
    reader = _Reader(query)
    node = reader.node(tree, None, 0)
    return Query(query, node, tuple(reader.fields))


def _syntax_error(message: str, query: str) -> QueryError:
    found = re.search(r"at position (\d+)", message)
    if found is None:
        return QueryError("the query ends too early: a value, a quote or a bracket is missing", query, len(query))
    position = int(found[1])
    rest = query[position:]
    if rest.startswith('"'):
        return QueryError("this quote is never closed", query, position)
    hint = (
        '; put a value with such characters in quotes, as in field:"value"'
        if rest[:1] in list("/:\\[]{}-+<>~^")
        else ""
    )
    return QueryError(f"unexpected {rest[:1]!r}{hint}", query, position)


class _Reader:
    """luqum's tree to ours, one method for each of its classes. `Any` because luqum publishes no types."""

    def __init__(self, query: str) -> None:
        self._query = query
        self.fields: list[tuple[str, int]] = []

    def node(self, item: Any, field: str | None, depth: int) -> Node:
        """One node and what is below it; `field` is the one that a value without its own belongs to."""
        if depth > MAX_DEPTH:
            raise self._error("the query is nested too deeply", item)
        name = type(item).__name__
        if name in _REFUSED:
            raise self._error(_REFUSED[name], item)
        read: Callable[[Any, str | None, int], Node] = getattr(self, f"_{name.lower()}")
        return read(item, field, depth + 1)

    def _searchfield(self, item: Any, field: str | None, depth: int) -> Node:
        name = _text(item.name)
        if field is not None:
            raise self._error(f"a field within the field {field!r}; put a value with a colon in quotes", item)
        value = item.expr
        if type(value).__name__ == "Word":
            if name == EXISTS:
                self.fields.append((_text(value.value), value.pos))
                return Exists(_text(value.value), value.pos)
            if (name, value.value) == ("*", "*"):
                return All()
        if name in (EXISTS, "*"):
            raise self._error(f"`{name}:` takes one {'field name' if name == EXISTS else '`*`'}", item)
        self.fields.append((name, item.pos))
        if type(value).__name__ == "Word" and value.value == "*":
            return Exists(name, item.pos)
        if type(value).__name__ == "Prohibit" and type(value.a).__name__ == "Word":
            return Match(name, "-" + _text(value.a.value), value.pos)  # `delay:-5` is a negative number
        return self.node(value, name, depth)

    def _group(self, item: Any, field: str | None, depth: int) -> Node:
        return self.node(item.expr, field, depth)

    _fieldgroup = _group

    def _andoperation(self, item: Any, field: str | None, depth: int) -> Node:
        return And(tuple(self.node(operand, field, depth) for operand in item.operands))

    _unknownoperation = _andoperation

    def _oroperation(self, item: Any, field: str | None, depth: int) -> Node:
        return Or(tuple(self.node(operand, field, depth) for operand in item.operands))

    def _plus(self, item: Any, field: str | None, depth: int) -> Node:
        return self.node(item.a, field, depth)

    def _not(self, item: Any, field: str | None, depth: int) -> Node:
        return Not(self.node(item.a, field, depth))

    _prohibit = _not

    def _word(self, item: Any, field: str | None, depth: int) -> Node:  # noqa: ARG002 - one signature for all
        pattern = _pattern(item.value)
        if any(isinstance(part, Wild) for part in pattern):
            if field is None and item.value == "*":
                return All()
            return Like(field, pattern, item.pos)
        return Match(field, _text(item.value), item.pos)

    def _phrase(self, item: Any, field: str | None, depth: int) -> Node:  # noqa: ARG002
        return Match(field, _text(item.value[1:-1]), item.pos)

    def _range(self, item: Any, field: str | None, depth: int) -> Node:  # noqa: ARG002
        return self._between(item, field, item.low, item.high, item.include_low, item.include_high)

    def _from(self, item: Any, field: str | None, depth: int) -> Node:  # noqa: ARG002
        return self._between(item, field, item.a, None, item.include, True)

    def _to(self, item: Any, field: str | None, depth: int) -> Node:  # noqa: ARG002
        return self._between(item, field, None, item.a, True, item.include)

    def _between(
        self, item: Any, field: str | None, low: Any, high: Any, low_inclusive: bool, high_inclusive: bool
    ) -> Node:
        if field is None:
            raise self._error("a range needs a field, as in status:>=500", item)
        lowest, highest = self._bound(low), self._bound(high)
        if lowest is None and highest is None:
            return Exists(field, item.pos)
        return Between(field, lowest, highest, low_inclusive, high_inclusive, item.pos)

    def _bound(self, item: Any) -> str | None:
        name = type(item).__name__
        if item is None or (name == "Word" and item.value == "*"):
            return None
        if name == "Prohibit":
            return f"-{self._bound(item.a) or ''}"
        if name == "Phrase":
            return _text(item.value[1:-1])
        if any(isinstance(part, Wild) for part in _pattern(item.value)):
            raise self._error("wildcards can't be the end of a range", item)
        return _text(item.value)

    def _error(self, message: str, item: Any) -> QueryError:
        return QueryError(message, self._query, item.pos or 0)


def _pattern(raw: str) -> Pattern:
    """Unescape, and tell wildcards from escaped ones."""
    parts: list[str | Wild] = []
    for found in re.finditer(r"\\(.)|([*?])|([^\\*?]+|\\)", raw, re.DOTALL):
        escaped, wild, plain = found.groups()
        if wild:
            parts.append(Wild(wild))
        elif parts and isinstance(parts[-1], str):
            parts[-1] += escaped or plain
        else:
            parts.append(escaped or plain)
    return tuple(parts)


def _text(raw: str) -> str:
    return re.sub(r"\\(.)", r"\1", raw, flags=re.DOTALL)
