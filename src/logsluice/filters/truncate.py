"""Cuts texts that are too long.

Options:

- `length_bytes` (required): how many bytes of UTF-8 stay; a character is never cut in two.
- `fields`: the fields to cut; texts in lists and in objects are cut one by one. Default: every text of the event.

Only events of which something was cut get the common options.

Example, in YAML::

    - truncate: {fields: [message, user_agent], length_bytes: 32766, add_tag: cut}
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRefs
from logsluice.lang.references import METADATA, Reference
from logsluice.model import Event, Filter


class Config(CommonOptions):
    """See this module's docstring."""

    length_bytes: Annotated[int, Field(ge=0)]
    fields: FieldRefs | None = None


class Truncate(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._size = config.length_bytes
        self._fields = None if config.fields is None else [Reference(field) for field in config.fields]

    def change(self, event: Event) -> bool:
        """Cut; true when there was something to cut."""
        if self._fields is None:
            names = [name for name in event if name != METADATA]
            cut = {name: self._cut(event[name]) for name in names}
            changed = {name: value for name, value in cut.items() if value is not event[name]}
            event.update(changed)
            return bool(changed)
        found = False
        for field in self._fields:
            value = field.get(event)
            shorter = self._cut(value)
            if shorter is not value:
                field.set(event, shorter)
                found = True
        return found

    def _cut(self, value: Any) -> Any:
        """The very same value when nothing in it is too long."""
        if isinstance(value, str):
            return self._cut_text(value)
        if isinstance(value, list):
            parts = [self._cut(part) for part in value]
            return value if all(map(_same, parts, value)) else parts
        if isinstance(value, dict):
            parts = [self._cut(part) for part in value.values()]
            return value if all(map(_same, parts, value.values())) else dict(zip(value, parts, strict=True))
        return value

    def _cut_text(self, text: str) -> str:
        if 4 * len(text) <= self._size:
            return text
        data = text.encode("utf-8", "surrogatepass")
        return text if len(data) <= self._size else data[: self._size].decode("utf-8", "ignore")


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Truncate(config)


def _same(one: Any, other: Any) -> bool:
    return one is other
