"""Replaces all digits but the last four of long numbers, such as those of cards and accounts, by stars.

Options:

- `fields` (required): where to look; a field that holds no text is left alone.
- `keep`: how many digits stay readable at the end, default 4.
"""

from __future__ import annotations

import re

from logsluice.components import Context, Options
from logsluice.lang.references import Reference
from logsluice.model import Event, RejectEvent

LONG = re.compile(r"\d{8,}", re.ASCII)


class Config(Options):
    """See this module's docstring."""

    fields: tuple[str, ...]
    keep: int = 4


class Mask:
    """The filter; threads share it, so it keeps nothing of an event."""

    def __init__(self, config: Config) -> None:
        self._fields = [Reference(field) for field in config.fields]
        self._keep = config.keep

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:  # noqa: ARG002 - nothing is refused
        """See `logsluice.model.Filter`."""
        for event in events:
            for field in self._fields:
                text = field.get(event)
                if isinstance(text, str) and LONG.search(text):
                    field.set(event, LONG.sub(self._masked, text))
        return events

    def _masked(self, found: re.Match[str]) -> str:
        hidden = len(found[0]) - self._keep
        return "*" * hidden + found[0][hidden:]


def build(config: Config, context: Context) -> Mask:  # noqa: ARG001 - the signature of every component
    """The filter of a configuration."""
    return Mask(config)
