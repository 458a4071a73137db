"""Text as the input hands it over, with its `message`: an event a line, or a message of a queue.

Whether the newline stays is the input's: `s3` keeps it but for gzip, `s3snssqs` ends every line in one, `file` and
`stdin` cut it.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from logsluice.compat.logstash.plugins import CodecSettings, Feed
from logsluice.filters._options import TemplateText, Text


class TextSettings(CodecSettings):
    """What every codec that reads text has."""

    charset: Text = Field(default="UTF-8", description="Of what is read, by Ruby's name of it.")


class Settings(TextSettings):
    """Options of `plain` and `line`."""

    format: TemplateText | None = Field(default=None, description="How an output writes an event, with %{field}.")

    @property
    def template(self) -> str:
        """Time, host and message, as Logstash prints an event that has no other form."""
        return self.format or "%{@timestamp} %{host} %{message}"


def charset(settings: TextSettings) -> dict[str, str]:
    """The native option for a charset that is not UTF-8. Raises ValueError for one that is not known."""
    from logsluice.lang.charsets import charset_name

    name = charset_name(settings.charset)
    return {} if name in ("utf-8", "ascii") else {"charset": name}


def text(settings: TextSettings, feed: Feed) -> dict[str, Any]:
    """The native format for text that comes so."""
    defaults = Feed()
    given = {
        name: getattr(feed, name)
        for name in ("newline", "cut_keys", "delimiter", "whole", "headers")
        if getattr(feed, name) != getattr(defaults, name)
    }
    return {"type": "lines", "as_logstash": given, **charset(settings)}


def reads(settings: Settings, feed: Feed) -> Any:
    """The format `lines`."""
    return text(settings, feed)


def writes(settings: Settings) -> Any:
    """The text, without a line end."""
    return {"plain": settings.template}
