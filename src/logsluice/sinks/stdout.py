"""Writes events to standard output, one JSON document a line, and nothing else.

    outputs:
      - stdout: {codec: ndjson}

`codec: pretty` is for people: a line of time and format for each event, then its fields. In a terminal it has colours;
characters that could steer the terminal are shown as escapes in either place, for log text is hostile.
`{ndjson: {metadata: {beat: mine}}}` adds `@metadata` as Beats do, with what is given, `_id` and `format`. `rubydebug`
and `{rubydebug: {metadata: true}}` print as Logstash does, `{line: "%{message}"}` writes a text of your own, `dots` a
dot for each event.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

from pydantic import Field

from logsluice.components import Context, Options
from logsluice.errors import UsageError
from logsluice.lang.as_json import Timestamps, for_terminals
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._codecs import OutputCodec, coloured, is_ndjson, writer
from logsluice.sinks._documents import DocumentSink, encode_each


class Config(Options):
    """How events are written."""

    codec: OutputCodec = Field(default="ndjson", description="`ndjson` for programs, `pretty` for people; see above.")


def build(config: Config, context: Context) -> StdoutSink:
    """The sink for a pipeline."""
    return StdoutSink(config.codec, context.timestamps)


class StdoutSink(DocumentSink):
    """A `Sink` to standard output. A repeat is written again.

    A reader that went away (`| head`) raises BrokenPipeError from `send`: the program ends, there is nobody to tell.
    """

    idempotent = False
    request_bytes = 1024 * 1024
    request_events = 10_000

    def __init__(self, codec: OutputCodec, timestamps: Timestamps = "exact") -> None:
        self._codec = codec
        self._write = writer(codec, timestamps)
        self._one_at_a_time = threading.Lock()

    def open(self) -> None:
        """Colours, and escapes in NDJSON, are for terminals only."""
        if not sys.stdout.isatty():
            return
        if is_ndjson(self._codec):
            write = self._write
            self._write = lambda event: for_terminals(write(event))
        elif self._codec == "pretty":
            self._write = coloured

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """The bytes to be written."""
        return encode_each(events, refuse, self._write)

    def send(self, encoded: Encoded) -> Sent:
        """All of it, and flushed.

        Raises:
            BrokenPipeError: The reader has gone.
            UsageError: It can't be written to at all, as a file on a full disk.
        """
        with self._one_at_a_time:
            try:
                sys.stdout.buffer.write(encoded.body.data)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                raise UsageError(f"standard output can't be written: {error.strerror}") from error
        return Sent()

    def close(self) -> None:
        """Standard output stays open."""
