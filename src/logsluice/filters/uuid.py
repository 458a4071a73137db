"""Gives each event a UUID.

Options: `target` (required), the field; `overwrite`, whether to replace what is there, default false.

The UUID has the form of a random one (version 4). It follows from the event's `_id` and the target's name, so that an
object that is read again gets the same ones; events without an `_id` get random ones.

Example, in YAML::

    - uuid: {target: "[@metadata][uuid]"}
"""

from __future__ import annotations

import uuid
from hashlib import blake2b

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef
from logsluice.lang.references import Reference
from logsluice.model import Event, Filter


class Config(CommonOptions):
    """See this module's docstring."""

    target: FieldRef
    overwrite: bool = False


class Uuid(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._target = Reference(config.target)
        self._overwrite = config.overwrite

    def change(self, event: Event) -> bool:
        """Set the field, unless it has a value that shall stay."""
        if self._overwrite or not self._target.get(event):
            self._target.set(event, uuid_of(event, self._target.text))
        return True


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Uuid(config)


def uuid_of(event: Event, purpose: str) -> str:
    """A UUID that is the event's own: another one for each purpose."""
    event_id = event.get("@metadata", {}).get("_id")
    if event_id is None:
        return str(uuid.uuid4())
    digest = blake2b(f"{event_id}\0{purpose}".encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))
