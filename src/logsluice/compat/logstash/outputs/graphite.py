"""Metrics for Graphite. A value that is no number is left out, where Logstash sends a zero.

Facts: Logstash Reference, "Graphite output plugin".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from logsluice.compat.logstash.plugins import LISTED, UNUSED, Flag, Output, OutputSettings, Pairs
from logsluice.filters._options import FieldRef, Text

Patterns: TypeAlias = Annotated[list[str], LISTED]


class Settings(OutputSettings):
    """Options of `graphite`."""

    host: Text = Field(default="localhost", description="Where Carbon is.")
    port: int = Field(default=2003, ge=1, le=65535, description="Its port.")
    metrics: Pairs = Field(default_factory=dict, description="Names to values, both with %{field}.")
    fields_are_metrics: Flag = Field(default=False, description="Every number of an event is a metric.")
    include_metrics: Patterns = Field(default=[".*"], description="Only names that one of these finds.")
    exclude_metrics: Patterns = Field(default=[r"%\{[^}]+\}"], description="Names that are left out.")
    metrics_format: Text = Field(default="*", description="A name, with `*` for the metric's own.")
    nested_object_separator: Text = Field(default=".", description="Between the names of nested objects.")
    timestamp_field: FieldRef = Field(default="@timestamp", description="The field with the time.")
    reconnect_interval: Any = Field(default=None, description=f"{UNUSED}retries back off by themselves.")
    resend_on_failure: Flag = Field(default=True, description=f"{UNUSED}what fails is always sent again.")


_NATIVE = {
    "host": "host",
    "port": "port",
    "fields_are_metrics": "fields_are_metrics",
    "include_metrics": "include_metrics",
    "exclude_metrics": "exclude_metrics",
    "nested_object_separator": "separator",
    "timestamp_field": "timestamp_field",
}


def translate(settings: Settings) -> Output:
    """The sink `graphite`."""
    given = settings.model_dump(include=settings.model_fields_set & _NATIVE.keys())
    options: dict[str, Any] = {_NATIVE[name]: value for name, value in given.items()}
    if settings.metrics:
        options["metrics"] = settings.metrics
    if "metrics_format" in settings.model_fields_set and "*" in settings.metrics_format:
        options["metrics_format"] = settings.metrics_format
    return Output("graphite", options, tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    if "*" not in settings.metrics_format:
        yield "metrics_format", "without a `*` it would be one name for all: no effect"
