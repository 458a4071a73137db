"""A dot for each event, to see that something moves."""

from __future__ import annotations

from typing import Any

from logsluice.compat.logstash.plugins import CodecSettings, Feed


class Settings(CodecSettings):
    """The common options only."""


def reads(settings: Settings, feed: Feed) -> Any:  # noqa: ARG001 - the signature of every codec
    """Nothing can be read from dots."""
    raise ValueError("the codec dots only writes")


def writes(settings: Settings) -> Any:  # noqa: ARG001 - it has no options of its own
    """A dot."""
    return "dots"
