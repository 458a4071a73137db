"""From a query's tree to the query DSL of OpenSearch and Elasticsearch, for one group of indices.

`docs/query-semantics.md` has the table of what each node means for each kind of field; here is a cluster's way to say
it. Everything stands in filter context: no scores.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from logsluice.cluster.query.mapping import FormatName, Group, Identity, Inside, Leaf, Parent, Target, resolve
from logsluice.errors import QueryError
from logsluice.query import values
from logsluice.query.syntax import All, And, Between, Exists, Like, Match, Node, Not, Or, Pattern, Wild

Clause: TypeAlias = dict[str, Any]

ALWAYS: Clause = {"match_all": {}}
NEVER: Clause = {"match_none": {}}

_LEAST, _GREATEST = -(2**63), 2**63 - 1
"""Of a `long`: a cluster refuses numbers beyond."""

_LAST = "\U0010ffff"
"""No string is greater, but for those that begin with it."""

_IPV4: Clause = {"gte": "0.0.0.0", "lte": "255.255.255.255"}  # noqa: S104 - an end of a range, no address to bind
_SEARCHED = frozenset({"keyword", "text", "object"})


class Compiler:
    """Compiles one query for one group after the other."""

    def __init__(self, query: str, now: datetime | None = None) -> None:
        self.query = query
        self.now = now or datetime.now(UTC)
        self._accepted: set[int] = set()
        self._refused: dict[int, str] = {}

    def check(self, node: Node, groups: Iterable[Group]) -> None:
        """Raise QueryError for a value that its field can't have in any group: one where it can is enough."""
        for group in groups:
            self.condition(node, group)
        for position in sorted(self._refused.keys() - self._accepted):
            raise QueryError(self._refused[position], self.query, position)

    def condition(self, node: Node, group: Group) -> Clause:
        """A condition for the events of a group; a value that its field can't have there finds nothing."""
        match node:
            case All():
                return ALWAYS
            case And(nodes):
                return all_of(self.condition(inner, group) for inner in nodes)
            case Or(nodes):
                return any_of(self.condition(inner, group) for inner in nodes)
            case Not(inner):
                return none_of(self.condition(inner, group))
            case Exists(name):
                return exists(resolve(name, group))
            case Match(field=None) | Like(field=None):
                return self._free(node, group)
            case _:
                return self._on(resolve(str(node.field), group), node)

    def _on(self, target: Target, node: Match | Like | Between) -> Clause:
        if target is None:
            return NEVER
        try:
            condition = self._compare(target, node)
        except values.Impossible as error:
            raise QueryError(f"{node.field}: {error}", self.query, node.position) from None
        except ValueError as error:
            self._refused[node.position] = f"{node.field}: {error}"
            return NEVER
        self._accepted.add(node.position)
        return condition

    def _compare(self, target: Leaf | Inside | Parent | FormatName | Identity, node: Match | Like | Between) -> Clause:
        match target:
            case FormatName(value):
                return ALWAYS if _holds(value, node) else NEVER
            case Identity():
                if not isinstance(node, Match):
                    raise ValueError("a cluster finds events by their whole id only")
                return {"ids": {"values": [node.value]}}
            case Parent():
                raise ValueError(f"it is an object: name one of its fields, or ask for {node.field}:*")
            case Inside(root, name):
                if isinstance(node, Like) and root.mapped == "flattened":
                    return _prefix(name, node.pattern)
                if isinstance(node, Between) and root.mapped == "flattened":
                    # Elasticsearch refuses an open end there
                    return _range(name, node, node.low or "", _LAST if node.high is None else node.high)
                return self._keyword(name, node)
            case Leaf(kind="text"):
                return self._text(target, node)
            case Leaf():
                compiled: Clause = getattr(self, f"_{target.kind}")(target.name, node)
                return compiled

    # ---------------------------------------------------------------------------------------------- by kind

    def _keyword(self, name: str, node: Match | Like | Between) -> Clause:
        match node:
            case Match():
                return {"term": {name: node.value}}
            case Like():
                return {"wildcard": {name: {"value": wildcard(node.pattern)}}}
            case Between():
                return _range(name, node, node.low, node.high)

    def _text(self, leaf: Leaf, node: Match | Like | Between) -> Clause:
        """By words, as the field's analyzer parts them; a pattern of other characters looks at the whole value."""
        if isinstance(node, Between):
            raise ValueError("text has no order; search for its words, or use wildcards")
        if isinstance(node, Match):
            return {"match_phrase": {leaf.name: node.value}} if values.words(node.value) else NEVER
        lower = tuple(part if isinstance(part, Wild) else part.lower() for part in node.pattern)
        if values.is_within_word(lower) or not leaf.whole:
            return {"wildcard": {leaf.name: {"value": wildcard(lower)}}}
        return {"wildcard": {leaf.whole: {"value": wildcard(lower), "case_insensitive": True}}}

    def _integer(self, name: str, node: Match | Like | Between) -> Clause:
        match node:
            case Match():
                value = values.number(node.value)
                return {"term": {name: value}} if _LEAST <= value <= _GREATEST else NEVER
            case Like():
                raise ValueError("a number has no wildcards; use a range such as [500 TO 599]")
            case Between():
                low = None if node.low is None else values.number(node.low)
                high = None if node.high is None else values.number(node.high)
                if (low is not None and low > _GREATEST) or (high is not None and high < _LEAST):
                    return NEVER
                low = None if low is None else max(low, _LEAST)
                high = None if high is None else min(high, _GREATEST)
                return _range(name, node, low, high)

    def _float(self, name: str, node: Match | Like | Between) -> Clause:
        if isinstance(node, Match):
            return {"term": {name: values.number(node.value)}}
        return self._integer(name, node)

    def _boolean(self, name: str, node: Match | Like | Between) -> Clause:
        if not isinstance(node, Match):
            raise ValueError("it is true or false")
        return {"term": {name: values.boolean(node.value)}}

    def _time(self, name: str, node: Match | Like | Between) -> Clause:
        match node:
            case Match():
                start, end = values.moments(node.value, self.now)
                return between_times(name, start, end)
            case Like():
                raise ValueError("a date has no wildcards; `2026-01` is the whole month")
            case Between():
                since = until = None
                if node.low is not None:
                    since = values.moments(node.low, self.now)[0 if node.low_inclusive else 1]
                if node.high is not None:
                    until = values.moments(node.high, self.now)[1 if node.high_inclusive else 0]
                return between_times(name, since, until)

    def _ip(self, name: str, node: Match | Like | Between) -> Clause:
        match node:
            case Match():
                net = values.network(node.value)
                return _addresses(name, {"gte": str(net[0]), "lte": str(net[-1])}, net.version)
            case Like():
                raise ValueError("an address has no wildcards; use a network such as 10.0.0.0/8")
            case Between():
                low = None if node.low is None else values.network(node.low)
                high = None if node.high is None else values.network(node.high)
                known = [net for net in (low, high) if net is not None]
                if len({net.version for net in known}) > 1:
                    raise ValueError("a range is of IPv4 or of IPv6 addresses")
                limits: Clause = {}
                if low is not None:
                    limits |= {"gte": str(low[0])} if node.low_inclusive else {"gt": str(low[-1])}
                if high is not None:
                    limits |= {"lte": str(high[-1])} if node.high_inclusive else {"lt": str(high[0])}
                return _addresses(name, limits, known[0].version)

    def _geo_point(self, name: str, node: Match | Like | Between) -> Clause:  # noqa: ARG002
        raise ValueError("a point on the map can only be asked for with `:*`")

    def _object(self, name: str, node: Match | Like | Between) -> Clause:
        if isinstance(node, Between):
            raise ValueError("an object has no order: name one of its fields")
        return self._keyword(name, node)

    def _free(self, node: Match | Like, group: Group) -> Clause:
        """Free text: keywords and the values of objects whole, text by words, addresses where it is one."""
        kinds = set(_SEARCHED)
        if isinstance(node, Match):
            try:
                values.network(node.value)
                kinds.add("ip")
            except ValueError:
                pass
        return any_of(self._compare(leaf, node) for leaf in group.fields.values() if leaf.kind in kinds)


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


def _prefix(name: str, pattern: Pattern) -> Clause:
    match pattern:
        case (str(start), Wild.MANY):
            return {"prefix": {name: {"value": start}}}
        case _:
            raise ValueError("within an object Elasticsearch knows one `*`, at the end")


def _holds(value: str, node: Match | Like | Between) -> bool:
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
