"""Makes an event of Datadog's event stream from each event.

::

    outputs:
      - datadog:
          api_key: {env: DATADOG_API_KEY}
          title: "%{[rule][name]} on %{host}"

For what people should see in Datadog: its event stream is not made for every line of a log. The time is the event's
own. Repeats are sent again: Datadog shows them twice. 403 (a wrong key) pauses the output, see `http`.

Facts: Datadog API Reference, "Post an event".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import Field, field_validator

from logsluice.components import Context
from logsluice.config.secrets import Secret
from logsluice.lang.as_json import dumps
from logsluice.lang.references import MISSING
from logsluice.lang.templates import template
from logsluice.model import Encoded, Event
from logsluice.sinks._requests import RequestOptions, Requests, RequestSink, Target

PATH = "/api/v1/events"
TEXT_CHARACTERS = 4000
"""A longer text is refused."""


class Config(RequestOptions):
    """Options of the `datadog` output."""

    api_key: Secret = Field(description="The key of the organization.")
    url: str = Field(
        "https://api.datadoghq.com", pattern=r"^https?://", description="The site's API, such as api.datadoghq.eu."
    )
    title: str = Field("Event of %{host}", min_length=1, description="With %{field}.")
    text: str = Field("%{message}", description="With %{field}; cut after 4000 characters.")
    tags: tuple[str, ...] | None = Field(None, description="With %{field}; else the event's own `tags`.")
    priority: Literal["normal", "low"] | None = Field(None, description="As Datadog shows it.")
    alert_type: Literal["info", "error", "warning", "success"] | None = Field(None, description="Likewise.")
    source_type_name: str = Field("my apps", description="What Datadog takes the source for.")
    date_happened: str | None = Field(None, description="Seconds since 1970, with %{field}; else the event's time.")

    @field_validator("title", "text", "date_happened")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            template(text)
        return text


def build(config: Config, context: Context) -> DatadogSink:
    """The sink for a pipeline."""
    return DatadogSink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.url.startswith("http:"):
        yield "url", "the key goes over the network unencrypted"


class DatadogSink(RequestSink):
    """A `Sink` into Datadog's event stream."""

    def __init__(self, config: Config, context: Context) -> None:
        super().__init__(config, context.base, headers={"dd-api-key": config.api_key})
        self._config = config
        self._target = Target(config.url.rstrip("/") + PATH)
        self._title, self._text = template(config.title), template(config.text)
        self._tags = None if config.tags is None else [template(text) for text in config.tags]
        self._date = None if config.date_happened is None else template(config.date_happened)

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """Datadog's JSON for each event."""
        requests, metadata = Requests(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                requests.data += dumps(self._body(event))
            except ValueError as error:
                refuse(index, str(error))
                continue
            requests.end()
            requests.targets.append(self._target)
            metadata.append(event.get("@metadata", {}))
        return Encoded(requests, metadata, len(requests.data))

    def _body(self, event: Event) -> dict[str, Any]:
        config = self._config
        own = event.get("tags", MISSING)
        body = {
            "title": self._title.render(event),
            "text": self._text.render(event)[:TEXT_CHARACTERS],
            "source_type_name": config.source_type_name,
            "date_happened": self._happened(event),
            "priority": config.priority,
            "alert_type": config.alert_type,
            "tags": (own if isinstance(own, list) else None)
            if self._tags is None
            else [text.render(event) for text in self._tags],
        }
        return {name: value for name, value in body.items() if value is not None}

    def _happened(self, event: Event) -> int | None:
        if self._date is None:
            moment = event.get("@timestamp")
            return int(moment.timestamp()) if isinstance(moment, datetime) else None
        text = self._date.resolve(event)
        try:
            return int(float(text or ""))
        except (ValueError, OverflowError):
            raise ValueError(f"date_happened is no number of seconds: {text!r}") from None
