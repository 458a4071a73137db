"""Sends numbers of events to Graphite, as lines `name value time` over TCP (the plaintext protocol of Carbon).

::

    outputs:
      - graphite:
          host: carbon.example.com
          metrics: {"alb.%{elb}.seconds": "%{target_processing_time}"}

`metrics` names metrics and their values, both with `%{field}`; `fields_are_metrics: true` sends every number of the
event under its field's name instead. A value that is an object gives a metric for each number in it. A metric whose
name or value is not resolved is left out (names by the default of `exclude_metrics`, so keep that among your own); an
event without any counts as delivered. `metrics_format`, such as `logs.*.count`, has the name in place of its star.
Blanks in a name become `_`, and so do line ends.

**Carbon confirms nothing.** What was written to a connection that it closed is lost, and what was written to one that
broke is sent again. A repeat of a line overwrites itself, for Graphite keeps one value for a name and a time. Times are
in whole seconds: of several events in one second the last one's value is kept.

Facts: Graphite documentation, "Feeding In Your Data".
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

import regex
from pydantic import Field, field_validator, model_validator

from logsluice.components import Context, Options
from logsluice.config.types import Duration
from logsluice.errors import Busy
from logsluice.lang.as_json import dumps
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.templates import Template, template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import DocumentSink, encode_each

PATTERN_SECONDS = 0.1
UNRESOLVED = r"%\{[^}]+\}"


def _patterns(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        try:
            regex.compile(text)
        except regex.error as error:
            raise ValueError(f"the regular expression {text!r} can't be read: {error}") from None
    return texts


class Config(Options):
    """Options of the `graphite` output."""

    host: str = Field("localhost", min_length=1, description="Where Carbon is.")
    port: int = Field(2003, ge=1, le=65535, description="Its port of the plaintext protocol.")
    metrics: dict[str, Any] = Field(default_factory=dict, description="Names to values, both with %{field}.")
    fields_are_metrics: bool = Field(False, description="Every number of an event is a metric, instead of `metrics`.")
    include_metrics: tuple[str, ...] = Field((".*",), description="Regular expressions; only names that one finds.")
    exclude_metrics: tuple[str, ...] = Field((UNRESOLVED,), description="Names that one of these finds are left out.")
    metrics_format: str = Field("*", description="A name, with `*` for the metric's own.")
    separator: str = Field(".", description="Between the names of nested objects.")
    timestamp_field: str = Field("@timestamp", description="The field with the time.")
    timeout: Duration = Field(10.0, gt=0, description="To connect, and to write.")

    @field_validator("include_metrics", "exclude_metrics")
    @classmethod
    def _regular_expressions(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        return _patterns(texts)

    @field_validator("metrics")
    @classmethod
    def _templates(cls, metrics: dict[str, Any]) -> dict[str, Any]:
        for name, value in metrics.items():
            template(name)
            template(str(value))
        return metrics

    @field_validator("timestamp_field")
    @classmethod
    def _reference(cls, text: str) -> str:
        Reference(text)
        return text

    @model_validator(mode="after")
    def _one_way(self) -> Config:
        if bool(self.metrics) == self.fields_are_metrics:
            raise ValueError("say what is sent: either `metrics` or `fields_are_metrics: true`")
        if "*" not in self.metrics_format:
            raise ValueError("`metrics_format` needs a `*` for the metric's name")
        return self


def build(config: Config, context: Context) -> GraphiteSink:  # noqa: ARG001 - every module's is so
    """The sink for a pipeline."""
    return GraphiteSink(config)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.fields_are_metrics and config.include_metrics == (".*",):
        yield "fields_are_metrics", "names come from the data: each new one is a file on Carbon's disk for ever"


class GraphiteSink(DocumentSink):
    """A `Sink` of lines over TCP, one connection for all workers."""

    idempotent = True
    request_bytes = 256 * 1024
    request_events = 5_000

    def __init__(self, config: Config) -> None:
        self._config = config
        self._metrics: list[tuple[Template, Any]] = [
            (template(name), template(value) if isinstance(value, str) else value)
            for name, value in config.metrics.items()
        ]
        self._include = [regex.compile(text) for text in config.include_metrics]
        self._exclude = [regex.compile(text) for text in config.exclude_metrics]
        self._time = Reference(config.timestamp_field)
        self._socket: socket.socket | None = None
        self._one_at_a_time = threading.Lock()

    def open(self) -> None:
        """The first request connects."""

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """The lines of each event; none where it has no number to send."""
        return encode_each(events, refuse, self._lines)

    def document(self, encoded: Encoded, index: int) -> bytes:
        """The lines, as JSON."""
        return dumps({"message": super().document(encoded, index).decode()})

    def send(self, encoded: Encoded) -> Sent:
        """All lines, over the connection that is open or a new one. Raises Busy."""
        with self._one_at_a_time:
            try:
                if self._socket is not None and _is_closed(self._socket):
                    self._hang_up()
                if self._socket is None:
                    place = (self._config.host, self._config.port)
                    self._socket = socket.create_connection(place, self._config.timeout)
                self._socket.sendall(encoded.body.data)
            except OSError as error:
                self._hang_up()
                place_text = f"{self._config.host}:{self._config.port}"
                raise Busy(f"graphite at {place_text}: {error.strerror or error}") from error
        return Sent()

    def close(self) -> None:
        """Close the connection."""
        with self._one_at_a_time:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _lines(self, event: Event) -> bytes:
        time = self._seconds(event)
        lines = [
            f"{self._name(name)} {value} {time}\n"
            for name, value in (self._of_fields(event) if self._config.fields_are_metrics else self._of_metrics(event))
            if self._is_wanted(name)
        ]
        return "".join(lines).encode("utf-8", "replace")

    def _of_metrics(self, event: Event) -> Iterator[tuple[str, str]]:
        for name, value in self._metrics:
            yield from self._numbers(name.render(event), self._value(value, event))

    def _value(self, value: Any, event: Event) -> Any:
        """A template that is one field alone keeps the field's own value: an object gives several metrics."""
        if not isinstance(value, Template):
            return value
        if len(value.references) == 1 and value.text == f"%{{{value.references[0].text}}}":
            found = value.references[0].find(event)
            return None if found is MISSING else found
        return value.resolve(event)

    def _of_fields(self, event: Event) -> Iterator[tuple[str, str]]:
        for name, value in event.items():
            if name not in ("@timestamp", "@metadata", "@version"):
                yield from self._numbers(name, value)

    def _numbers(self, name: str, value: Any) -> Iterator[tuple[str, str]]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from self._numbers(f"{name}{self._config.separator}{key}", inner)
        elif isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                number = float(value)
            except (ValueError, OverflowError):
                return
            if math.isfinite(number):
                yield name, repr(number)

    def _is_wanted(self, name: str) -> bool:
        try:
            return any(pattern.search(name, timeout=PATTERN_SECONDS) for pattern in self._include) and not any(
                pattern.search(name, timeout=PATTERN_SECONDS) for pattern in self._exclude
            )
        except TimeoutError:
            raise ValueError(f"a regular expression takes too long on the name {name[:100]!r}") from None

    def _name(self, name: str) -> str:
        return "_".join(self._config.metrics_format.replace("*", name).split())

    def _seconds(self, event: Event) -> int:
        found = self._time.find(event)
        if isinstance(found, datetime):
            return int(found.timestamp())
        try:
            return int(float(found))
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"the field {self._config.timestamp_field!r} holds no time") from None


def _is_closed(connection: socket.socket) -> bool:
    """Whether the other side has closed it: Carbon itself never writes. Raises OSError for one that broke."""
    timeout = connection.gettimeout()
    connection.settimeout(0)
    try:
        return connection.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(timeout)
