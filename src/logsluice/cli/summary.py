"""What was done, told at the end: counts, formats, rejects by reason, the time range and its shape."""

from __future__ import annotations

import itertools
import shutil
import textwrap
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from logsluice.cli.messages import printable
from logsluice.model import Event, RejectEvent
from logsluice.telemetry.counters import Counters

MOST_BUCKETS = 20_000
COLUMNS = 60
NARROWEST, WIDEST = 30, 96
ROWS = 4
REASONS = 5
OUTLIERS = 0.03
"""The share of events at each end that may be left out of the picture when they are far from all others."""

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 10080)
_WEEK = 10080
_MOMENT = "%Y-%m-%dT%H:%MZ"
_BLOCKS = " ▁▂▃▄▅▆▇█"


@dataclass
class Times:
    """Notes when events happened, by the minute, while they pass (a `model.Filter` that changes nothing).

    Filters may have taken the time away: such an event happened at no time.
    """

    minutes: Counter[int] = field(default_factory=Counter)
    _width: int = 1
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:  # noqa: ARG002 - a filter's signature
        """Count and hand on."""
        width = 60 * self._width
        moments = (event.get("@timestamp") for event in events)
        seen = Counter(int(at.timestamp()) // width for at in moments if isinstance(at, datetime))
        with self._lock:
            scale = width // 60
            for bucket, count in seen.items():
                self.minutes[bucket * scale // self._width * self._width] += count
            if len(self.minutes) > MOST_BUCKETS:
                self._coarser()
        return events

    def _coarser(self) -> None:
        """Times spread over years must not fill the memory: from now on by the hour, then by the day."""
        self._width *= 60 if self._width == 1 else 24
        coarse: Counter[int] = Counter()
        for minute, count in self.minutes.items():
            coarse[minute // self._width * self._width] += count
        self.minutes = coarse


def histogram(minutes: Counter[int], columns: int = COLUMNS, rows: int = ROWS) -> list[str]:
    """Lines that draw how many events there were over time; none when there is nothing to draw."""
    if not minutes:
        return []
    shown = _main_part(minutes)
    outside = sum(minutes.values()) - sum(shown.values())
    minutes = shown
    first, last = min(minutes), max(minutes)
    step = column_minutes(minutes, columns)
    first -= first % step
    heights = [0] * ((last - first) // step + 1)
    for minute, count in minutes.items():
        heights[(minute - first) // step] += count
    top = max(heights)
    width = max(1, min(4, columns // len(heights)))
    drawn = []
    for row in reversed(range(rows)):
        # The smallest count still shows as the lowest block: an empty column means that there was nothing.
        levels = (max(1 if height and not row else 0, round(height / top * rows * 8) - row * 8) for height in heights)
        drawn.append("".join(_BLOCKS[min(8, max(0, level))] * width for level in levels).rstrip())
    begin, end = _at(first), _at(first + len(heights) * step)
    pattern = "%H:%M" if begin.date() == end.date() else "%Y-%m-%d %H:%M"
    left, right = f"{begin:{pattern}}", f"{end:{pattern}}"
    axis = f"{left} {right:>{max(0, len(heights) * width - len(left) - 1)}}"
    beyond = f"; {plural(outside, 'event')} not shown, at quite other times" if outside else ""
    return [*drawn, axis, f"{_span(step)} a column, at most {plural(top, 'event')}{beyond}"]


def _main_part(minutes: Counter[int]) -> Counter[int]:
    """Without the few events, at either end, that alone would squeeze all others into a column or two."""
    spare = int(sum(minutes.values()) * OUTLIERS)
    kept = sorted(minutes)
    for end in (0, -1):
        left = spare
        while len(kept) > 1 and minutes[kept[end]] <= left:
            left -= minutes[kept.pop(end)]
    if (kept[-1] - kept[0] + 1) * 10 > max(minutes) - min(minutes) + 1:
        return minutes
    return Counter({minute: minutes[minute] for minute in kept})


def column_minutes(minutes: Counter[int], columns: int = COLUMNS) -> int:
    """How many minutes a column of the histogram stands for, so that all fit."""
    if not minutes:
        return 1
    first, last = min(minutes), max(minutes)
    return next(step for step in _steps() if last // step - first // step < columns)


def histogram_options(minutes: Counter[int]) -> str:
    """What makes `logsluice search` draw the same picture: `--histogram 5m`, and the time range if some is left out.

    Without any times: a look at the newest events.
    """
    if not minutes:
        return "--size 10"
    shown = _main_part(minutes)
    step = column_minutes(shown)
    begin, end = _at(min(shown)), _at(max(shown) + step)
    limits = f" --since {begin:{_MOMENT}} --until {end:{_MOMENT}}" if shown != minutes else ""
    return f"--histogram {_interval(step)}{limits}"


def _interval(minutes: int) -> str:
    """As `--histogram` takes it: `5m`, `2h`, `7d`."""
    if minutes % 1440 == 0:
        return f"{minutes // 1440}d"
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def summary(
    counters: Counters, times: Times, stored_bytes: int, seconds: float, dead_letter: str | None
) -> Iterator[str]:
    """The lines of the summary."""
    width = max(NARROWEST, min(WIDEST, shutil.get_terminal_size((WIDEST, 0)).columns))
    events = counters.total("events")
    objects = counters.total("payloads")
    yield (
        f"{plural(objects, 'object')}, {plural(events, 'event')}, {size(stored_bytes)} read"
        f" ({size(counters.total('bytes'))} unpacked) in {seconds:,.1f} s"
    )
    yield ""
    if formats := counters.by_label("events"):
        listed = " · ".join(f"{name} {count:,}" for name, count in formats.items())
        yield from textwrap.wrap(listed, width, initial_indent="  formats     ", subsequent_indent=" " * 14)
    if times.minutes:
        begin, end = _at(min(times.minutes)), _at(max(times.minutes) + 1)
        yield f"  time range  {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC"
    if duplicates := counters.total("duplicates"):
        yield f"  duplicates  {duplicates:,} were there already and were not added again"
    if filtered := counters.total("filtered_out"):
        yield f"  filtered    {filtered:,} dropped by filters"
    yield from _rejects(counters, dead_letter)
    if drawn := histogram(times.minutes, min(COLUMNS, width - 2)):
        yield ""
        yield from (f"  {line}" for line in drawn)


def _rejects(counters: Counters, dead_letter: str | None) -> Iterator[str]:
    rejects = counters.by_label("rejects")
    if not rejects:
        yield "  rejects     none"
        return
    kept = f"kept in {dead_letter}" if dead_letter else "not kept: give --dead-letter DIR to keep them"
    yield f"  rejects     {sum(rejects.values()):,}, {kept}"
    for reason, count in list(rejects.items())[:REASONS]:
        yield f"              {count:,} × {printable(reason)[:160]}"
    if len(rejects) > REASONS:
        yield f"              and {len(rejects) - REASONS} more reasons"


def plural(count: int, noun: str) -> str:
    """`1 event`, `2,000 events`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def size(count: int) -> str:
    """Bytes for people: `512 B`, `8.2 MB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def _steps() -> Iterator[int]:
    """Widths of a column in minutes: round ones, then any number of weeks."""
    yield from _STEPS
    yield from itertools.count(2 * _WEEK, _WEEK)


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _span(minutes: int) -> str:
    if minutes % 1440 == 0:
        return plural(minutes // 1440, "day")
    return plural(minutes // 60, "hour") if minutes % 60 == 0 else plural(minutes, "minute")
