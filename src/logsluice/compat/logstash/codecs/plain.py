"""Text as it is: an event a line, with its `message`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from logsluice.compat.logstash.plugins import CodecSettings
from logsluice.filters._options import TemplateText, Text


class Settings(CodecSettings):
    """Options of `plain` and `line`."""

    charset: Text = Field(default="UTF-8", description="Of what is read; only UTF-8 and its subsets.")
    format: TemplateText | None = Field(default=None, description="How an output writes an event, with %{field}.")

    @property
    def template(self) -> str:
        """Time, host and message, as Logstash prints an event that has no other form."""
        return self.format or "%{@timestamp} %{host} %{message}"


def reads(settings: Settings) -> Any:
    """The format `lines`."""
    if settings.charset.upper() not in ("UTF-8", "US-ASCII", "ASCII"):
        raise ValueError(f"the charset {settings.charset} can't be read yet; only UTF-8")
    return {"type": "lines"}


def writes(settings: Settings) -> Any:
    """The text, without a line end."""
    return {"plain": settings.template}
