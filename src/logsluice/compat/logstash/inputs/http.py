"""A server that takes events by HTTP: there is no source for it yet."""

from __future__ import annotations

from pydantic import ConfigDict

from logsluice.compat.logstash.plugins import Input, InputSettings


class Settings(InputSettings):
    """Whatever is given: the input can't be used."""

    model_config = ConfigDict(extra="allow")


def translate(settings: Settings) -> Input:  # noqa: ARG001 - nothing can be made of it
    """Nothing."""
    raise ValueError("events can't be taken by HTTP yet: write them to a file or a queue, and read that by file or sqs")
