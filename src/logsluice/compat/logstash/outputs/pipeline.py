"""Sends events on to other pipelines of the same file `pipelines.yml`; see the input `pipeline`."""

from __future__ import annotations

from pydantic import Field

from logsluice.compat.logstash.plugins import Flag, Output, OutputSettings
from logsluice.filters._options import Texts


class Settings(OutputSettings):
    """Options of the output `pipeline`."""

    send_to: Texts
    ensure_delivery: Flag = Field(default=True, description="When false, an address without a pipeline is no error.")


def translate(settings: Settings) -> Output:
    """Never asked for: `logsluice.compat.logstash.joining` has put the other pipeline's outputs in its place."""
    raise ValueError(f"no pipeline has an input with the address {', '.join(settings.send_to)}")
