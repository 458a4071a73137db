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
def progress(meter: Metered, counters: Counters) -> Iterator[Callable[[], None]]:
    """Shows how far reading has come; the value is to be called now and then."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, ProgressColumn, TextColumn, TimeElapsedColumn

    began = time.monotonic()
    console = Console(stderr=True)
    columns: list[ProgressColumn] = [
        TextColumn("{task.fields[amount]}"),
        TextColumn("{task.fields[events]:,} events"),
    ]
    if console.width >= ROOMY:
        columns[:0] = [TextColumn("[bold]shipping"), BarColumn()]
        columns += [
            TextColumn("{task.fields[speed]:,.0f}/s"),
            TextColumn("{task.fields[rejects]:,} rejects"),
            TimeElapsedColumn(),
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
            bar.update(
                task,
                completed=meter.read,
                amount=size(meter.read) if meter.total is None else f"{size(meter.read)} of {size(meter.total)}",
                total=meter.total,
                events=events,
                speed=events / max(0.1, time.monotonic() - began),
                rejects=counters.total("rejects"),
            )

        yield tick
