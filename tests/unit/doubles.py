"""Sources, sinks and shelves in memory whose faults are set by the test: for the rules of pipeline and daemon."""

from __future__ import annotations

import io
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from logsluice.decode import Decoder
from logsluice.delivery.dead_letter import DeadLetter
from logsluice.errors import SinkFault, SourceFault
from logsluice.formats import load
from logsluice.model import ByteStream, Delivery, Encoded, Event, Origin, Outcome, Sent
from logsluice.pipeline import Output, Pipeline

WRITTEN = datetime(2026, 1, 31, 12, tzinfo=UTC)


@dataclass
class MemoryPayload:
    data: bytes
    uri: str = "s3://logs/a"
    fault: SourceFault | None = None
    opened: int = 0

    @property
    def origin(self) -> Origin:
        bucket, _, key = self.uri.removeprefix("s3://").partition("/")
        return Origin(self.uri, "v1", {"s3": {"bucket": bucket, "key": key}}, key, (bucket, key, "v1"))

    @property
    def size(self) -> int | None:
        return len(self.data)

    def open(self) -> AbstractContextManager[ByteStream]:
        self.opened += 1
        if self.fault is not None:
            raise self.fault
        return nullcontext(io.BytesIO(self.data))

    def modified(self) -> datetime | None:
        return WRITTEN


def lines(*texts: str, uri: str = "s3://logs/a") -> Delivery:
    """A delivery of one payload with these lines."""
    return Delivery(uri, [MemoryPayload("".join(f"{t}\n" for t in texts).encode(), uri)])


@dataclass
class MemorySink:
    """Keeps messages by `_id`. `behave(message)` may say what is wrong with one."""

    behave: Callable[[str], SinkFault | str | None] = lambda message: None
    idempotent: bool = True
    batch: int = 10
    delay: float = 0.0
    whole: SinkFault | None = None
    messages: list[str] = field(default_factory=list)
    ids: Counter[str] = field(default_factory=Counter)
    requests: int = 0
    is_open: bool = False

    def open(self) -> None:
        self.is_open = True

    def close(self) -> None:
        self.is_open = False

    @property
    def request_bytes(self) -> int:
        return 1 << 30

    @property
    def request_events(self) -> int:
        return self.batch

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        good: list[Event] = []
        for index, event in enumerate(events):
            if event["message"].startswith("unencodable"):
                refuse(index, "can't be encoded")
            else:
                good.append(event)
        messages = [event["message"] for event in good]
        return Encoded(messages, [event["@metadata"] for event in good], sum(map(len, messages)))

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        return Encoded(
            [m for part in parts for m in part.body],
            [m for part in parts for m in part.metadata],
            sum(part.size for part in parts),
        )

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        picked = [encoded.body[i] for i in indexes]
        return Encoded(picked, [encoded.metadata[i] for i in indexes], sum(map(len, picked)))

    def document(self, encoded: Encoded, index: int) -> bytes:
        return json.dumps({"message": encoded.body[index]}).encode()

    def send(self, encoded: Encoded) -> Sent:
        self.requests += 1
        time.sleep(self.delay)
        if self.whole is not None:
            raise self.whole
        sent = Sent()
        for index, (message, metadata) in enumerate(zip(encoded.body, encoded.metadata, strict=True)):
            match self.behave(message):
                case SinkFault() as fault:
                    sent.failed[index] = fault
                case str(reason):
                    sent.rejected[index] = reason
                case None:
                    identity = metadata["_id"]
                    if self.idempotent and self.ids[identity]:
                        sent.duplicates += 1
                    else:
                        self.messages.append(message)
                    self.ids[identity] += 1
        return sent


@dataclass
class MemoryShelf:
    """Dead letter files by name."""

    files: dict[str, bytes] = field(default_factory=dict)
    fault: SinkFault | None = None

    def put(self, name: str, content: bytes) -> None:
        if self.fault is not None:
            raise self.fault
        self.files[name] = content

    def entries(self) -> list[dict[str, Any]]:
        import orjson

        return [orjson.loads(line) for content in self.files.values() for line in content.splitlines()]


@dataclass
class MemorySource:
    """Hands out deliveries in batches; RETRY puts one back."""

    pending: list[Delivery]
    endless: bool = False
    visibility: float | None = None
    batch: int = 10
    settled: list[tuple[str, Outcome]] = field(default_factory=list)
    extended: Counter[str] = field(default_factory=Counter)
    receives: int = 0
    fault: SourceFault | None = None
    retry_again: bool = True
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _out: int = 0

    def open(self) -> None: ...

    def close(self) -> None: ...

    def flush(self) -> None: ...

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        with self._lock:
            self.receives += 1
            if self.fault is not None:
                fault, self.fault = self.fault, None
                raise fault
            batch, self.pending = self.pending[: self.batch], self.pending[self.batch :]
            self._out += len(batch)
            if not batch and not self._out and not self.endless:
                return None
        if not batch:
            time.sleep(0.01)
        return batch

    def extend(self, delivery: Delivery) -> bool:
        self.extended[delivery.id] += 1
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        with self._lock:
            self.settled.append((delivery.id, outcome))
            self._out -= 1
            if outcome is Outcome.RETRY and self.retry_again:
                delivery.receive_count += 1
                self.pending.append(delivery)


def pipeline(*outputs: Output, shelf: MemoryShelf | None = None, **options: Any) -> Pipeline:
    decoder = options.pop("decoder", None) or Decoder(load(options.pop("format", "lines")))
    made = Pipeline("test", decoder, outputs, DeadLetter(shelf if shelf is not None else MemoryShelf()), **options)
    made.open()
    return made
