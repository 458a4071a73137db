"""Sources that behave as S3logsbeat's flags ask: end when a queue is empty, keep messages in it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from logsluice.model import Delivery, Outcome, Source
from logsluice.telemetry.counters import Counters

POLL_SECONDS = 1.0
EMPTY_ROUNDS = 2
"""So many answers without a message, one after the other, with nothing in hand: the queue is empty."""


class Passing:
    """A source that does what another does (`model.Source`)."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def visibility(self) -> float | None:
        """As the source."""
        return self._source.visibility

    @property
    def retention(self) -> float | None:
        """As the source; None where it tells none."""
        return getattr(self._source, "retention", None)

    @property
    def counters(self) -> Counters:
        """As the source; empty where it counts nothing."""
        return getattr(self._source, "counters", None) or Counters()

    def open(self) -> None:
        """As the source."""
        self._source.open()

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """As the source."""
        return self._source.receive(wait)

    def extend(self, delivery: Delivery) -> bool:
        """As the source."""
        return self._source.extend(delivery)

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """As the source."""
        self._source.settle(delivery, outcome)

    def flush(self) -> None:
        """As the source."""
        self._source.flush()

    def close(self) -> None:
        """As the source."""
        self._source.close()


class Keeping(Passing):
    """Gives every delivery back: what was read stays in the queue, and shows up again."""

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:  # noqa: ARG002 - whatever became of it
        """As if it had to be tried again."""
        self._source.settle(delivery, Outcome.RETRY)


class Draining(Passing):
    """Ends when the source has nothing now and nothing of it is in hand."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._lock = threading.Lock()
        self._in_hand = 0
        self._empty = 0

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """As the source, with short polls; None when it is drained."""
        batch = self._source.receive(min(wait, POLL_SECONDS))
        with self._lock:
            if batch is None:
                return None
            self._in_hand += len(batch)
            self._empty = 0 if batch or self._in_hand else self._empty + 1
            return None if self._empty >= EMPTY_ROUNDS else batch

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """As the source, and one less is in hand."""
        self._source.settle(delivery, outcome)
        with self._lock:
            self._in_hand -= 1
