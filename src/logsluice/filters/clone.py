"""Makes copies of each event, which go on behind it.

Options:

- `clones` (required): a name for each copy. A copy's field `type` is set to its name; with ECS, where `type` means
  something else, the name is added to its `tags`.
- `ecs_compatibility`: `disabled`, or `v1`, `v8`.

The common options apply to the copies only. A copy's `_id` is that of the event with `.1`, `.2` … behind it.

Example, in YAML::

    - clone: {clones: [archive]}
    - if: '[type] == "archive"'
      then:
        - mutate: {remove_field: [message]}
"""

from __future__ import annotations

from typing import Literal

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, Multiplies
from logsluice.filters._options import Texts
from logsluice.filters._tags import add_tags
from logsluice.model import Event, Filter


class Config(CommonOptions):
    """See this module's docstring."""

    clones: Texts
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"


class Clone(Multiplies):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._names = config.clones
        self._tags = config.ecs_compatibility != "disabled"

    def multiply(self, event: Event) -> list[Event]:
        """The event and its copies."""
        clones = [self._clone(event, name, number) for number, name in enumerate(self._names, 1)]
        self.has_children(event, len(clones))
        return [event, *clones]

    def _clone(self, event: Event, name: str, number: int) -> Event:
        clone = self.child(event, number)
        if self._tags:
            add_tags(clone, [name])
        else:
            clone["type"] = name
        self.succeed(clone)
        return clone


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Clone(config)
