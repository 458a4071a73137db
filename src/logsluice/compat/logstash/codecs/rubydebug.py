"""Events as Ruby would print them, for people."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from logsluice.compat.logstash.plugins import CodecSettings, Feed, Flag


class Settings(CodecSettings):
    """Options of `rubydebug`."""

    metadata: Flag = Field(default=False, description="Whether `@metadata` is shown.")


def reads(settings: Settings, feed: Feed) -> Any:  # noqa: ARG001 - the signature of every codec
    """Nothing can be read so."""
    raise ValueError("the codec rubydebug only writes")


def writes(settings: Settings) -> Any:
    """The sinks' `rubydebug`."""
    return {"rubydebug": {"metadata": True}} if settings.metadata else "rubydebug"
