"""Made-up messages: the source `generator`. Events have their round in `sequence`, and no `host`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from logsluice.compat.logstash.plugins import LISTED, Feed, Input, InputSettings
from logsluice.filters._options import Text


class Settings(InputSettings):
    """Options of the input `generator`."""

    message: Text = Field(default="Hello world!", description="What is handed out; `stdin` is not read.")
    lines: Annotated[tuple[Text, ...] | None, LISTED] = Field(
        default=None, description="Several instead of one, in order."
    )
    count: int = Field(default=0, ge=0, description="How many times; 0 for ever.")
    threads: int = Field(default=1, ge=1, le=64, description="Threads.")


def translate(settings: Settings) -> Input:
    """The source `generator`."""
    if settings.message == "stdin" and settings.lines is None:
        raise ValueError("a message of standard input can't be had: write the text, or use the input stdin")
    lines = list(settings.lines) if settings.lines is not None else [settings.message]
    source = {"type": "generator", "lines": lines, "count": settings.count}
    pipeline = {"workers": settings.threads}
    return Input(source, pipeline=pipeline, feed=Feed(whole=True), warnings=tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.threads > 1 and settings.count:
        yield "threads", "events are handed out `count` times in all, and not by each thread"
