"""Writes events to standard output, one JSON document a line, and nothing else.

    outputs:
      - stdout: {codec: ndjson}

`codec: pretty` is for people: a line of time and format for each event, then its fields. In a terminal it has colours;
characters that could steer the terminal are shown as escapes in either place, for log text is hostile.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from logsluice.components import Context, Options
from logsluice.errors import UsageError
from logsluice.lang.as_json import document, dumps, for_terminals
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import Documents, DocumentSink

_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class Config(Options):
    """How events are written.

    Attributes:
        codec: `ndjson` for programs, `pretty` for people.
    """

    codec: Literal["ndjson", "pretty"] = "ndjson"


def build(config: Config, context: Context) -> StdoutSink:  # noqa: ARG001 - the signature of every sink
    """The sink for a pipeline."""
    return StdoutSink(config.codec)


class StdoutSink(DocumentSink):
    """A `Sink` to standard output. A repeat is written again.

    A reader that went away (`| head`) raises BrokenPipeError from `send`: the program ends, there is nobody to tell.
    """

    idempotent = False
    request_bytes = 1024 * 1024
    request_events = 10_000

    def __init__(self, codec: Literal["ndjson", "pretty"]) -> None:
        self._write: Callable[[Event], bytes] = _ndjson if codec == "ndjson" else _pretty
        self._one_at_a_time = threading.Lock()

    def open(self) -> None:
        """Colours, and escapes in NDJSON, are for terminals only."""
        if sys.stdout.isatty():
            self._write = _coloured if self._write is _pretty else _shown

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """The bytes to be written."""
        body, metadata = Documents(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                body.data += self._write(event)
            except ValueError as error:
                refuse(index, str(error))
                continue
            body.end()
            metadata.append(event.get("@metadata", {}))
        return Encoded(body, metadata, len(body.data))

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


def _ndjson(event: Event) -> bytes:
    return document(event) + b"\n"


def _shown(event: Event) -> bytes:
    return for_terminals(_ndjson(event))


def _pretty(event: Event) -> bytes:
    return "".join(_lines(event, "", "", "")).encode()


def _coloured(event: Event) -> bytes:
    return "".join(_lines(event, _BOLD, _DIM, _PLAIN)).encode()


def _lines(event: Event, bold: str, dim: str, plain: str) -> Iterator[str]:
    metadata = event.get("@metadata") or {}
    time = event.get("@timestamp")
    title = time.isoformat() if isinstance(time, datetime) else "no time"
    yield f"{bold}{title}{plain}  {_harmless(str(metadata.get('format', '')))}\n"
    for name, value in _flat(event, ""):
        shown = value if isinstance(value, str) else dumps(value).decode()
        yield f"  {dim}{_harmless(name)}{plain} {_harmless(shown)}\n"
    yield "\n"


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if prefix + name in ("@timestamp", "@metadata") or inner is None:
            continue
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, inner


def _harmless(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
