"""Standard input: lines as they come; with a `delimiter`, `multiline`, `cloudtrail` and codecs for gzip all at once."""

from __future__ import annotations

from logsluice.compat.logstash.plugins import Input, InputSettings

WHOLE = ("cloudfront", "cloudtrail", "gzip_lines", "multiline")
"""Codecs whose events may have several lines, or that inflate: what has come at some moment may end within one."""


class Settings(InputSettings):
    """The common options only."""


def translate(settings: Settings) -> Input:
    """The source `files` with `-`."""
    is_by_lines = settings.codec is None or settings.codec.name not in WHOLE
    follow = is_by_lines and not settings.codec_has_delimiter
    return Input({"type": "files", "paths": ["-"], **({"follow": True} if follow else {})}, default_codec="line")
