"""Sets `@timestamp` (or another field) from a time in the event.

Options:

- `match` (required): the field, then one or several layouts; the first that reads the text wins. `ISO8601`, `UNIX`
  (seconds), `UNIX_MS` (milliseconds), `TAI64N`, or Joda-Time letters: `dd/MMM/yyyy:HH:mm:ss Z`.
- `target`: the field to set, default `@timestamp`.
- `timezone`: for texts that name no zone: `Europe/Paris`, `+09:00` or `%{field}`; default UTC.
- `locale`: the language of month and day names: `en` (default), `de`, `es`, `fr`.
- `tag_on_failure`: default `_dateparsefailure`.

As in Logstash: milliseconds are kept and finer digits cut, a missing field changes nothing and adds no tag, a time
that the zone's clock leaves out in spring fails, and one that occurs twice in autumn is the first.

Example, in YAML::

    - date: {match: [timestamp, ISO8601, "dd/MMM/yyyy:HH:mm:ss Z"]}
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, TemplateText, Texts
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import Reference
from logsluice.lang.templates import template
from logsluice.lang.times import TimeReader, compile_reader, named_zone
from logsluice.model import Event, Filter


def _flat(value: Any) -> Any:
    """Logstash also takes `match => { "field" => "layout" }`."""
    return [part for pair in value.items() for part in pair] if isinstance(value, dict) else value


class Config(CommonOptions):
    """See this module's docstring."""

    match: Annotated[tuple[str, ...], BeforeValidator(_flat), Field(min_length=2)]
    target: FieldRef = "@timestamp"
    timezone: TemplateText = "UTC"
    locale: str = "en"
    tag_on_failure: Texts = ("_dateparsefailure",)

    @field_validator("match")
    @classmethod
    def _names_a_field(cls, match: tuple[str, ...]) -> tuple[str, ...]:
        Reference(match[0])
        return match

    @model_validator(mode="after")
    def _can_be_compiled(self) -> Config:
        zone = self.timezone if template(self.timezone).is_constant else "UTC"
        _readers(self.match[1:], zone, self.locale)
        return self


class Date(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._source = Reference(config.match[0])
        self._layouts = config.match[1:]
        self._target = Reference(config.target)
        self._timezone = template(config.timezone)
        self._locale = config.locale
        self._failure_tags = config.tag_on_failure

    def change(self, event: Event) -> bool:
        """Read the field and set the target, or tag."""
        value = self._source.get(event)
        if value is None:
            return False
        moment = self._read(value, event)
        if moment is None:
            add_failure_tags(event, self._failure_tags)
            return False
        self._target.set(event, moment)
        return True

    def _read(self, value: Any, event: Event) -> datetime | None:
        if isinstance(value, datetime):
            return value
        if isinstance(value, list) and value:
            value = value[0]
        for read in _readers(self._layouts, self._timezone.render(event), self._locale):
            try:
                moment = read(value)
            except ValueError:
                continue  # the next layout may read it
            return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
        return None


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Date(config)


@lru_cache(maxsize=256)
def _readers(layouts: tuple[str, ...], zone: str, locale: str) -> tuple[TimeReader, ...]:
    """Readers for a zone, which may have come out of an event. Raises ValueError."""
    return tuple(compile_reader(layout, named_zone(zone), locale) for layout in layouts)
