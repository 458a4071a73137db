# ruff: noqa: D102 - a test's name says what it shows
"""The contract suite of filters: subclass it in a test module, say how to make one, and pytest runs the rest.

class TestMyFilter(FilterSuite):
    def make(self): ...                  # the filter
    def fields(self, number): ...        # what an event needs so that the filter has work to do
    def unwanted(self): ...              # fields that it can't work with
"""

from __future__ import annotations

import abc
import copy
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

from logsluice.model import Event, Filter

FIRST = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
DIGEST = "00112233445566778899"

ODD_VALUES: Sequence[Any] = (
    None,
    "",
    "\x00\ud800",
    0,
    -1.5,
    float("nan"),
    10**30,
    True,
    [],
    {},
    [[None]],
    {"": {}},
    FIRST,
)
"""What may stand in any field of an event, for formats take what they find."""


class FilterSuite(abc.ABC):
    """What every filter must do.

    Attributes:
        multiplies: Whether one event may become several (`split`, `clone`); their ids then end in `.n`.
    """

    multiplies: bool = False

    @abc.abstractmethod
    def make(self) -> Filter:
        """The filter."""

    @abc.abstractmethod
    def fields(self, number: int) -> Mapping[str, Any]:
        """The fields that the filter works with, fit to be worked with."""

    def unwanted(self) -> Sequence[Mapping[str, Any]]:
        """Fields that the filter can't work with; the suite adds odd values in the place of each of `fields`."""
        return []

    def event(self, number: int, fields: Mapping[str, Any] | None = None) -> Event:
        """An event as the decoder hands it on."""
        own = self.fields(number) if fields is None else fields
        metadata = {"_id": f"20260131.{DIGEST}.{number}", "position": number, "format": "json"}
        moment = FIRST + timedelta(seconds=number)
        return {"@timestamp": moment, "number": number, **copy.deepcopy(dict(own)), "@metadata": metadata}

    def bad_events(self, start: int) -> Iterator[Event]:
        """Events that the filter may tag, reject or leave alone, but must not raise for."""
        number = start
        for fields in (*self.unwanted(), *self._odd_fields(start), {}):
            yield self.event(number, fields)
            number += 1

    def _odd_fields(self, number: int) -> Iterator[Mapping[str, Any]]:
        for name in self.fields(number):
            for value in ODD_VALUES:
                yield {**self.fields(number), name: value}

    def test_no_events_give_no_events(self) -> None:
        assert self.make().apply([], refuse) == []

    def test_metadata_is_kept(self) -> None:
        events = [self.event(number) for number in range(5)]
        known = {event["@metadata"]["_id"]: copy.deepcopy(event["@metadata"]) for event in events}
        for event in self.make().apply(events, refuse):
            parent = known[self._parent_id(event)]
            assert {key: event["@metadata"][key] for key in parent if key != "_id"} == without_id(parent)

    def test_order_is_kept(self) -> None:
        numbers = [self._number(event) for event in self.make().apply([self.event(n) for n in range(20)], refuse)]
        assert numbers == sorted(numbers)

    def test_a_bad_event_does_not_disturb_its_neighbours(self) -> None:
        alone = [self.make().apply([self.event(number)], refuse) for number in (0, 1)]
        for bad in self.bad_events(start=100):
            number = bad["number"]
            out = self.make().apply([self.event(0), bad, self.event(1)], lambda *_: None)
            assert [event for event in out if self._number(event) != number] == [*alone[0], *alone[1]]

    def test_an_event_goes_on_or_is_rejected_with_a_reason(self) -> None:
        for bad in self.bad_events(start=100):
            rejected: list[tuple[Event, str]] = []
            out = self.make().apply([bad], lambda event, reason, seen=rejected: seen.append((event, reason)))  # type: ignore[misc]
            assert not (out and rejected)
            assert all(event is bad and reason for event, reason in rejected)
            assert all(isinstance(event["@metadata"], dict) for event in out)

    def test_events_share_no_state(self) -> None:
        made = self.make()
        fresh = copy.deepcopy(made.apply([self.event(0)], refuse))
        for event in made.apply([self.event(0)], refuse):
            spoil(event)
        assert made.apply([self.event(0)], refuse) == fresh

    def test_threads_may_share_it(self) -> None:
        made = self.make()
        expected = [made.apply([self.event(number)], refuse) for number in range(50)]
        together = threading.Barrier(4)

        def work() -> list[list[Event]]:
            together.wait()
            return [made.apply([self.event(number)], refuse) for number in range(50)]

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(work) for _ in range(4)]:
                assert done.result() == expected

    def _parent_id(self, event: Event) -> str:
        event_id = str(event["@metadata"]["_id"])
        return ".".join(event_id.split(".")[:3]) if self.multiplies else event_id

    def _number(self, event: Event) -> int:
        return int(self._parent_id(event).rpartition(".")[2])


def refuse(_: Event, reason: str) -> None:
    """For events that no filter should reject."""
    raise AssertionError(f"rejected: {reason}")


def without_id(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """All but `_id`."""
    return {key: value for key, value in metadata.items() if key != "_id"}


def spoil(value: Any) -> None:
    """Change every list and object within a value."""
    if isinstance(value, dict):
        for inner in list(value.values()):
            spoil(inner)
        value["spoilt"] = True
    elif isinstance(value, list):
        for inner in value:
            spoil(inner)
        value.append("spoilt")
