# ruff: noqa: D102 - a test's name says what it shows
"""The contract suite of sources: subclass it in a test module, say how to supply input, and pytest runs the rest.

    class TestMySource(SourceSuite):
        def supply(self, count): ...   # put `count` new inputs where the source finds them; returns their URIs
        def make(self): ...            # a fresh source over the same place, not opened

Sources should be made with a short visibility and short retry delays (a second or two), for the suite waits for both.
"""

from __future__ import annotations

import abc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from logsluice.model import Delivery, Outcome, Source

PATIENCE_SECONDS = 20.0

AnySource = TypeVar("AnySource", bound=Source)


class SourceSuite(abc.ABC):
    """What every source must do.

    Attributes:
        remembers: Whether a fresh source leaves out what an earlier one has settled (a queue does, files do not).
    """

    remembers: bool = True

    @abc.abstractmethod
    def supply(self, count: int) -> set[str]:
        """Put new inputs in place, each with some bytes to read; returns their origins' URIs."""

    @abc.abstractmethod
    def make(self) -> Source:
        """A fresh source over the same place, not opened. Its predecessors may have ended without `close`."""

    def test_every_input_is_handed_out_and_settled(self) -> None:
        supplied = self.supply(12)
        with opened(self.make()) as source:
            assert {uri for delivery in drain(source) for uri in uris(delivery)} == supplied
        if self.remembers:
            with opened(self.make()) as source:
                assert not receive(source, wait=0)

    def test_batches_have_at_most_ten_deliveries_with_ids_of_their_own(self) -> None:
        self.supply(12)
        with opened(self.make()) as source:
            batch = receive(source)
            assert 1 <= len(batch) <= 10
            assert len({delivery.id for delivery in batch}) == len(batch)

    def test_payloads_give_their_bytes_and_know_their_origin_before(self) -> None:
        self.supply(1)
        with opened(self.make()) as source:
            (delivery,) = receive(source)
            (payload,) = delivery.payloads
            assert payload.origin.uri
            with payload.open() as stream:
                content = b"".join(iter(lambda: stream.read(3), b""))
            assert content
            assert payload.size in (None, len(content))
            source.settle(delivery, Outcome.DELIVERED)

    def test_what_was_not_settled_comes_back_with_the_same_identity(self) -> None:
        self.supply(3)
        abandoned = self.make()
        abandoned.open()
        first = sorted(digest for delivery in receive_all(abandoned, 3) for digest in digests(delivery))
        with opened(self.make()) as source:
            again = receive_all(source, 3)
            assert sorted(digest for delivery in again for digest in digests(delivery)) == first
            for delivery in again:
                source.settle(delivery, Outcome.DELIVERED)

    def test_a_rejected_delivery_is_settled_for_good(self) -> None:
        self.supply(1)
        with opened(self.make()) as source:
            (delivery,) = receive(source)
            source.settle(delivery, Outcome.REJECTED)
            source.flush()
            assert not receive(source, (source.visibility or 0) + 1)

    def test_a_retried_delivery_comes_back_later_and_counts_its_receipts(self) -> None:
        self.supply(1)
        with opened(self.make()) as source:
            (delivery,) = receive(source)
            assert delivery.receive_count == 1
            source.settle(delivery, Outcome.RETRY)
            assert source.receive(0) == []
            (again,) = receive(source)
            assert digests(again) == digests(delivery)
            assert again.receive_count == 2
            source.settle(again, Outcome.DELIVERED)

    def test_an_extended_delivery_is_handed_to_nobody_else(self) -> None:
        self.supply(1)
        with opened(self.make()) as source:
            (delivery,) = receive(source)
            if source.visibility is not None:
                with opened(self.make()) as other:
                    end = time.monotonic() + 2 * source.visibility
                    while time.monotonic() < end:
                        assert source.extend(delivery)
                        assert not other.receive(0)
                        time.sleep(source.visibility / 4)
            source.settle(delivery, Outcome.DELIVERED)

    def test_a_delivery_in_hand_keeps_the_source_from_ending(self) -> None:
        self.supply(1)
        with opened(self.make()) as source:
            (delivery,) = receive(source)
            assert source.receive(0) == []
            source.settle(delivery, Outcome.DELIVERED)
            source.flush()
            assert not source.receive(0)

    def test_settling_another_delivery_leaves_one_in_hand_alone(self) -> None:
        self.supply(2)
        with opened(self.make()) as source:
            kept, settled = receive_all(source, 2)
            source.settle(settled, Outcome.DELIVERED)
            source.flush()
            assert source.extend(kept)
            source.settle(kept, Outcome.RETRY)
            (again,) = receive(source)
            assert digests(again) == digests(kept)
            source.settle(again, Outcome.DELIVERED)


@contextmanager
def opened(source: AnySource) -> Iterator[AnySource]:
    """A source between `open` and `close`."""
    source.open()
    try:
        yield source
    finally:
        source.flush()
        source.close()


def receive(source: Source, wait: float = PATIENCE_SECONDS) -> list[Delivery]:
    """The next deliveries; none when nothing came within `wait` seconds or nothing ever will."""
    end = time.monotonic() + wait
    while True:
        left = max(0.0, end - time.monotonic())
        batch = source.receive(min(left, 1.0))
        if batch is None or batch or not left:
            return list(batch or ())


def receive_all(source: Source, count: int) -> list[Delivery]:
    """So many deliveries, in as many calls as it takes."""
    found: list[Delivery] = []
    while len(found) < count:
        batch = receive(source)
        assert batch, f"only {len(found)} of {count} deliveries came"
        found += batch
    assert len(found) == count
    return found


def drain(source: Source) -> list[Delivery]:
    """Receive and settle until nothing comes any more."""
    found: list[Delivery] = []
    while batch := receive(source, 1.0):
        for delivery in batch:
            source.settle(delivery, Outcome.DELIVERED)
        source.flush()
        found += batch
    return found


def uris(delivery: Delivery) -> list[str]:
    """The URIs of a delivery's payloads."""
    return [payload.origin.uri for payload in delivery.payloads]


def digests(delivery: Delivery) -> list[str]:
    """What the ids of a delivery's events start with."""
    return [payload.origin.id_prefix for payload in delivery.payloads]
