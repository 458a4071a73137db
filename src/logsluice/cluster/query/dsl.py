"""From a query's tree to the query DSL of OpenSearch and Elasticsearch, for one group of indices.

What each node means for each kind of field is in `query.compiling`; here is a cluster's way to say it. Everything
stands in filter context: no scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

from logsluice.cluster.query.mapping import FormatName, Group, Identity, Inside, Leaf, Parent, Target, resolve
from logsluice.formats.fields import Kind
from logsluice.query import compiling, values
from logsluice.query.compiling import Comparison
from logsluice.query.syntax import Between, Like, Match, Pattern, Wild

Clause: TypeAlias = dict[str, Any]

ALWAYS: Clause = {"match_all": {}}
NEVER: Clause = {"match_none": {}}

_LEAST, _GREATEST = -(2**63), 2**63 - 1
"""Of a `long`: a cluster refuses numbers beyond."""

_LAST = "\U0010ffff"
"""No string is greater, but for those that begin with it."""

_IPV4: Clause = {"gte": "0.0.0.0", "lte": "255.255.255.255"}  # noqa: S104 - an end of a range, no address to bind


class Compiler(compiling.Compiler[Clause, Group, Target, Leaf]):
    """Compiles one query for one group of indices after the other."""

    def _resolve(self, name: str, group: Group) -> Target:
        return resolve(name, group)

    def _exists(self, target: Target) -> Clause:
        return exists(target)

    def _all_of(self, conditions: Iterable[Clause]) -> Clause:
        return all_of(conditions)

    def _any_of(self, conditions: Iterable[Clause]) -> Clause:
        return any_of(conditions)

    def _none_of(self, condition: Clause) -> Clause:
        return none_of(condition)

    def _compare(self, target: Target, node: Comparison) -> Clause:
        match target:
            case None:
                return NEVER
            case FormatName(value):
                return ALWAYS if _holds(value, node) else NEVER
            case Identity():
                if not isinstance(node, Match):
                    raise ValueError("a cluster finds events by their whole id only")
                return {"ids": {"values": [node.value]}}
            case Parent():
                raise ValueError(f"it is an object: name one of its fields, or ask for {node.field}:*")
            case Inside(root, name):
                return _flattened(name, node) if root.mapped == "flattened" else _terms(name, node)
            case Leaf():
                return self._of_kind(target.kind, target, node)

    def _free(self, node: Match | Like, group: Group, kinds: frozenset[Kind]) -> Iterator[Clause]:
        return (self._of_kind(leaf.kind, leaf, node) for leaf in group.fields.values() if leaf.kind in kinds)

    def _keyword(self, place: Leaf, node: Comparison) -> Clause:
        return _terms(place.name, node)

    def _words(self, place: Leaf, node: Match | Like) -> Clause:
        """By words, as the field's analyzer parts them."""
        if isinstance(node, Match):
            return {"match_phrase": {place.name: node.value}} if values.words(node.value) else NEVER
        lower = tuple(part if isinstance(part, Wild) else part.lower() for part in node.pattern)
        if values.is_within_word(lower) or not place.whole:
            return {"wildcard": {place.name: {"value": wildcard(lower)}}}
        return {"wildcard": {place.whole: {"value": wildcard(lower), "case_insensitive": True}}}

    def _leaves(self, place: Leaf, node: Match | Like) -> Clause:
        return _terms(place.name, node)

    def _equal(self, kind: Kind, place: Leaf, value: float | bool) -> Clause:
        if kind == "integer" and not _LEAST <= value <= _GREATEST:
            return NEVER
        return {"term": {place.name: value}}

    def _between(self, place: Leaf, node: Between, low: float | None, high: float | None) -> Clause:
        if (low is not None and low > _GREATEST) or (high is not None and high < _LEAST):
            return NEVER
        low = None if low is None else max(low, _LEAST)
        high = None if high is None else min(high, _GREATEST)
        return _range(place.name, node, low, high)

    def _within_times(self, place: Leaf, since: datetime | None, until: datetime | None) -> Clause:
        return between_times(place.name, since, until)

    def _in_network(self, place: Leaf, network: values.Network) -> Clause:
        return _addresses(place.name, {"gte": str(network[0]), "lte": str(network[-1])}, network.version)

    def _between_addresses(
        self, place: Leaf, node: Between, low: values.Network | None, high: values.Network | None
    ) -> Clause:
        limits: Clause = {}
        if low is not None:
            limits |= {"gte": str(low[0])} if node.low_inclusive else {"gt": str(low[-1])}
        if high is not None:
            limits |= {"lte": str(high[-1])} if node.high_inclusive else {"lt": str(high[0])}
        version = next(network.version for network in (low, high) if network is not None)
        return _addresses(place.name, limits, version)


def exists(target: Target) -> Clause:
    """Whether a field is there."""
    match target:
        case None:
            return NEVER
        case FormatName() | Identity():
            return ALWAYS
        case Parent(fields):
            return any_of(exists(inner) for inner in fields)
        case Inside(root, name) if root.mapped == "flat_object":
            # `exists` looks at the first level only; a path and its value are one term, `request.tags.key=a`
            return any_of({"wildcard": {path: {"value": "*"}}} for path in (name, f"{name}.*"))
        case Inside(_, name) | Leaf(name):
            return {"exists": {"field": name}}


def between_times(name: str, start: datetime | None, end: datetime | None) -> Clause:
    """From a moment on, and before another."""
    limits: Clause = {"format": "strict_date_optional_time"}
    if start is not None:
        limits["gte"] = _moment(start)
    if end is not None:
        limits["lt"] = _moment(end)
    return {"range": {name: limits}} if len(limits) > 1 else ALWAYS


def all_of(clauses: Iterable[Clause]) -> Clause:
    """Every one."""
    kept = [clause for clause in clauses if clause != ALWAYS]
    if NEVER in kept:
        return NEVER
    return kept[0] if len(kept) == 1 else {"bool": {"filter": kept}} if kept else ALWAYS


def any_of(clauses: Iterable[Clause]) -> Clause:
    """At least one."""
    kept = [clause for clause in clauses if clause != NEVER]
    if ALWAYS in kept:
        return ALWAYS
    return kept[0] if len(kept) == 1 else {"bool": {"should": kept, "minimum_should_match": 1}} if kept else NEVER


def none_of(clause: Clause) -> Clause:
    """All that it does not find."""
    opposite = {"match_all": NEVER, "match_none": ALWAYS}
    return opposite.get(next(iter(clause))) or {"bool": {"must_not": [clause]}}


def wildcard(pattern: Pattern) -> str:
    r"""A pattern for the `wildcard` query: `*`, `?`, and `\` before what is meant as it stands."""
    return "".join(part.value if isinstance(part, Wild) else re.sub(r"([\\*?])", r"\\\1", part) for part in pattern)


def _terms(name: str, node: Comparison) -> Clause:
    """Whole values of a field."""
    match node:
        case Match():
            return {"term": {name: node.value}}
        case Like():
            return {"wildcard": {name: {"value": wildcard(node.pattern)}}}
        case Between():
            return _range(name, node, node.low, node.high)


def _flattened(name: str, node: Comparison) -> Clause:
    """Likewise, within an object of Elasticsearch, which refuses an open end of a range there."""
    match node:
        case Match():
            return _terms(name, node)
        case Like():
            return _prefix(name, node.pattern)
        case Between():
            return _range(name, node, node.low or "", _LAST if node.high is None else node.high)


def _prefix(name: str, pattern: Pattern) -> Clause:
    match pattern:
        case (str(start), Wild.MANY):
            return {"prefix": {name: {"value": start}}}
        case _:
            raise ValueError("within an object Elasticsearch knows one `*`, at the end")


def _holds(value: str, node: Comparison) -> bool:
    match node:
        case Match():
            return value == node.value
        case Like():
            expression = "".join(
                {Wild.MANY: ".*", Wild.ONE: "."}[part] if isinstance(part, Wild) else re.escape(part)
                for part in node.pattern
            )
            return re.fullmatch(expression, value, re.DOTALL) is not None
        case Between(_, low, high):
            above = low is None or value > low or (node.low_inclusive and value == low)
            return above and (high is None or value < high or (node.high_inclusive and value == high))


def _range(name: str, node: Between, low: str | float | None, high: str | float | None) -> Clause:
    limits: Clause = {}
    if low is not None:
        limits["gte" if node.low_inclusive else "gt"] = low
    if high is not None:
        limits["lte" if node.high_inclusive else "lt"] = high
    return {"range": {name: limits}}


def _addresses(name: str, limits: Clause, version: int) -> Clause:
    """IPv4 addresses lie among the IPv6 ones in a cluster, as ::ffff:0:0/96; a range is of one kind."""
    if version == 4:
        low = {} if "gt" in limits else {"gte": _IPV4["gte"]}
        high = {} if "lt" in limits else {"lte": _IPV4["lte"]}
        return {"range": {name: {**low, **high, **limits}}}
    return {"bool": {"filter": [{"range": {name: limits}}], "must_not": [{"range": {name: _IPV4}}]}}


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
