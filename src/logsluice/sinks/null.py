"""Takes every event and keeps none: to measure what comes before an output, or to drop a branch on purpose.

    outputs:
      - "null": {}

In YAML the name needs its quotes. Events count as delivered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from logsluice.components import Context, Options
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import Documents, DocumentSink


class Config(Options):
    """It has no options."""


def build(config: Config, context: Context) -> NullSink:  # noqa: ARG001 - every module's is so
    """The sink for a pipeline."""
    return NullSink()


class NullSink(DocumentSink):
    """A `Sink` into nothing."""

    idempotent = True
    request_bytes = 1024 * 1024
    request_events = 10_000

    def open(self) -> None:
        """Nothing to do."""

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:  # noqa: ARG002 - it takes all
        """Documents of no bytes."""
        return Encoded(Documents(ends=[0] * len(events)), [event.get("@metadata", {}) for event in events], 0)

    def send(self, encoded: Encoded) -> Sent:  # noqa: ARG002 - whatever it is
        """All of it is confirmed."""
        return Sent()

    def close(self) -> None:
        """Nothing to do."""
