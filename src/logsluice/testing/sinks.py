# ruff: noqa: D102 - a test's name says what it shows
"""The contract suite of sinks: subclass it in a test module, say how to make one, and pytest runs the rest.

    class TestMySink(SinkSuite):
        def make(self): ...            # a fresh sink over the same place, not opened
        def arrived(self): ...         # the documents that a reader of that place finds now

Each test needs an empty place: make it in a fixture of the subclass.
"""

from __future__ import annotations

import abc
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from logsluice.model import Encoded, Event, Sent, Sink

FIRST = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LARGEST_REQUEST = 32 * 1024 * 1024


class SinkSuite(abc.ABC):
    """What every sink must do.

    Attributes:
        format_name: The format that the suite's events say they come from.
    """

    format_name: str = "json"

    @abc.abstractmethod
    def make(self) -> Sink:
        """A fresh sink over the same place, not opened."""

    @abc.abstractmethod
    def arrived(self) -> Sequence[Mapping[str, Any]]:
        """Every document that can be found now. Events of the suite are told apart by their field `number`."""

    def unwanted(self) -> list[Event]:
        """Events that the sink can't take, for a fault of theirs; made by `self.event` and then spoilt."""
        return []

    def event(self, number: int) -> Event:
        """A plain event, as the decoder hands it on."""
        uri, digest = "s3://logs/suite.json", "00112233445566778899"
        return {
            "@timestamp": FIRST + timedelta(milliseconds=number),
            "number": number,
            "message": f"line {number}: ü \u2028 \"quoted\" \\ 'and' <b>tags</b>",
            "origin": {"uri": uri, "version": digest, "position": number},
            "@metadata": {"_id": f"20260131.{digest}.{number}", "position": number, "format": self.format_name},
        }

    def events(self, *numbers: int) -> list[Event]:
        """Several of them."""
        return [self.event(number) for number in numbers]

    def test_every_event_arrives_once(self) -> None:
        with opened(self.make()) as sink:
            deliver(sink, self.events(*range(50)))
        assert sorted(self._numbers()) == list(range(50))

    def test_metadata_is_never_written_out(self) -> None:
        with opened(self.make()) as sink:
            deliver(sink, self.events(1))
        (document,) = self.arrived()
        assert "@metadata" not in document
        assert "_id" not in document

    def test_values_arrive_as_they_were(self) -> None:
        with opened(self.make()) as sink:
            deliver(sink, self.events(7))
        (document,) = self.arrived()
        assert document["message"] == self.event(7)["message"]

    def test_encoding_leaves_the_events_as_they_were(self) -> None:
        events = [*self.events(*range(10)), *self.unwanted()]
        before = copy.deepcopy(events)
        with opened(self.make()) as sink:
            sink.encode(events, lambda _index, _reason: None)
        assert events == before

    def test_requests_have_bounds(self) -> None:
        with opened(self.make()) as sink:
            assert 0 < sink.request_bytes <= LARGEST_REQUEST
            assert sink.request_events > 0

    def test_an_encoded_run_knows_its_size_and_what_is_in_it(self) -> None:
        with opened(self.make()) as sink:
            few, many = (sink.encode(self.events(*range(count)), must_not_refuse) for count in (2, 20))
        assert (len(few), len(many)) == (2, 20)
        assert positions(many) == list(range(20))
        assert 0 < few.size < many.size

    def test_joined_requests_keep_the_order_and_all_arrive(self) -> None:
        with opened(self.make()) as sink:
            joined = self._joined(sink)
            assert positions(joined) == [0, 1, 2, 3, 4, 5]
            assert [json.loads(sink.document(joined, index))["number"] for index in range(6)] == [0, 1, 2, 3, 4, 5]
            assert_confirmed(sink.send(joined))
        assert sorted(self._numbers()) == [0, 1, 2, 3, 4, 5]

    def test_what_is_picked_arrives_and_nothing_else(self) -> None:
        with opened(self.make()) as sink:
            picked = sink.pick(self._joined(sink), [1, 2, 5])
            assert positions(picked) == [1, 2, 5]
            assert_confirmed(sink.send(picked))
        assert sorted(self._numbers()) == [1, 2, 5]

    def test_a_request_that_was_picked_from_stays_as_it_was(self) -> None:
        with opened(self.make()) as sink:
            joined = self._joined(sink)
            size = joined.size
            assert_confirmed(sink.send(sink.pick(joined, [1, 2, 5])))
            assert (positions(joined), joined.size) == ([0, 1, 2, 3, 4, 5], size)
            assert_confirmed(sink.send(sink.pick(joined, [0, 3, 4])))
        assert sorted(self._numbers()) == [0, 1, 2, 3, 4, 5]

    def test_a_document_can_be_taken_out_for_the_dead_letter(self) -> None:
        with opened(self.make()) as sink:
            document = json.loads(sink.document(sink.encode(self.events(1, 2), must_not_refuse), 1))
        assert document["number"] == 2
        assert document["message"] == self.event(2)["message"]
        assert "@metadata" not in document

    def test_nothing_arrives_before_it_is_sent(self) -> None:
        with opened(self.make()) as sink:
            assert len(sink.encode(self.events(1), must_not_refuse)) == 1
        assert self._numbers() == []

    def test_a_repeat_adds_nothing_where_the_sink_says_so(self) -> None:
        with opened(self.make()) as sink:
            deliver(sink, self.events(1, 2, 3))
            deliver(sink, self.events(2, 3, 4))
        with opened(self.make()) as again:
            deliver(again, self.events(1, 2, 3, 4))
            repeats = not again.idempotent
        assert sorted(self._numbers()) == sorted([1, 2, 3, 4] + repeats * [2, 3, 1, 2, 3, 4])

    def test_one_request_can_be_sent_again(self) -> None:
        with opened(self.make()) as sink:
            encoded = sink.encode(self.events(1, 2), must_not_refuse)
            assert_confirmed(sink.send(encoded))
            assert_confirmed(sink.send(encoded))
            repeats = not sink.idempotent
        assert sorted(self._numbers()) == sorted([1, 2] + repeats * [1, 2])

    def test_an_unwanted_event_is_named_and_its_neighbours_arrive(self) -> None:
        for unwanted in self.unwanted():
            events = [*self.events(1, 2), unwanted, *self.events(3)]
            refused: dict[int, str] = {}
            with opened(self.make()) as sink:
                encoded = sink.encode(events, refused.__setitem__)
                sent = sink.send(encoded)
            assert sent.failed == {}
            refused |= {position(events, encoded, index): reason for index, reason in sent.rejected.items()}
            assert list(refused) == [2]
            assert refused[2]
            assert sorted(set(self._numbers())) == [1, 2, 3]

    def test_several_workers_send_at_once(self) -> None:
        batches = [self.events(*range(start, start + 100)) for start in range(0, 800, 100)]
        with opened(self.make()) as sink, ThreadPoolExecutor(4) as workers:
            list(workers.map(lambda events: deliver(sink, events), batches))
        assert sorted(self._numbers()) == list(range(800))

    def _joined(self, sink: Sink) -> Encoded:
        """The events 0 to 5, encoded in three pieces."""
        return sink.join([sink.encode(self.events(*numbers), must_not_refuse) for numbers in ((0, 1), (2,), (3, 4, 5))])

    def _numbers(self) -> list[int]:
        return [document["number"] for document in self.arrived()]


@contextmanager
def opened(sink: Sink) -> Iterator[Sink]:
    """A sink that is closed again."""
    sink.open()
    try:
        yield sink
    finally:
        sink.close()


def deliver(sink: Sink, events: Sequence[Event]) -> None:
    """Encode and send, and insist that every event is confirmed."""
    assert_confirmed(sink.send(sink.encode(events, must_not_refuse)))


def assert_confirmed(sent: Sent) -> None:
    """No event was rejected or failed."""
    assert sent.rejected == {}
    assert sent.failed == {}


def must_not_refuse(index: int, reason: str) -> None:
    """For `encode`, where every event is good."""
    raise AssertionError(f"event {index} was refused: {reason}")


def positions(encoded: Encoded) -> list[int]:
    """Which of the suite's events are in a request, in its order."""
    return [about["position"] for about in encoded.metadata]


def position(events: Sequence[Event], encoded: Encoded, index: int) -> int:
    """The index among all events of one of a request."""
    return next(i for i, event in enumerate(events) if event["@metadata"] == encoded.metadata[index])
