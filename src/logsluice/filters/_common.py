"""What all filters share: the loop over the events, and the common options.

A filter that looks at one event at a time derives from `EachEvent` and says in `change` what it does; one that makes
several of it derives from `Multiplies` and says so in `multiply`. Filters are shared by threads and keep nothing of an
event.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from logsluice.filters._options import CommonOptions
from logsluice.filters._tags import add_failure_tags, add_tags, remove_tags
from logsluice.lang.references import METADATA, MISSING, CannotSet, Reference, reference
from logsluice.lang.templates import Template, template
from logsluice.model import OWN_METADATA, Event, RejectEvent

__all__ = [
    "OPEN_ENDED",
    "CommonOptions",
    "EachEvent",
    "Multiplies",
    "NameOf",
    "copied",
    "field_name",
    "named_by_data",
    "within",
]

OPEN_ENDED = (
    "every key of the data becomes a field of the event: with open-ended keys the mapping of an index grows until it"
    " refuses documents; a `target` keeps them together"
)
"""What filters say in `concerns` that make fields of data."""

NameOf: TypeAlias = Callable[[Event], Reference]
"""Which field is meant, for one event."""

CHILDREN = "_children"
"""In `@metadata`: how many copies have been made of the event."""

Change: TypeAlias = Callable[[Event], None]


def field_name(text: str) -> NameOf:
    """A field reference in which `%{…}` may stand; the function raises InvalidReference for what comes out wrong."""
    compiled = template(text)
    if not compiled.is_constant:
        return lambda event: reference(compiled.render(event))
    constant = Reference(text)
    return lambda _: constant


def named_by_data(text: str) -> Reference:
    """The field that a name means which stands in a log.

    Raises:
        InvalidReference: It means none.
        CannotSet: It means what of `@metadata` is ours.
    """
    field = reference(text)
    if field.path[0] == METADATA and (len(field.path) == 1 or field.path[1] in OWN_METADATA):
        raise CannotSet(f"a log can't set {text}")
    return field


def within(target: str | None, field: str) -> str:
    """The reference of a field under a target: `[target][field]`."""
    if target is None:
        return field
    outer = target if target.startswith("[") else f"[{target}]"
    return outer + (field if field.startswith("[") else f"[{field}]")


def copied(value: Any) -> Any:
    """A value that shares no list and no object with the one given."""
    if isinstance(value, dict):
        return {key: copied(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [copied(inner) for inner in value]
    return value


class EachEvent(ABC):
    """A filter that changes events one by one, in place."""

    def __init__(self, options: CommonOptions, error_tags: Sequence[str] = ()) -> None:
        """Compile the common options.

        Args:
            options: The filter's options.
            error_tags: Put on an event when `change` raises. Without them such an event is rejected.
        """
        self._error_tags = tuple(error_tags)
        self._on_success = _changes(options)

    @abstractmethod
    def change(self, event: Event) -> bool:
        """Work on one event. True: successful, the common options follow. May raise."""

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`. An exception is that one event's alone."""
        refused: set[int] = set()
        for event in events:
            try:
                if self.change(event) and self._on_success:
                    self.succeed(event)
            except Exception as error:  # noqa: BLE001 - whatever one event sets off becomes its tag or reject
                if self._error_tags:
                    add_failure_tags(event, self._error_tags)
                else:
                    refused.add(id(event))
                    reject(event, f"{_name(self)}: {error or type(error).__name__}")
        return [event for event in events if id(event) not in refused] if refused else events

    def succeed(self, event: Event) -> None:
        """The common options; only a filter with work to do after them calls it itself."""
        for follow in self._on_success:
            follow(event)


class Multiplies(ABC):
    """A filter that makes several events of one."""

    def __init__(self, options: CommonOptions) -> None:
        """Compile the common options, which new events get."""
        self._on_success = _changes(options)

    @abstractmethod
    def multiply(self, event: Event) -> list[Event]:
        """What goes on in the place of one event. May raise."""

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`. An exception is that one event's alone."""
        results: list[Event] = []
        for event in events:
            try:
                results += self.multiply(event)
            except Exception as error:  # noqa: BLE001 - whatever one event sets off becomes its reject
                reject(event, f"{_name(self)}: {error or type(error).__name__}")
        return results

    def child(self, event: Event, number: int) -> Event:
        """A copy with an id of its own: `.n` behind the parent's, counted on from earlier filters' copies."""
        child: Event = copied(event)
        metadata = child.get("@metadata")
        if metadata and "_id" in metadata:
            metadata["_id"] = f"{metadata['_id']}.{metadata.pop(CHILDREN, 0) + number}"
        return child

    def has_children(self, event: Event, count: int) -> None:
        """Note in an event that goes on beside its copies how many there are: later filters' ids are others then."""
        metadata = event.get("@metadata")
        if count and metadata and "_id" in metadata:
            metadata[CHILDREN] = metadata.get(CHILDREN, 0) + count

    def succeed(self, event: Event) -> None:
        """The common options, for an event that was made."""
        for follow in self._on_success:
            follow(event)


def _name(filter_: object) -> str:
    """As configurations call it."""
    return type(filter_).__module__.rpartition(".")[2]


def _changes(options: CommonOptions) -> list[Change]:
    """The common options that are set, in Logstash's order."""
    changes = [_add_field(name, texts) for name, texts in options.add_field.items()]
    changes += [_remove_field(name) for name in options.remove_field]
    if options.add_tag:
        changes.append(_on_tags(add_tags, options.add_tag))
    if options.remove_tag:
        changes.append(_on_tags(remove_tags, options.remove_tag))
    return changes


def _add_field(name: str, texts: Sequence[str]) -> Change:
    name_of = field_name(name)
    templates = [template(text) for text in texts]

    def change(event: Event) -> None:
        field = name_of(event)
        for each in templates:
            there = field.find(event)
            value = each.render(event)
            field.set(event, value if there is MISSING else [*_as_list(there), value])

    return change


def _remove_field(name: str) -> Change:
    name_of = field_name(name)

    def change(event: Event) -> None:
        name_of(event).delete(event)

    return change


def _on_tags(work: Callable[[Event, list[str]], None], texts: Sequence[str]) -> Change:
    templates: list[Template] = [template(text) for text in texts]
    return lambda event: work(event, [each.render(event) for each in templates])


def _as_list(value: Any) -> list[Any]:
    """As Ruby's `Array()`: null is empty, an object is a list of pairs."""
    if value is None:
        return []
    if isinstance(value, dict):
        return [[key, inner] for key, inner in value.items()]
    return value if isinstance(value, list) else [value]
