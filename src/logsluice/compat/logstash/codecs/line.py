"""Text by lines."""

from __future__ import annotations

from typing import Any

from logsluice.compat.logstash.codecs import plain
from logsluice.filters._options import Text


class Settings(plain.Settings):
    """Options of `line`."""

    delimiter: Text = "\n"


def reads(settings: Settings) -> Any:
    """The format `lines`."""
    return plain.reads(settings)


def writes(settings: Settings) -> Any:
    """The text and a line end."""
    return {"line": settings.template}
