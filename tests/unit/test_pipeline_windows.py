"""An output that names files by windows of its input gets each window whole, whatever is cut and sent again."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.decode import Decoder
from logsluice.delivery import sender
from logsluice.delivery.deadline import Deadline
from logsluice.errors import Busy, Unavailable
from logsluice.formats import load
from logsluice.framing.limits import Limits
from logsluice.framing.windows import RECORD_BYTES
from logsluice.model import ByteStream, Delivery, Encoded, Event, Outcome, RejectEvent, Sent
from logsluice.pipeline import Output
from tests.unit.doubles import MemoryPayload, MemorySink, pipeline


@dataclass
class FileSink(MemorySink):
    """Every request writes each of its windows anew, as a file of messages; some requests fail after that."""

    window_bytes: int = 1
    faults: list[bool] = field(default_factory=list)
    files: dict[str, list[str]] = field(default_factory=dict)

    def send(self, encoded: Encoded) -> Sent:
        written: dict[str, list[str]] = {}
        for message, metadata in zip(encoded.body, encoded.metadata, strict=True):
            written.setdefault(metadata["window"], []).append(message)
        for window, messages in written.items():
            assert self.files.setdefault(window, messages) == messages, "half a window"
        if self.faults and self.faults.pop():
            raise Busy("503")
        return Sent()


class CutStream:
    """Breaks off after some bytes."""

    def __init__(self, content: bytes) -> None:
        self._left = [content]

    def read(self, size: int = -1, /) -> bytes:
        if not self._left:
            raise Unavailable("cut")
        return self._left.pop()


class CutOnce(MemoryPayload):
    """Breaks off in the middle when it is first read."""

    at = 0

    def open(self):  # type: ignore[no-untyped-def]
        opened = super().open()
        if self.opened > 1:
            return opened
        return _Within(CutStream(self.data[: self.at]))


class _Within:
    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream

    def __enter__(self) -> ByteStream:
        return self._stream

    def __exit__(self, *_: object) -> None: ...


@settings(max_examples=150)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=4),
    window=st.integers(1, 8),
    budget=st.sampled_from((1, 3_000, 20_000, 1 << 20)),
    batch=st.integers(5, 300),
    requests=st.integers(1, 9),
    faults=st.lists(st.booleans(), max_size=4),
    cut=st.integers(1, 300),
)
def test_every_request_holds_whole_windows(
    counts: list[int], window: int, budget: int, batch: int, requests: int, faults: list[bool], cut: int
) -> None:
    payloads = [
        CutOnce("".join(f"{number}.{n:03d}\n" for n in range(count)).encode(), f"s3://logs/{number}")
        for number, count in enumerate(counts)
    ]
    payloads[0].at = cut
    sink = FileSink(batch=requests, window_bytes=window * (5 + RECORD_BYTES), faults=list(faults))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sender, "FIRST_BACKOFF_SECONDS", 0.0)
        made = pipeline(
            Output("files", sink),
            Output("other", MemorySink(batch=3)),
            decoder=Decoder(load("lines"), limits=Limits(batch=batch)),
            budget=budget,
        )
        made.open()
        again = [Delivery(payload.uri, [payload]) for payload in payloads]
        for payload in payloads[1:]:
            payload.opened = 1  # only the first is cut
        while again:
            outcomes = list(made.process(again, Deadline()))
            again = [delivery for delivery, outcome in outcomes if outcome is not Outcome.DELIVERED]
            assert {delivery.id for delivery in again} <= {"s3://logs/0"}
    expected = {
        payload.origin.id_of(6 * first): [
            f"{number}.{n:03d}" for n in range(first, min(first + window, counts[number]))
        ]
        for number, payload in enumerate(payloads)
        for first in range(0, counts[number], window)
    }
    assert sink.files == expected
    assert made.budget.used == 0


class TakesMetadata:
    """A filter that takes what is beside the event from every other one, as `mutate {remove_field}` can."""

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        for event in events[::2]:
            del event["@metadata"]
        return events


def test_a_filter_can_not_take_events_out_of_their_window() -> None:
    payload = MemoryPayload(b"".join(b"%02d\n" % n for n in range(9)), "s3://logs/key")
    sink = FileSink(window_bytes=3 * (2 + RECORD_BYTES))
    made = pipeline(Output("files", sink), decoder=Decoder(load("lines")), filters=[TakesMetadata()])
    made.open()
    assert [outcome for _, outcome in made.process([Delivery("key", [payload])], Deadline())] == [Outcome.DELIVERED]
    expected = {3 * first: [f"{n:02d}" for n in range(first, first + 3)] for first in (0, 3, 6)}
    assert sink.files == {payload.origin.id_of(position): messages for position, messages in expected.items()}
