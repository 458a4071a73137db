"""Text by lines, without what ends them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from logsluice.compat.logstash.codecs import plain
from logsluice.compat.logstash.plugins import Feed
from logsluice.filters._options import Text


class Settings(plain.Settings):
    """Options of `line`."""

    delimiter: Text = "\n"


def reads(settings: Settings, feed: Feed) -> Any:
    """The format `lines`."""
    delimiter = feed.delimiter if settings.delimiter == "\n" else settings.delimiter
    return plain.text(settings, replace(feed, newline="cut", cut_keys="", whole=False, delimiter=delimiter))


def writes(settings: Settings) -> Any:
    """The text and a line end."""
    return {"line": settings.template}
