"""Drawing for terminals: bars, tables, numbers, and log text made harmless."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

_EIGHTHS = " ▏▎▍▌▋▊▉"
_PIPED_WIDTH = 160


def escape(value: Any) -> str:
    """A value of an event as one line of text that can't steer a terminal: what is not printable becomes `\\x1b`."""
    if isinstance(value, datetime):
        return timestamp(value)
    text = value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def timestamp(moment: datetime) -> str:
    """A moment in UTC, to the millisecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}"


def isoformat(moment: datetime) -> str:
    """A moment in UTC as ISO 8601 with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def width() -> int:
    """Columns of the terminal; a wide page when the output goes into a file or a program."""
    return shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else _PIPED_WIDTH


def bar(value: float, greatest: float, columns: int, plain: bool = False) -> str:
    """A bar that fills `columns` for the greatest value; one that is not nothing is never empty.

    Args:
        value: What it shows.
        greatest: The scale.
        columns: The widest bar.
        plain: Draw with `#`, for outputs that can't show blocks.
    """
    if value <= 0 or greatest <= 0:
        return ""
    eighths = max(1, round(value / greatest * columns * 8))
    if plain:
        return "#" * max(1, eighths // 8)
    return ("█" * (eighths // 8) + _EIGHTHS[eighths % 8]).rstrip()


def bars(rows: Sequence[tuple[str, int]], columns: int | None = None) -> list[str]:
    """A line for each label and count: label, bar, number. Labels are taken to be harmless already."""
    if not rows:
        return []
    labels = max(len(label) for label, _ in rows)
    greatest = max(count for _, count in rows)
    numbers = len(f"{greatest:,}")
    room = max(8, min(60, (columns or width()) - labels - numbers - 4))
    plain = not can_draw()
    return [
        f"{label:<{labels}}  {count:>{numbers},}  {bar(count, greatest, room, plain)}".rstrip() for label, count in rows
    ]


def can_draw() -> bool:
    """Whether standard output can show block characters."""
    try:
        "█▏".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def bar_label(start: datetime, interval: timedelta) -> str:
    """The start of a histogram's bar, as exactly as its interval needs."""
    if interval >= timedelta(days=1):
        return start.strftime("%Y-%m-%d")
    return start.strftime("%m-%d %H:%M:%S" if interval < timedelta(minutes=1) else "%m-%d %H:%M")
