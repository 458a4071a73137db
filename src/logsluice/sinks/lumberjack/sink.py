"""The sink: events to windows, and what the acknowledgements say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from logsluice._version import __version__
from logsluice.components import Context
from logsluice.errors import SinkFault
from logsluice.lang.as_json import json_of
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import DocumentSink, encode_each, with_metadata
from logsluice.sinks.lumberjack.config import Config
from logsluice.sinks.lumberjack.frames import Acknowledgements, request

if TYPE_CHECKING:
    from logsluice.sinks.lumberjack.connection import Connections


class LumberjackSink(DocumentSink):
    """A `Sink` to receivers of the Lumberjack protocol. A repeat is sent again."""

    idempotent = False
    request_bytes = 8 * 1024 * 1024

    def __init__(self, config: Config, context: Context) -> None:
        self.request_events = config.window
        self._config = config
        self._base = context.base
        self._json = json_of(context.timestamps)
        version = config.beat_version or __version__
        self._same = {"beat": config.beat, "type": config.document_type, "version": version}
        self._connections: Connections | None = None

    def open(self) -> None:
        """Read what TLS needs; the first request connects. Raises UsageError."""
        from logsluice.sinks.lumberjack.connection import Connections

        self._connections = Connections(self._config, self._base)

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """The JSON of each event; its `@metadata` is added when it is sent."""
        return encode_each(events, refuse, self._json.document)

    def send(self, encoded: Encoded) -> Sent:
        """One window; what of it is acknowledged is delivered. Raises SinkFault."""
        assert self._connections is not None, "send before open"
        count = len(encoded)
        if not count:
            return Sent()
        connection, answer = self._connections.take(), Acknowledgements(count)
        try:
            connection.exchange(request(self._documents(encoded), count, self._config.compression_level), answer)
        except SinkFault as fault:
            self._connections.drop(connection)
            if answer.number == 0:
                raise
            return Sent(failed=dict.fromkeys(range(answer.number, count), fault))
        self._connections.give_back(connection)
        return Sent()

    def close(self) -> None:
        """Close the connections."""
        if self._connections is not None:
            self._connections.close()

    def _documents(self, encoded: Encoded) -> Iterator[bytes]:
        """With `@metadata` in front of the event's own fields."""
        for index, about in enumerate(encoded.metadata):
            yield with_metadata(self._json, self._same, about, encoded.body[index])
