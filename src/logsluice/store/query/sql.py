"""From a query's tree to a SQL condition over one group of files. Values are bound, never written into the SQL.

What each node means for each kind of field is in `query.compiling`; here is DuckDB's way to say it.
A condition may be NULL where a field is absent, which WHERE takes for false; `Not` turns NULL to false first.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from logsluice.errors import QueryError
from logsluice.formats.fields import Kind
from logsluice.formats.rows import EXTRA
from logsluice.query import compiling, values
from logsluice.query.compiling import Comparison
from logsluice.query.syntax import Between, Like, Match, Node, Wild
from logsluice.store.columns import Column
from logsluice.store.query.schema import FormatName, Group, Inside, Parent, Target, resolve

NEVER, ALWAYS = "FALSE", "TRUE"
_MOST_WAYS = 32
_UNREAD = frozenset({"_id"})
"""What free text does not look at: it is no field of the event."""

MACROS = (
    # An IPv4 address as a number; NULL for all else.
    """CREATE MACRO ipv4_number(a) AS
       TRY_CAST(split_part(a, '.', 1) AS UBIGINT) * 16777216 + TRY_CAST(split_part(a, '.', 2) AS UBIGINT) * 65536
       + TRY_CAST(split_part(a, '.', 3) AS UBIGINT) * 256 + TRY_CAST(split_part(a, '.', 4) AS UBIGINT)""",
    """CREATE MACRO hex_groups(a) AS
       list_transform(list_filter(string_split(a, ':'), lambda g: g <> ''), lambda g: lpad(g, 4, '0'))""",
    # An IPv6 address as 32 hexadecimal digits, its `::` filled in; NULL for an IPv4 address.
    """CREATE MACRO ipv6_digits(a) AS CASE WHEN contains(a, ':') THEN lower(
         array_to_string(hex_groups(split_part(a, '::', 1)), '')
         || repeat('0', 32 - 4 * (len(hex_groups(split_part(a, '::', 1))) + len(hex_groups(split_part(a, '::', 2)))))
         || array_to_string(hex_groups(split_part(a, '::', 2)), '')) END""",
    # Where an address stands among others; IPv4 lies within IPv6 as ::ffff:0:0/96, as clusters have it.
    """CREATE MACRO ip_place(a) AS
         coalesce(ipv6_digits(a), '00000000000000000000ffff' || lpad(lower(hex(ipv4_number(a))), 8, '0'))""",
    # The plain values at any depth of a JSON value, as JSON.
    """CREATE MACRO json_leaves(j) AS list_filter(
         list_append(json_extract(j, '$..*'), j),
         lambda v: json_type(v) NOT IN ('OBJECT', 'ARRAY', 'NULL'))""",
)
"""What a connection must know before it runs compiled conditions."""


class Compiler(compiling.Compiler[str, Group, Target, str]):
    """Compiles one query for one group of files after the other.

    Attributes:
        parameters: What `$1`, `$2` … stand for, in all the SQL that was compiled.
    """

    def __init__(self, query: str, now: datetime | None = None) -> None:
        super().__init__(query, now)
        self.parameters: list[object] = []

    def check(self, node: Node, groups: Iterable[Group]) -> None:
        """Likewise; nothing stays bound."""
        super().check(node, groups)
        self.parameters.clear()

    def bind(self, value: object) -> str:
        """A parameter for a value."""
        if isinstance(value, datetime):
            value = value.astimezone(UTC).replace(tzinfo=None)
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def _resolve(self, name: str, group: Group) -> Target:
        return resolve(name, group)

    def _exists(self, target: Target) -> str:
        return exists(target)

    # Parts that are TRUE or FALSE stay where they are: their neighbours' parameters are bound and must be used.

    def _all_of(self, conditions: Iterable[str]) -> str:
        return _all(conditions)

    def _any_of(self, conditions: Iterable[str]) -> str:
        return _any(conditions)

    def _none_of(self, condition: str) -> str:
        return f"NOT coalesce({condition}, FALSE)"

    def _compare(self, target: Target, node: Comparison) -> str:
        match target:
            case None:
                return NEVER
            case FormatName(value):
                return self._keyword(_sql_text(value), node)
            case Parent():
                raise ValueError(f"it is an object: name one of its fields, or ask for {node.field}:*")
            case Inside():
                return _some(values_at(target), lambda item: self._of_kind(target.kind, item, node))
            case Column():
                return self._column(target, node)

    def _column(self, column: Column, node: Comparison) -> str:
        if column.many and column.kind != "object":
            return _some(quoted(column.name), lambda item: self._of_kind(column.kind, item, node))
        return self._of_kind(column.kind, quoted(column.name), node)

    def _free(self, node: Match | Like, group: Group, kinds: frozenset[Kind]) -> Iterator[str]:
        return (
            self._inside(quoted(EXTRA), node, "json_type(leaf) = 'VARCHAR'")
            if column.name == EXTRA
            else self._column(column, node)
            for column in group.columns.columns
            if column.kind in kinds and column.name not in _UNREAD
        )

    def _keyword(self, place: str, node: Comparison) -> str:
        match node:
            case Match():
                return f"{place} = {self.bind(node.value)}"
            case Like():
                return f"{place} LIKE {self.bind(values.like(node.pattern))} ESCAPE '\\'"
            case Between():
                return self._between(place, node, node.low, node.high)

    def _words(self, place: str, node: Match | Like) -> str:
        """In lower case. A plain search goes first: it is much cheaper than the regular expression."""
        lowered = f"lower({place})"
        if isinstance(node, Match):
            found = values.words(node.value)
            if not found:
                return NEVER
            plain = [f"contains({lowered}, {self.bind(word)})" for word in found]
            return _all([*plain, f"regexp_matches({lowered}, {self.bind(values.word_sequence(found))})"])
        lower = tuple(part if isinstance(part, Wild) else part.lower() for part in node.pattern)
        if not values.is_within_word(lower):
            return f"{lowered} LIKE {self.bind(values.like(lower))} ESCAPE '\\'"
        plain = [f"contains({lowered}, {self.bind(part)})" for part in lower if isinstance(part, str)]
        if len(lower) == 3 and lower[0] is lower[2] is Wild.MANY:
            return plain[0]  # `*part*` within a word is `part` anywhere
        return _all([*plain, f"regexp_matches({lowered}, {self.bind(values.word_like(lower))})"])

    def _leaves(self, place: str, node: Match | Like) -> str:
        return self._inside(place, node, "TRUE")

    def _inside(self, place: str, node: Match | Like, which: str) -> str:
        """A search of the JSON text goes first: it is much cheaper than to take it apart."""
        parts = [node.value] if isinstance(node, Match) else [part for part in node.pattern if isinstance(part, str)]
        plain = [f"contains(CAST({place} AS VARCHAR), {self.bind(_within_json(part))})" for part in parts]
        one = self._keyword("(leaf ->> '$')", node)
        return _all([*plain, f"len(list_filter(json_leaves({place}), lambda leaf: {which} AND {one})) > 0"])

    def _equal(self, kind: Kind, place: str, value: float | bool) -> str:  # noqa: ARG002 - one signature for all
        return f"{place} = {self.bind(value)}"

    def _between(self, place: str, node: Between, low: str | float | None, high: str | float | None) -> str:
        limits = []
        if low is not None:
            limits.append(f"{place} {'>=' if node.low_inclusive else '>'} {self.bind(low)}")
        if high is not None:
            limits.append(f"{place} {'<=' if node.high_inclusive else '<'} {self.bind(high)}")
        return _all(limits)

    def _within_times(self, place: str, since: datetime | None, until: datetime | None) -> str:
        limits = [f"{place} {sign} {self.bind(end)}" for sign, end in ((">=", since), ("<", until)) if end is not None]
        return _all(limits)

    def _in_network(self, place: str, network: values.Network) -> str:
        if network.version == 4 and network.num_addresses == 1:
            return f"{place} = {self.bind(str(network[0]))}"
        key = _ip_key(place, network.version)
        return f"{key} BETWEEN {self.bind(_ip_value(network[0]))} AND {self.bind(_ip_value(network[-1]))}"

    def _between_addresses(
        self, place: str, node: Between, low: values.Network | None, high: values.Network | None
    ) -> str:
        version = next(network.version for network in (low, high) if network is not None)
        first = None if low is None else _ip_value(low[0] if node.low_inclusive else low[-1])
        last = None if high is None else _ip_value(high[-1] if node.high_inclusive else high[0])
        return self._between(_ip_key(place, version), node, first, last)


def exists(target: Target) -> str:
    """Whether a field is there."""
    match target:
        case None:
            return NEVER
        case FormatName():
            return ALWAYS
        case Parent(fields):
            return _any(exists(inner) for inner in fields)
        case Inside():
            return f"len(list_filter({_nodes_at(target)}, lambda v: len(json_leaves(v)) > 0)) > 0"
        case Column(name, "object"):
            return f"({quoted(name)} IS NOT NULL AND len(json_leaves({quoted(name)})) > 0)"
        case Column(name, _, True):
            return f"len({quoted(name)}) > 0"
        case Column(name):
            return f"{quoted(name)} IS NOT NULL"


def each(target: Target) -> str | None:
    """The values of a field, a row for each different item of a list; None where no event has it."""
    match target:
        case Inside():
            return f"unnest(list_distinct({values_at(target)}))"
        case Column(_, "object" | "geo_point", _):
            raise QueryError(f"{target.name!r} has no order and is not counted: name a field below it", target.name)
        case Column(name, kind_, many):
            value = f"unnest(list_distinct({quoted(name)}))" if many else quoted(name)
            return f"date_trunc('millisecond', {value})" if kind_ == "time" else value
        case FormatName(value):
            return _sql_text(value)
        case _:
            return None


def kind(target: Target) -> str:
    """DuckDB's type of what `each` gives."""
    return Column("", target.kind).sql_type if isinstance(target, (Column, Inside)) else "VARCHAR"


def quoted(name: str) -> str:
    """A column's name as SQL spells it."""
    return '"' + name.replace('"', '""') + '"'


def values_at(path: Inside) -> str:
    """A list of the plain values at a path."""
    type_ = kind(path)
    item = "v ->> '$'" if type_ == "VARCHAR" else f"TRY_CAST(v ->> '$' AS {type_})"
    return f"list_transform({leaves_at(path)}, lambda v: {item})"


def leaves_at(path: Inside) -> str:
    """Likewise, as JSON."""
    return f"list_filter({_nodes_at(path)}, lambda v: json_type(v) NOT IN ('OBJECT', 'ARRAY', 'NULL'))"


def _nodes_at(path: Inside) -> str:
    """What lies at a path, as JSON, also where lists lie on the way; names with dots in them count too."""
    column, ways = quoted(path.column), [[".".join(path.keys)]]
    if len(path.keys) > 1:
        ways.append(list(path.keys))
    found = []
    for keys in ways:
        if all(key and '"' not in key for key in keys):  # DuckDB's JSON paths can't name others
            steps = ["$", *(f'."{key}"' for key in keys)]
            found.append(f"[json_extract({column}, {_sql_text(''.join(steps))})]")
            found += [f"json_extract({column}, {_sql_text(way)})" for way in _through_lists(steps)]
    return f"flatten([{', '.join(found)}])" if found else "CAST([] AS JSON[])"


def _through_lists(steps: list[str]) -> Iterator[str]:
    """The ways to a path on which at least one step is a list; for deep paths only some of them."""
    for stars in itertools.islice(itertools.product(("", "[*]"), repeat=len(steps)), 1, _MOST_WAYS):
        yield "".join(step + star for step, star in zip(steps, stars, strict=True))


def _within_json(text: str) -> str:
    """A text as it stands within a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _sql_text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _some(column: str, condition: Callable[[str], str]) -> str:
    return f"len(list_filter({column}, lambda item: {condition('item')})) > 0"


def _ip_key(column: str, version: int) -> str:
    return f"ipv4_number({column})" if version == 4 else f"ipv6_digits({column})"


def _ip_value(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> int | str:
    return int(address) if address.version == 4 else f"{int(address):032x}"


def _all(conditions: Iterable[str]) -> str:
    joined = " AND ".join(conditions)
    return f"({joined})" if joined else ALWAYS


def _any(conditions: Iterable[str]) -> str:
    joined = " OR ".join(conditions)
    return f"({joined})" if joined else NEVER
