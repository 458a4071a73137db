"""The source of made-up messages."""

from __future__ import annotations

from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.formats import load
from logsluice.model import Delivery, Event, Outcome
from logsluice.sources.generator import Config, GeneratorSource, build


def source(**options: object) -> GeneratorSource:
    return build(Config.model_validate(options), Context())


def events(*deliveries: Delivery) -> list[Event]:
    decoder = Decoder(load("lines"), with_origin=False)
    return [
        event
        for delivery in deliveries
        for payload in delivery.payloads
        for piece in decoder.decode(payload)
        for event in piece.events
    ]


def test_lines_are_handed_out_in_rounds_and_then_it_ends() -> None:
    made = source(lines=["a", "b"], count=3)
    batch = made.receive(0)
    assert batch is not None
    found = [(event["message"], event["sequence"]) for event in events(*batch)]
    assert found == [("a", 0), ("b", 0), ("a", 1), ("b", 1), ("a", 2), ("b", 2)]
    assert made.receive(0) == []
    for delivery in batch:
        made.settle(delivery, Outcome.DELIVERED)
    assert made.receive(0) is None


def test_ids_are_unique_and_a_retry_keeps_them() -> None:
    made = source(lines="x", count=250)
    batch = made.receive(0)
    assert batch is not None
    first = [event["@metadata"]["_id"] for event in events(*batch)]
    assert len(set(first)) == 250
    for delivery in batch:
        made.settle(delivery, Outcome.RETRY)
    again = made.receive(0)
    assert again is not None
    assert [event["@metadata"]["_id"] for event in events(*again)] == first
    assert [delivery.receive_count for delivery in again] == [2, 2, 2]


def test_without_a_count_it_never_ends() -> None:
    made = source()
    for _ in range(5):
        batch = made.receive(0)
        assert batch is not None
        assert events(*batch)[0]["message"] == "Hello world!"
