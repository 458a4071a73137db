"""CloudFront's files: lines, with what the header lines say as `cloudfront_version` and `cloudfront_fields`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from logsluice.compat.logstash.codecs import plain
from logsluice.compat.logstash.plugins import Feed


class Settings(plain.TextSettings):
    """Options of `cloudfront`."""


def reads(settings: Settings, feed: Feed) -> Any:
    """The format `lines` with header lines; messages keep their newlines."""
    return plain.text(settings, replace(feed, newline="kept", cut_keys="", whole=False, headers=True))


def writes(settings: Settings) -> Any:  # noqa: ARG001 - the signature of every codec
    """Nothing is written so."""
    raise ValueError("the codec cloudfront only reads")
