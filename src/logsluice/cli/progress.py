"""The progress bar: on a terminal only, and on standard error, so that standard output stays clean."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logsluice.cli.shipping import Metered
from logsluice.cli.summary import size
from logsluice.telemetry.counters import Counters

ROOMY = 90
"""In a terminal of fewer columns there is room for the amount and the events only."""


@contextmanager
def progress(
    meter: Metered, counters: Counters, title: str = "shipping", more: Callable[[], str] | None = None
) -> Iterator[Callable[[], None]]:
    """Shows how far reading has come; the value is to be called now and then.

    Args:
        meter: What is being read.
        counters: What became of it.
        title: What is being done.
        more: Told before the bytes, such as a count of objects.
    """
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    began = time.monotonic()
    console = Console(stderr=True)
    columns: list[ProgressColumn] = [
        TextColumn("{task.fields[amount]}"),
        TextColumn("{task.fields[events]:,} events"),
    ]
    if console.width >= ROOMY:
        columns[:0] = [TextColumn(f"[bold]{title}"), BarColumn()]
        columns += [
            TextColumn("{task.fields[speed]:,.0f}/s"),
            TextColumn("{task.fields[rejects]:,} rejects"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        ]
    with Progress(
        *columns,
        console=console,
        redirect_stdout=False,
        transient=True,
    ) as bar:
        task = bar.add_task("", total=None, amount="", events=0, speed=0.0, rejects=0)

        def tick() -> None:
            events = counters.total("events")
            amount = size(meter.read) if meter.total is None else f"{size(meter.read)} of {size(meter.total)}"
            bar.update(
                task,
                completed=meter.read,
                amount=amount if more is None else f"{more()}, {amount}",
                total=meter.total,
                events=events,
                speed=events / max(0.1, time.monotonic() - began),
                rejects=counters.total("rejects"),
            )

        yield tick
