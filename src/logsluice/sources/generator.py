"""Made-up messages, to try a configuration and to see how fast an output is.

    source: {type: generator, lines: ['{"a": 1}', '{"a": 2}'], count: 1000}
    format: json

All `lines` are handed out, and then again, `count` times or for ever. Each is a payload of its own; its event finds how
many rounds came before it in `sequence`, unless it has such a field. Ids are other ones at every start.
"""

from __future__ import annotations

import io
import threading
import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator, Field

from logsluice.components import Context, Options
from logsluice.model import ByteStream, Delivery, Origin, Outcome

BATCH = 10
PAYLOADS = 100
"""A delivery's, at least: small ones would cost more than what is in them."""


class Config(Options):
    """Options of the source `generator`."""

    lines: Annotated[tuple[str, ...], BeforeValidator(lambda value: [value] if isinstance(value, str) else value)] = (
        Field(default=("Hello world!",), min_length=1, description="What is handed out, in order.")
    )
    count: int = Field(default=0, ge=0, description="How many times; 0 for ever.")


class GeneratorSource:
    """Deliveries of some rounds each (`model.Source`)."""

    visibility: float | None = None

    def __init__(self, config: Config) -> None:
        self.config = config
        self._rounds = max(1, PAYLOADS // len(config.lines))
        self._next = 0
        self._in_hand = 0
        self._again: list[Delivery] = []
        self._run = uuid.uuid4().hex
        self._changed = threading.Condition()

    def open(self) -> None:
        """Nothing to open."""

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """Some rounds; None when all are settled."""
        with self._changed:
            batch, self._again = self._again[:BATCH], self._again[BATCH:]
            batch = batch or [self._delivery() for _ in range(BATCH) if self._has_more()]
            self._in_hand += len(batch)
            if not batch and self._in_hand:
                self._changed.wait(wait)
            return batch if batch or self._in_hand or self._again else None

    def _has_more(self) -> bool:
        return not self.config.count or self._next < self.config.count

    def _delivery(self) -> Delivery:
        first = self._next
        self._next = first + self._rounds if not self.config.count else min(first + self._rounds, self.config.count)
        rounds = range(first, self._next)
        payloads = [LinePayload(self._run, line, n, i) for n in rounds for i, line in enumerate(self.config.lines)]
        return Delivery(f"generator:{first}", payloads)

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - it stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Done with, or to be handed out again."""
        with self._changed:
            self._in_hand -= 1
            if outcome is Outcome.RETRY:
                delivery.receive_count += 1
                self._again.append(delivery)
            self._changed.notify_all()

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Nothing is held open."""


class LinePayload:
    """One line of one round (`model.Payload`)."""

    def __init__(self, run: str, line: str, number: int, index: int) -> None:
        self._line = line.encode()
        identity = (run, str(number), str(index))
        self.origin = Origin(f"generator:{number}.{index}", run, identity=identity, fields={"sequence": number})

    @property
    def size(self) -> int | None:
        """Bytes of the line."""
        return len(self._line)

    def open(self) -> AbstractContextManager[ByteStream]:
        """The line."""
        return nullcontext(io.BytesIO(self._line))

    def modified(self) -> datetime | None:
        """Now."""
        return datetime.now(UTC)


def build(config: Config, context: Context) -> GeneratorSource:  # noqa: ARG001 - every component is built so
    """The source."""
    return GeneratorSource(config)
