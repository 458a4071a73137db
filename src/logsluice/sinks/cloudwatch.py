"""Makes metrics of Amazon CloudWatch from fields of events.

    outputs:
      - cloudwatch: {namespace: Website, aws: {region: us-east-1}}

An event says its metric itself: in the field `CW_metricname`, and if it likes `CW_namespace`, `CW_value`, `CW_unit` and
`CW_dimensions` (an object, or a list of names and values in turn); `field_metricname` and so on name other fields. What
it does not say comes from `namespace`, `value`, `unit` and `dimensions`; without a value it is counted. `metricname`
makes a metric of every event; without it, events without the field count as delivered.

Values of one metric, unit, set of dimensions and minute of the event's time are sent as one statistic set (sum, count,
smallest, largest), as far as they come in one request of `request_events`. CloudWatch adds up the sets of a minute.
It takes no times older than two weeks, nor over two hours ahead: such events are rejected.

**Repeats count twice.** CloudWatch keeps no ids; repeats happen after a kill, or when an answer was lost.

**Permissions:** `cloudwatch:PutMetricData`.

Facts: Amazon CloudWatch API Reference, "PutMetricData" and "MetricDatum".
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson
from pydantic import Field, field_validator

from logsluice.aws.session import AwsOptions
from logsluice.components import Context, Options
from logsluice.errors import SinkFault
from logsluice.lang.as_json import dumps
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.templates import template
from logsluice.lang.text import sprintf_text
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._documents import DocumentSink, encode_each

MOST_DATA = 1000
"""In one request."""

MOST_DIMENSIONS = 30
OLDEST_SECONDS, NEWEST_SECONDS = 14 * 86400, 2 * 3600

_SIZES = ("Bytes", "Kilobytes", "Megabytes", "Gigabytes", "Terabytes")
_BITS = ("Bits", "Kilobits", "Megabits", "Gigabits", "Terabits")
UNITS = frozenset(
    {"Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None", *_SIZES, *_BITS}
    | {f"{unit}/Second" for unit in (*_SIZES, *_BITS)}
)

_INVALID = (
    "InvalidParameter", "MissingParameter", "InvalidFormat", "ValidationError", "MissingRequiredParameter",
    "413", "RequestEntityTooLarge",
)  # fmt: skip
"""Beginnings of codes for a request that is at fault itself; one that is too large is all right in halves."""

Key: TypeAlias = tuple[str, str, str, tuple[tuple[str, str], ...], int]
"""Namespace, name, unit, dimensions and the minute's first second."""


class Config(Options):
    """Options of the `cloudwatch` output."""

    namespace: str = Field("logsluice", min_length=1, max_length=255, description="Of events that name none.")
    metricname: str | None = Field(None, min_length=1, description="Of events that name none, with %{field}.")
    value: float = Field(1.0, allow_inf_nan=False, description="Of events that have none.")
    unit: str = Field("Count", description="Of events that name none.")
    dimensions: dict[str, str] = Field(default_factory=dict, description="Of events that have none, with %{field}.")
    field_namespace: str = Field("CW_namespace", description="The field with the namespace.")
    field_metricname: str = Field("CW_metricname", description="The field with the metric's name.")
    field_value: str = Field("CW_value", description="The field with the value.")
    field_unit: str = Field("CW_unit", description="The field with the unit.")
    field_dimensions: str = Field("CW_dimensions", description="The field with the dimensions.")
    batch_size: int = Field(500, ge=1, le=MOST_DATA, description="Statistic sets in one request.")
    request_events: int = Field(10_000, ge=1, le=100_000, description="Events that are added up at once.")
    aws: AwsOptions = AwsOptions()

    @field_validator("namespace")
    @classmethod
    def _namespace(cls, text: str) -> str:
        if text.startswith(("AWS/", ":")):
            raise ValueError("namespaces that begin with AWS/ or a colon are AWS's own")
        return text

    @field_validator("unit")
    @classmethod
    def _unit(cls, text: str) -> str:
        if text not in UNITS:
            raise ValueError(f"must be one of {', '.join(sorted(UNITS))}")
        return text

    @field_validator("metricname")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            template(text)
        return text

    @field_validator("dimensions")
    @classmethod
    def _dimensions(cls, dimensions: dict[str, str]) -> dict[str, str]:
        for text in dimensions.values():
            template(text)
        return dimensions

    @field_validator("field_namespace", "field_metricname", "field_value", "field_unit", "field_dimensions")
    @classmethod
    def _reference(cls, text: str) -> str:
        Reference(text)
        return text


def build(config: Config, context: Context) -> CloudWatchSink:  # noqa: ARG001 - every module's is so
    """The sink for a pipeline."""
    return CloudWatchSink(config)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    made = [name for name, text in config.dimensions.items() if not template(text).is_constant]
    if made:
        yield "dimensions", f"each new value of {', '.join(made)} is a metric that is paid for by the month"


@dataclass(slots=True)
class _Set:
    """What some values come to, and whose they are."""

    indexes: list[int] = field(default_factory=list)
    sum: float = 0.0
    least: float = math.inf
    most: float = -math.inf

    def add(self, index: int, value: float) -> None:
        self.indexes.append(index)
        self.sum += value
        self.least, self.most = min(self.least, value), max(self.most, value)


class CloudWatchSink(DocumentSink):
    """A `Sink` of metrics; a document is `[namespace, name, unit, dimensions, minute, value]`, or nothing."""

    idempotent = False
    request_bytes = 4 * 1024 * 1024

    def __init__(self, config: Config) -> None:
        self.request_events = config.request_events
        self._config = config
        self._name = None if config.metricname is None else template(config.metricname)
        self._dimensions = [(name, template(text)) for name, text in config.dimensions.items()]
        self._fields = {
            name: Reference(getattr(config, f"field_{name}"))
            for name in ("namespace", "metricname", "value", "unit", "dimensions")
        }
        self._client: Any = None

    def open(self) -> None:
        """Make the client. Raises UsageError as `AwsOptions.client` does."""
        self._client = self._config.aws.client("cloudwatch")

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """What each event measures."""
        return encode_each(events, refuse, self._measured)

    def document(self, encoded: Encoded, index: int) -> bytes:
        """What the event measures, as an object."""
        names = ("namespace", "metricname", "unit", "dimensions", "time", "value")
        return dumps(dict(zip(names, orjson.loads(encoded.body[index] or b"[]"), strict=False)))

    def send(self, encoded: Encoded) -> Sent:
        """As few requests as can be, one namespace in each."""
        sent = Sent()
        by_namespace: dict[str, list[tuple[Key, _Set]]] = {}
        for key, values in self._added_up(encoded, sent).items():
            by_namespace.setdefault(key[0], []).append((key, values))
        for namespace, sets in by_namespace.items():
            for start in range(0, len(sets), self._config.batch_size):
                self._put(namespace, sets[start : start + self._config.batch_size], sent)
        return sent

    def close(self) -> None:
        """The client is shared and stays."""

    def _added_up(self, encoded: Encoded, sent: Sent) -> dict[Key, _Set]:
        now = time.time()
        found: dict[Key, _Set] = {}
        for index in range(len(encoded)):
            document = encoded.body[index]
            if not document:
                continue
            namespace, name, unit, dimensions, minute, value = orjson.loads(document)
            if not now - OLDEST_SECONDS < minute < now + NEWEST_SECONDS:
                moment = datetime.fromtimestamp(minute, UTC)
                sent.rejected[index] = (
                    f"CloudWatch takes the last two weeks only, and this is of {moment:%Y-%m-%d %H:%M}"
                )
                continue
            key: Key = (namespace, name, unit, tuple((str(k), str(v)) for k, v in dimensions), minute)
            found.setdefault(key, _Set()).add(index, value)
        return found

    def _put(self, namespace: str, sets: list[tuple[Key, _Set]], sent: Sent) -> None:
        """One request; where CloudWatch finds fault with a set, halves of it, until that is alone."""
        from botocore.exceptions import BotoCoreError, ClientError

        from logsluice.aws.faults import code_of, message_of, output_fault

        try:
            self._client.put_metric_data(Namespace=namespace, MetricData=[_datum(key, values) for key, values in sets])
            return
        except (ClientError, BotoCoreError) as error:
            invalid = isinstance(error, ClientError) and code_of(error).startswith(_INVALID)
            fault: SinkFault = output_fault(error, f"can't put metrics into {namespace}")
            reason = f"{code_of(error)}: {message_of(error)}" if isinstance(error, ClientError) else ""
        if invalid and len(sets) > 1:
            middle = len(sets) // 2
            self._put(namespace, sets[:middle], sent)
            self._put(namespace, sets[middle:], sent)
            return
        for _, values in sets:
            for index in values.indexes:
                if invalid:
                    sent.rejected[index] = reason
                else:
                    sent.failed[index] = fault

    # ------------------------------------------------------------------------------------------- of one event

    def _measured(self, event: Event) -> bytes:
        """Empty for an event that names no metric. Raises ValueError for one whose fields can't be used."""
        named = self._found(event, "metricname")
        if named is None and self._name is not None:
            named = self._name.resolve(event)
        if not named:
            return b""
        moment = event.get("@timestamp")
        if not isinstance(moment, datetime):
            raise ValueError("the event has no time")
        unit = str(self._found(event, "unit") or self._config.unit)
        if unit not in UNITS:
            raise ValueError(f"{self._config.field_unit} holds no unit of CloudWatch: {unit[:100]!r}")
        namespace = str(self._found(event, "namespace") or self._config.namespace)
        minute = int(moment.timestamp()) // 60 * 60
        return dumps([namespace, sprintf_text(named), unit, self._dimensions_of(event), minute, self._value(event)])

    def _found(self, event: Event, name: str) -> Any:
        value = self._fields[name].find(event)
        return None if value is MISSING or value == "" else value

    def _value(self, event: Event) -> float:
        value = self._found(event, "value")
        if value is None:
            return self._config.value
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            raise ValueError(f"{self._config.field_value} holds no number: {str(value)[:100]!r}")
        return number

    def _dimensions_of(self, event: Event) -> list[tuple[str, str]]:
        found = self._found(event, "dimensions")
        if found is None:
            texts = [(name, text.resolve(event)) for name, text in self._dimensions]
            return sorted((name, text) for name, text in texts if text)
        if isinstance(found, list) and len(found) % 2 == 0:
            found = dict(zip(map(str, found[::2]), found[1::2], strict=True))
        if not isinstance(found, dict) or len(found) > MOST_DIMENSIONS:
            raise ValueError(f"{self._config.field_dimensions} holds no names and values, or more than 30")
        return sorted((str(name), sprintf_text(value)) for name, value in found.items() if value not in (None, ""))


def _datum(key: Key, values: _Set) -> dict[str, Any]:
    _, name, unit, dimensions, minute = key
    return {
        "MetricName": name,
        "Unit": unit,
        "Timestamp": datetime.fromtimestamp(minute, UTC),
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions],
        "StatisticValues": {
            "SampleCount": float(len(values.indexes)),
            "Sum": values.sum,
            "Minimum": values.least,
            "Maximum": values.most,
        },
    }
