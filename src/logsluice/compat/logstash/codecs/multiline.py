"""Several lines as one event: stack traces. `pattern` may name grok's patterns.

A file or object ends its last event; there is nothing to flush by time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from logsluice.compat.logstash.codecs import plain
from logsluice.compat.logstash.plugins import LISTED, Feed, Flag
from logsluice.filters._options import Text
from logsluice.filters.grok.expand import expanded
from logsluice.filters.grok.library import builtin, from_folders

_UNITS = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3, "kib": 1024, "mib": 1024**2, "gib": 1024**3}


def _bytes(value: object) -> int:
    """`10 MiB` as Logstash writes sizes; a bare number is bytes."""
    text = str(value).strip()
    number = text.rstrip("BKMGbkmgi ").strip()
    unit = text[len(number) :].strip().lower()
    if not number.isdigit() or unit not in _UNITS:
        raise ValueError("must be a size such as 10 MiB")
    return int(number) * _UNITS[unit]


class Settings(plain.TextSettings):
    """Options of `multiline`."""

    pattern: Text = Field(description="Lines in which it is found belong to another one.")
    what: Literal["previous", "next"] = Field(description="To which.")
    negate: Flag = Field(default=False, description="Lines in which it is not found.")
    patterns_dir: Annotated[list[Text], LISTED] = Field(
        default_factory=list, description="Folders with files of grok patterns."
    )
    multiline_tag: Text = Field(default="multiline", description="For events of several lines.")
    max_lines: int = Field(default=500, ge=1, description="An event with more is ended.")
    max_bytes: Annotated[int, BeforeValidator(_bytes)] = Field(
        default=10 * 1024**2, description="An event with as many is ended."
    )
    auto_flush_interval: float | None = Field(default=None, description="Without effect: see above.")


def reads(settings: Settings, feed: Feed) -> Any:
    """The format `lines` with `multiline`, grok's names put in."""
    library = {**builtin(), **from_folders([Path(folder) for folder in settings.patterns_dir], "*")}
    multiline = {
        "pattern": expanded(settings.pattern, library),
        "what": settings.what,
        "negate": settings.negate,
        "max_lines": settings.max_lines,
        "max_bytes": settings.max_bytes,
        "tag": settings.multiline_tag,
    }
    return {**plain.text(settings, replace(feed, newline="cut", cut_keys="", whole=False)), "multiline": multiline}


def writes(settings: Settings) -> Any:  # noqa: ARG001 - the signature of every codec
    """Nothing is written so."""
    raise ValueError("the codec multiline only reads")
