"""Sends a copy of each event on a way of its own: filters and outputs that are for it alone.

The copy gets the name of its way in `[@metadata][way]`, by which conditions tell it from the event itself. This is what
Logstash's outputs of the kind `pipeline` become.

Options:

- `to` (required): the name of the way.
- `from`: only events that are on this way are copied; without it only those that are on none.
- `number`: copies that are made of one event by several forks need different numbers here: a copy's `_id` is that of
  the event with `.number` behind it.

The common options apply to the copies only.

Example, in YAML::

    filters:
      - fork: {to: metrics}
      - if: '[@metadata][way] == "metrics"'
        then:
          - prune: {whitelist_names: ["^@timestamp$", "status"]}
    outputs:
      - if: '[@metadata][way] == "metrics"'
        then: [{store: {path: metrics}}]
        else: [{file: {path: "all.ndjson"}}]
"""

from __future__ import annotations

from pydantic import Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, Multiplies
from logsluice.filters._options import Text
from logsluice.lang.references import Reference
from logsluice.model import Event, Filter

WAY = Reference("[@metadata][way]")


class Config(CommonOptions):
    """See this module's docstring."""

    to: Text
    from_: Text = Field(default="", alias="from")
    number: int = Field(default=1, ge=1)


class Fork(Multiplies):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._from = config.from_
        self._to = config.to
        self._number = config.number

    def multiply(self, event: Event) -> list[Event]:
        """The event, and its copy behind it."""
        if WAY.get(event, "") != self._from:
            return [event]
        copy = self.child(event, self._number)
        WAY.set(copy, self._to)
        self.succeed(copy)
        self.has_children(event, self._number)
        return [event, copy]


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Fork(config)
