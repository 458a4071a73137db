"""What a query means for each kind of field, once for all places that hold logs.

`docs/query-semantics.md` has the table. A place says in its own language what is left: that a value is equal, that it
lies between two others, that words follow one another.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Generic, TypeAlias, TypeVar

from logsluice.errors import QueryError
from logsluice.formats.fields import Kind
from logsluice.query import values
from logsluice.query.syntax import All, And, Between, Exists, Like, Match, Node, Not, Or

ConditionT = TypeVar("ConditionT")
GroupT = TypeVar("GroupT")
TargetT = TypeVar("TargetT")
PlaceT = TypeVar("PlaceT")

Comparison: TypeAlias = Match | Like | Between

_SEARCHED: frozenset[Kind] = frozenset({"keyword", "text", "object"})
"""What free text looks at: keywords and the values of objects whole, text by words."""


class Compiler(ABC, Generic[ConditionT, GroupT, TargetT, PlaceT]):
    """Compiles one query for one group of events after the other.

    ConditionT is what it gives, TargetT what a name means in a group, PlaceT where the values of a field are.

    Args:
        query: What the user wrote, for errors.
        now: What `now` means in it; the present by default.
    """

    def __init__(self, query: str, now: datetime | None = None) -> None:
        self.query = query
        self.now = now or datetime.now(UTC)
        self._accepted: set[int] = set()
        self._refused: dict[int, str] = {}

    def check(self, node: Node, groups: Iterable[GroupT]) -> None:
        """Raise QueryError for a value that its field can't have in any group: one where it can is enough."""
        for group in groups:
            self.condition(node, group)
        for position in sorted(self._refused.keys() - self._accepted):
            raise QueryError(self._refused[position], self.query, position)

    def condition(self, node: Node, group: GroupT) -> ConditionT:
        """A condition for the events of a group; a value that its field can't have there finds nothing."""
        match node:
            case All():
                return self._all_of(())
            case And(nodes):
                return self._all_of(self.condition(inner, group) for inner in nodes)
            case Or(nodes):
                return self._any_of(self.condition(inner, group) for inner in nodes)
            case Not(inner):
                return self._none_of(self.condition(inner, group))
            case Exists(name):
                return self._exists(self._resolve(name, group))
            case Match(field=None) | Like(field=None):
                return self._any_of(self._free(node, group, _searched(node)))
            case _:
                return self._on(self._resolve(str(node.field), group), node)

    def _on(self, target: TargetT, node: Comparison) -> ConditionT:
        try:
            condition = self._compare(target, node)
        except values.Impossible as error:
            raise QueryError(f"{node.field}: {error}", self.query, node.position) from None
        except ValueError as error:
            self._refused[node.position] = f"{node.field}: {error}"
            return self._any_of(())
        if target is not None:
            self._accepted.add(node.position)
        return condition

    def _of_kind(self, kind: Kind, place: PlaceT, node: Comparison) -> ConditionT:
        """What a comparison means for a kind of field. Raises ValueError for one that means nothing there."""
        match kind:
            case "keyword":
                return self._keyword(place, node)
            case "text":
                if isinstance(node, Between):
                    raise ValueError("text has no order; search for its words, or use wildcards")
                return self._words(place, node)
            case "integer" | "float":
                return self._number(kind, place, node)
            case "boolean":
                if not isinstance(node, Match):
                    raise ValueError("it is true or false")
                return self._equal("boolean", place, values.boolean(node.value))
            case "time":
                return self._time(place, node)
            case "ip":
                return self._ip(place, node)
            case "object":
                if isinstance(node, Between):
                    raise ValueError("an object has no order: name one of its fields")
                return self._leaves(place, node)
            case "geo_point":
                raise ValueError("a point on the map can only be asked for with `:*`")

    def _number(self, kind: Kind, place: PlaceT, node: Comparison) -> ConditionT:
        match node:
            case Match():
                return self._equal(kind, place, values.number(node.value))
            case Like():
                raise ValueError("a number has no wildcards; use a range such as [500 TO 599]")
            case Between():
                low = None if node.low is None else values.number(node.low)
                high = None if node.high is None else values.number(node.high)
                return self._between(place, node, low, high)

    def _time(self, place: PlaceT, node: Comparison) -> ConditionT:
        match node:
            case Match():
                return self._within_times(place, *values.moments(node.value, self.now))
            case Like():
                raise ValueError("a date has no wildcards; `2026-01` is the whole month")
            case Between():
                since = until = None
                if node.low is not None:
                    since = values.moments(node.low, self.now)[0 if node.low_inclusive else 1]
                if node.high is not None:
                    until = values.moments(node.high, self.now)[1 if node.high_inclusive else 0]
                return self._within_times(place, since, until)

    def _ip(self, place: PlaceT, node: Comparison) -> ConditionT:
        match node:
            case Match():
                return self._in_network(place, values.network(node.value))
            case Like():
                raise ValueError("an address has no wildcards; use a network such as 10.0.0.0/8")
            case Between():
                low = None if node.low is None else values.network(node.low)
                high = None if node.high is None else values.network(node.high)
                known = [net for net in (low, high) if net is not None]
                if len({net.version for net in known}) > 1:
                    raise ValueError("a range is of IPv4 or of IPv6 addresses")
                return self._between_addresses(place, node, low, high)

    # ------------------------------------------------------------------------------ in the language of a place

    @abstractmethod
    def _resolve(self, name: str, group: GroupT) -> TargetT:
        """What a name means in a group; None where it means nothing."""

    @abstractmethod
    def _exists(self, target: TargetT) -> ConditionT:
        """Whether a field is there."""

    @abstractmethod
    def _compare(self, target: TargetT, node: Comparison) -> ConditionT:
        """A comparison with what a name means: nothing is found where it means nothing. Raises ValueError."""

    @abstractmethod
    def _free(self, node: Match | Like, group: GroupT, kinds: frozenset[Kind]) -> Iterator[ConditionT]:
        """Free text: a condition for each field of these kinds."""

    @abstractmethod
    def _all_of(self, conditions: Iterable[ConditionT]) -> ConditionT:
        """Every one; all events for none."""

    @abstractmethod
    def _any_of(self, conditions: Iterable[ConditionT]) -> ConditionT:
        """At least one; no event for none."""

    @abstractmethod
    def _none_of(self, condition: ConditionT) -> ConditionT:
        """All events that it does not find."""

    @abstractmethod
    def _keyword(self, place: PlaceT, node: Comparison) -> ConditionT:
        """Whole values, as they are written."""

    @abstractmethod
    def _words(self, place: PlaceT, node: Match | Like) -> ConditionT:
        """Words of a text, whatever their case; a pattern of other characters looks at the whole value."""

    @abstractmethod
    def _leaves(self, place: PlaceT, node: Match | Like) -> ConditionT:
        """One of the plain values in an object, whole."""

    @abstractmethod
    def _equal(self, kind: Kind, place: PlaceT, value: float | bool) -> ConditionT:
        """A number, or true or false."""

    @abstractmethod
    def _between(self, place: PlaceT, node: Between, low: float | None, high: float | None) -> ConditionT:
        """Numbers from one to another; the node says whether these are included."""

    @abstractmethod
    def _within_times(self, place: PlaceT, since: datetime | None, until: datetime | None) -> ConditionT:
        """From a moment on, and before another."""

    @abstractmethod
    def _in_network(self, place: PlaceT, network: values.Network) -> ConditionT:
        """Addresses of a network."""

    @abstractmethod
    def _between_addresses(
        self, place: PlaceT, node: Between, low: values.Network | None, high: values.Network | None
    ) -> ConditionT:
        """Addresses from one network to another of the same version; at least one is given."""


def _searched(node: Match | Like) -> frozenset[Kind]:
    """The kinds that free text looks at: addresses too, where it is one."""
    if isinstance(node, Match):
        try:
            values.network(node.value)
        except ValueError:
            return _SEARCHED
        return _SEARCHED | {"ip"}
    return _SEARCHED
