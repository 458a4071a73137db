"""From a query's tree to a SQL condition over one group of files. Values are bound, never written into the SQL.

`docs/query-semantics.md` has the table of what each node means for each kind of field; here is DuckDB's way to say it.
A condition may be NULL where a field is absent, which WHERE takes for false; `Not` turns NULL to false first.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from logsluice.errors import QueryError
from logsluice.formats.rows import EXTRA
from logsluice.query import values
from logsluice.query.syntax import All, And, Between, Exists, Like, Match, Node, Not, Or, Wild
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


class Compiler:
    """Compiles one query for one group after the other.

    Attributes:
        parameters: What `$1`, `$2` … stand for, in all the SQL that was compiled.
    """

    def __init__(self, query: str, now: datetime | None = None) -> None:
        self.query = query
        self.now = now or datetime.now(UTC)
        self.parameters: list[object] = []
        self._accepted: set[int] = set()
        self._refused: dict[int, str] = {}

    def check(self, node: Node, groups: Iterable[Group]) -> None:
        """Raise QueryError for a value that its field can't have in any group: one where it can is enough."""
        for group in groups:
            self.condition(node, group)
        self.parameters.clear()
        for position in sorted(self._refused.keys() - self._accepted):
            raise QueryError(self._refused[position], self.query, position)

    def bind(self, value: object) -> str:
        """A parameter for a value."""
        if isinstance(value, datetime):
            value = value.astimezone(UTC).replace(tzinfo=None)
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def condition(self, node: Node, group: Group) -> str:
        """A condition for the events of a group; a value that its field can't have there finds nothing."""
        match node:
            case All():
                return ALWAYS
            case And(nodes):
                return _all(self.condition(inner, group) for inner in nodes)
            case Or(nodes):
                return _any(self.condition(inner, group) for inner in nodes)
            case Not(inner):
                return _not(self.condition(inner, group))
            case Exists(name):
                return exists(resolve(name, group))
            case Match(field=None) | Like(field=None):
                return self._free(node, group)
            case _:
                return self._on(resolve(str(node.field), group), node)

    def _on(self, target: Target, node: Match | Like | Between) -> str:
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

    def _compare(self, target: Column | Inside | Parent | FormatName, node: Match | Like | Between) -> str:
        match target:
            case FormatName(value):
                return self._keyword(_sql_text(value), node)
            case Parent():
                raise ValueError(f"it is an object: name one of its fields, or ask for {node.field}:*")
            case Inside():
                compare = getattr(self, f"_{target.kind}")
                return _some(values_at(target), lambda item: compare(item, node))
            case Column():
                return self._column(target, node)

    def _column(self, column: Column, node: Match | Like | Between) -> str:
        compare = getattr(self, f"_{column.kind}")
        if column.many and column.kind != "object":
            return _some(quoted(column.name), lambda item: compare(item, node))
        condition: str = compare(quoted(column.name), node)
        return condition

    # ---------------------------------------------------------------------------------------------- by kind

    def _keyword(self, column: str, node: Match | Like | Between) -> str:
        match node:
            case Match():
                return f"{column} = {self.bind(node.value)}"
            case Like():
                return f"{column} LIKE {self.bind(values.like(node.pattern))} ESCAPE '\\'"
            case Between():
                return self._between(column, node, node.low, node.high)

    def _text(self, column: str, node: Match | Like | Between) -> str:
        if isinstance(node, Between):
            raise ValueError("text has no order; search for its words, or use wildcards")
        return self._words(f"lower({column})", node)

    def _words(self, lowered: str, node: Match | Like) -> str:
        """Over a text in lower case. A plain search goes first: it is much cheaper than the regular expression."""
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

    def _integer(self, column: str, node: Match | Like | Between) -> str:
        match node:
            case Match():
                return f"{column} = {self.bind(values.number(node.value))}"
            case Like():
                raise ValueError("a number has no wildcards; use a range such as [500 TO 599]")
            case Between():
                low = None if node.low is None else values.number(node.low)
                high = None if node.high is None else values.number(node.high)
                return self._between(column, node, low, high)

    _float = _integer

    def _boolean(self, column: str, node: Match | Like | Between) -> str:
        if not isinstance(node, Match):
            raise ValueError("it is true or false")
        return f"{column} = {self.bind(values.boolean(node.value))}"

    def _time(self, column: str, node: Match | Like | Between) -> str:
        match node:
            case Match():
                start, end = values.moments(node.value, self.now)
                return _all([f"{column} >= {self.bind(start)}", f"{column} < {self.bind(end)}"])
            case Like():
                raise ValueError("a date has no wildcards; `2026-01` is the whole month")
            case Between():
                limits = []
                if node.low is not None:
                    start, end = values.moments(node.low, self.now)
                    limits.append(f"{column} >= {self.bind(start if node.low_inclusive else end)}")
                if node.high is not None:
                    start, end = values.moments(node.high, self.now)
                    limits.append(f"{column} < {self.bind(end if node.high_inclusive else start)}")
                return _all(limits)

    def _ip(self, column: str, node: Match | Like | Between) -> str:
        match node:
            case Match():
                return self._in_network(column, values.network(node.value))
            case Like():
                raise ValueError("an address has no wildcards; use a network such as 10.0.0.0/8")
            case Between():
                low = None if node.low is None else values.network(node.low)
                high = None if node.high is None else values.network(node.high)
                known = [net for net in (low, high) if net is not None]
                if len({net.version for net in known}) > 1:
                    raise ValueError("a range is of IPv4 or of IPv6 addresses")
                key = _ip_key(column, known[0].version)
                first = None if low is None else _ip_value(low[0] if node.low_inclusive else low[-1])
                last = None if high is None else _ip_value(high[-1] if node.high_inclusive else high[0])
                return self._between(key, node, first, last)

    def _in_network(self, column: str, net: values.Network) -> str:
        if net.version == 4 and net.num_addresses == 1:
            return f"{column} = {self.bind(str(net[0]))}"
        key = _ip_key(column, net.version)
        return f"{key} BETWEEN {self.bind(_ip_value(net[0]))} AND {self.bind(_ip_value(net[-1]))}"

    def _geo_point(self, column: str, node: Match | Like | Between) -> str:  # noqa: ARG002 - one signature for all
        raise ValueError("a point on the map can only be asked for with `:*`")

    def _object(self, column: str, node: Match | Like | Between) -> str:
        if isinstance(node, Between):
            raise ValueError("an object has no order: name one of its fields")
        return self._leaves(column, node, "TRUE")

    def _leaves(self, column: str, node: Match | Like, which: str) -> str:
        """One of the plain values in an object, whole. A search of the JSON text goes first: it is much cheaper."""
        parts = [node.value] if isinstance(node, Match) else [part for part in node.pattern if isinstance(part, str)]
        plain = [f"contains(CAST({column} AS VARCHAR), {self.bind(_within_json(part))})" for part in parts]
        one = self._keyword("(leaf ->> '$')", node)
        return _all([*plain, f"len(list_filter(json_leaves({column}), lambda leaf: {which} AND {one})) > 0"])

    def _between(self, column: str, node: Between, low: str | float | None, high: str | float | None) -> str:
        limits = []
        if low is not None:
            limits.append(f"{column} {'>=' if node.low_inclusive else '>'} {self.bind(low)}")
        if high is not None:
            limits.append(f"{column} {'<=' if node.high_inclusive else '<'} {self.bind(high)}")
        return _all(limits)

    def _free(self, node: Match | Like, group: Group) -> str:
        """Free text: keywords and the values of objects whole, text by words, addresses where it is one."""
        kinds = {"keyword", "text", "object"}
        if isinstance(node, Match):
            try:
                values.network(node.value)
                kinds.add("ip")
            except ValueError:
                pass
        return _any(
            self._leaves(quoted(EXTRA), node, "json_type(leaf) = 'VARCHAR'")
            if column.name == EXTRA
            else self._column(column, node)
            for column in group.columns.columns
            if column.kind in kinds and column.name not in _UNREAD
        )


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


# Parts that are TRUE or FALSE stay where they are: their neighbours' parameters are bound and must be used.


def _all(conditions: Iterable[str]) -> str:
    return f"({' AND '.join(conditions) or ALWAYS})"


def _any(conditions: Iterable[str]) -> str:
    return f"({' OR '.join(conditions) or NEVER})"


def _not(condition: str) -> str:
    return f"NOT coalesce({condition}, FALSE)"
