"""Lines of what is compressed. Compression is found by the bytes, whatever the codec is; so this is `line`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from logsluice.compat.logstash.codecs import plain
from logsluice.compat.logstash.plugins import Feed


class Settings(plain.TextSettings):
    """Options of `gzip_lines`."""


def reads(settings: Settings, feed: Feed) -> Any:
    """The format `lines`; messages keep their newlines."""
    return plain.text(settings, replace(feed, newline="kept", cut_keys="", whole=False))


def writes(settings: Settings) -> Any:  # noqa: ARG001 - the signature of every codec
    """Nothing is written so."""
    raise ValueError("the codec gzip_lines only reads")
