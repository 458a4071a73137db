"""Nowhere: for measuring what comes before."""

from __future__ import annotations

from logsluice.compat.logstash.plugins import Output, OutputSettings


class Settings(OutputSettings):
    """The common options only."""


def translate(settings: Settings) -> Output:  # noqa: ARG001 - it has no options of its own
    """The sink `null`."""
    return Output("null")
