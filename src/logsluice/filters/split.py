"""Makes one event of each element of a list, or of each part of a text.

Options:

- `field`: what to split, default `message`.
- `terminator`: where to split a text, default a line feed.
- `target`: the field that gets the part, default `field` itself.

Null elements and empty texts make no event, so an empty list or text takes the whole event away. A text without a
terminator stays as it is. What is neither a list nor a text gets the tag `_split_type_failure`. New events are copies
in all else; their `_id` is that of the event with `.1`, `.2` … behind it.

Example, in YAML::

    - split: {field: Records}
"""

from __future__ import annotations

from typing import Any

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, Multiplies, copied
from logsluice.filters._options import FieldRef, Text
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import Reference
from logsluice.model import Event, Filter

FAILURE_TAGS = ("_split_type_failure",)


class Config(CommonOptions):
    """See this module's docstring."""

    field: FieldRef = "message"
    terminator: Text = "\n"
    target: FieldRef | None = None


class Split(Multiplies):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._field = Reference(config.field)
        self._target = Reference(config.target or config.field)
        self._terminator = config.terminator

    def multiply(self, event: Event) -> list[Event]:
        """One event for each part."""
        value = self._field.get(event)
        if isinstance(value, list):
            return self._parts(event, value)
        if not isinstance(value, str):
            add_failure_tags(event, FAILURE_TAGS)
            return [event]
        parts = _split(value, self._terminator)
        return [event] if len(parts) == 1 else self._parts(event, parts)

    def _parts(self, event: Event, parts: list[Any]) -> list[Event]:
        if self._target == self._field:
            self._field.set(event, None)  # so that not every part gets a copy of all of them
        results: list[Event] = []
        for part in parts:
            if part is not None and part != "":
                child = self.child(event, len(results) + 1)
                self._target.set(child, copied(part))
                self.succeed(child)
                results.append(child)
        return results


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Split(config)


def _split(text: str, terminator: str) -> list[str]:
    """As Ruby's `String#split` with a negative limit: nothing is dropped, and a blank splits at any white space."""
    if not text:
        return []
    if terminator == " ":
        return text.split() + ([""] if text[-1].isspace() else [])
    return text.split(terminator) if terminator else [*text, ""]
