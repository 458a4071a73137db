"""Metrics of CloudWatch from fields of events.

Logstash adds up in memory for a while and loses what it has when it stops. Here the values of what is sent at once are
added up, and an input is done when CloudWatch has them.

Facts: Logstash Reference, "Cloudwatch output plugin".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from logsluice.compat.logstash.aws import AwsSettings
from logsluice.compat.logstash.plugins import UNUSED, Output, OutputSettings, Pairs
from logsluice.filters._options import FieldRef, Text


class Settings(AwsSettings, OutputSettings):
    """Options of `cloudwatch`."""

    namespace: Text = Field(default="Logstash", description="Of events that name none.")
    metricname: Text | None = Field(default=None, description="Of events that name none.")
    value: float = Field(default=1.0, description="Of events that have none.")
    unit: Text = Field(default="Count", description="Of events that name none.")
    dimensions: Pairs = Field(default_factory=dict, description="Of events that have none.")
    field_namespace: FieldRef = Field(default="CW_namespace", description="The field with the namespace.")
    field_metricname: FieldRef = Field(default="CW_metricname", description="The field with the metric's name.")
    field_value: FieldRef = Field(default="CW_value", description="The field with the value.")
    field_unit: FieldRef = Field(default="CW_unit", description="The field with the unit.")
    field_dimensions: FieldRef = Field(default="CW_dimensions", description="The field with the dimensions.")
    batch_size: int = Field(default=20, ge=1, le=1000, description="Values in one request.")
    queue_size: int = Field(default=10_000, ge=1, le=100_000, description="Events that are added up at once.")
    timeframe: Any = Field(default=None, description=f"{UNUSED}nothing waits for a time.")


_SAME = (
    "namespace", "metricname", "value", "unit", "field_namespace", "field_metricname", "field_value", "field_unit",
    "field_dimensions", "batch_size",
)  # fmt: skip


def translate(settings: Settings) -> Output:
    """The sink `cloudwatch`."""
    options: dict[str, Any] = {"namespace": settings.namespace}
    options |= settings.model_dump(include=settings.model_fields_set & set(_SAME))
    if settings.dimensions:
        options["dimensions"] = {name: str(value) for name, value in settings.dimensions.items()}
    if "queue_size" in settings.model_fields_set:
        options["request_events"] = settings.queue_size
    return Output("cloudwatch", {**options, "aws": settings.aws()}, tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    if "timeframe" in settings.model_fields_set:
        yield "timeframe", "no effect: what was read is sent as soon as it was added up"
