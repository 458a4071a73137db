"""CloudTrail's files: an event for each of the `Records`."""

from __future__ import annotations

from typing import Any

from logsluice.compat.logstash.codecs import plain
from logsluice.compat.logstash.plugins import Feed


class Settings(plain.TextSettings):
    """Options of `cloudtrail`."""


def reads(settings: Settings, feed: Feed) -> Any:  # noqa: ARG001 - however it comes, it is one document
    """The format `cloudtrail`, with the codec's fields."""
    if plain.charset(settings):
        raise ValueError("CloudTrail writes UTF-8: leave `charset` out")
    return {"type": "cloudtrail", "as_logstash": True}


def writes(settings: Settings) -> Any:  # noqa: ARG001 - the signature of every codec
    """Nothing is written so."""
    raise ValueError("the codec cloudtrail only reads")
