"""JSON: a document a line, wherever bytes come in lines (S3, files, standard input)."""

from __future__ import annotations

from typing import Any

from logsluice.compat.logstash.plugins import CodecSettings


class Settings(CodecSettings):
    """The common options only."""


def reads(settings: Settings) -> Any:  # noqa: ARG001 - it has no options of its own
    """The format `json`; what is no JSON is an event with a tag."""
    return {"type": "json", "as_logstash": True}


def writes(settings: Settings) -> Any:  # noqa: ARG001 - it has no options of its own
    """NDJSON."""
    return "ndjson"
