"""Events of Datadog's event stream.

Facts: Logstash Reference, "Datadog output plugin".
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from logsluice.compat.logstash.plugins import Output, OutputSettings
from logsluice.filters._options import TemplateText, Text, Texts


class Settings(OutputSettings):
    """Options of `datadog`."""

    api_key: Text = Field(description="The key of the organization.")
    title: TemplateText = Field(default="Logstash event for %{host}", description="With %{field}.")
    text: TemplateText = Field(default="%{message}", description="With %{field}.")
    date_happened: TemplateText | None = Field(default=None, description="Seconds since 1970; else the event's time.")
    dd_tags: Texts | None = Field(default=None, description="With %{field}; else the event's own tags.")
    priority: Literal["normal", "low"] | None = Field(default=None, description="As Datadog shows it.")
    alert_type: Literal["info", "error", "warning", "success"] | None = Field(default=None, description="Likewise.")
    source_type_name: Literal[
        "nagios", "hudson", "jenkins", "user", "my apps", "feed", "chef", "puppet", "git", "bitbucket", "fabric",
        "capistrano",
    ] = Field(default="my apps", description="What Datadog takes the source for.")  # fmt: skip


def translate(settings: Settings) -> Output:
    """The sink `datadog`."""
    options: dict[str, Any] = {"api_key": settings.api_key, "title": settings.title, "text": settings.text}
    options |= {
        "date_happened": settings.date_happened,
        "tags": None if settings.dd_tags is None else list(settings.dd_tags),
        "priority": settings.priority,
        "alert_type": settings.alert_type,
        "source_type_name": settings.source_type_name if settings.source_type_name != "my apps" else None,
    }
    return Output("datadog", {name: value for name, value in options.items() if value is not None})
