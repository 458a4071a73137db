"""What other pipelines send to an address: their events go on with the filters and outputs of this pipeline.

The pipelines are joined when the configuration is read, so nothing is kept between them, and an event counts as
delivered when the last of them has sent it.
"""

from __future__ import annotations

from logsluice.compat.logstash.plugins import Input, InputSettings
from logsluice.filters._options import Text


class Settings(InputSettings):
    """Options of the input `pipeline`."""

    address: Text


def translate(settings: Settings) -> Input:
    """Never asked for: `logsluice.compat.logstash.joining` has put another input in its place."""
    raise ValueError(f"nothing sends to the address {settings.address}")
