"""Drops events.

Options: `percentage` (0 to 100, default 100), how many of the events to drop. Which ones follows from the event's
`_id`, so that an object that is read again loses the same events, and none that were kept before.

Example, in YAML::

    - if: '[user_agent] =~ /^ELB-HealthChecker/'
      then: [{drop: {}}]

    - drop: {percentage: 90}
"""

from __future__ import annotations

import random
import zlib
from typing import Annotated

from pydantic import Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.model import Event, Filter, RejectEvent

_STEPS = 1_000_000


class Config(CommonOptions):
    """See this module's docstring."""

    percentage: Annotated[float, Field(ge=0, le=100)] = 100


class Drop(EachEvent):
    """The filter; kept events get the common options."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._below = config.percentage / 100 * _STEPS

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`."""
        if self._below >= _STEPS:
            return []
        return super().apply([event for event in events if _place(event) >= self._below], reject)

    def change(self, _: Event) -> bool:
        """Nothing beyond the common options."""
        return True


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Drop(config)


def _place(event: Event) -> int:
    """A number from 0 to under _STEPS that stays the same for an event with an id."""
    event_id = event.get("@metadata", {}).get("_id")
    if event_id is None:
        return random.randrange(_STEPS)  # noqa: S311 - a sample, no secret
    return zlib.crc32(str(event_id).encode()) % _STEPS
