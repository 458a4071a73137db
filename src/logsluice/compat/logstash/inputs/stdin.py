"""Standard input, read to its end."""

from __future__ import annotations

from logsluice.compat.logstash.plugins import Input, InputSettings


class Settings(InputSettings):
    """The common options only."""


def translate(settings: Settings) -> Input:  # noqa: ARG001 - it has no options of its own
    """The source `files` with `-`."""
    return Input({"type": "files", "paths": ["-"]}, default_codec="line")
