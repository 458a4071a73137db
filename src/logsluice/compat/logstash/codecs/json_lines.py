"""One JSON document a line."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from logsluice.compat.logstash.codecs import json
from logsluice.compat.logstash.plugins import Feed
from logsluice.filters._options import Text


class Settings(json.Settings):
    """Options of `json_lines`."""

    delimiter: Text = Field(default="\n", description="Only the line feed.")


def reads(settings: Settings, feed: Feed) -> Any:  # noqa: ARG001 - by lines, however it comes
    """The format `json`; what is no JSON is an event with a tag."""
    if settings.delimiter != "\n":
        raise ValueError("`delimiter` can only be a line feed: JSON documents on lines of their own")
    return json.reads(settings, Feed())


def writes(settings: Settings) -> Any:  # noqa: ARG001 - it has no options for it
    """NDJSON."""
    return "ndjson"
