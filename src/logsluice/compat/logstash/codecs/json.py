"""JSON: a document a line where bytes come in lines (S3, files, standard input); of a queue, a document a message."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from logsluice.compat.logstash.codecs import plain
from logsluice.compat.logstash.plugins import Feed
from logsluice.filters._options import FieldRef


class Settings(plain.TextSettings):
    """Options of `json` and `json_lines`."""

    target: FieldRef | None = Field(default=None, description="Not here: use the filter json.")


def reads(settings: Settings, feed: Feed) -> Any:
    """The format `json`; what is no JSON is an event with a tag."""
    if settings.target is not None:
        raise ValueError("`target` can't be had: read with the codec plain, and use filter { json { target => … } }")
    return {"type": "json", "as_logstash": "whole" if feed.whole else True, **plain.charset(settings)}


def writes(settings: Settings) -> Any:  # noqa: ARG001 - it has no options for it
    """NDJSON."""
    return "ndjson"
