"""Read log files or S3 objects once, and make them searchable."""

from __future__ import annotations

import shlex
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from logsluice.cli.shipping import Target

MOST_CRASHES = 3
"""So many batches that failed by a fault of ours end the run: nobody waits for the next one to be tried again."""

FAILED, INTERRUPTED = 1, 130

EXAMPLES = """\b
Examples:
  logsluice ship /var/log/alb/*.gz
  logsluice ship exports/ --store ./store
  logsluice ship s3://my-logs/AWSLogs/123456789012/elasticloadbalancing/
  zcat app.log.gz | logsluice ship - --format json --to stdout
  logsluice ship *.log.gz --to https://search.example.com/alb-2026
"""


@click.command("ship", epilog=EXAMPLES, short_help=__doc__)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format", "format_name", default="auto", show_default=True, help="The log format; auto finds it by itself."
)
@click.option("--to", default="store", show_default=True, help="stdout, store, or https://host/index.")
@click.option(
    "--store", default="store", show_default=True, type=click.Path(path_type=Path), help="Folder of the store."
)
@click.option(
    "--dead-letter", metavar="DIR", help="Folder or s3:// prefix for records that can't be used [dead-letter]."
)
@click.option(
    "--ca-file", metavar="FILE", type=click.Path(path_type=Path), help="Authorities that a cluster's TLS is checked by."
)
def command(
    paths: tuple[str, ...], format_name: str, to: str, store: Path, dead_letter: str | None, ca_file: Path | None
) -> int:
    """Read log files or S3 objects once, and make them searchable.

    A PATH is a file, a folder, a pattern, - for standard input, or an s3://bucket/prefix. Compression and format are
    found by themselves. Shipping the same bytes again adds nothing. With --to stdout, events are written as NDJSON and
    nothing else is written there; the summary goes to standard error.
    """
    from logsluice.cli.messages import Misused
    from logsluice.cli.progress import progress
    from logsluice.cli.shipping import WORKERS, Metered, keep_apart, pipeline, source_of, target
    from logsluice.cli.summary import Times, histogram_options, summary
    from logsluice.components import Context, UnknownComponent
    from logsluice.config.assemble import possible_formats
    from logsluice.formats import load
    from logsluice.hosts.daemon import Daemon, Service
    from logsluice.telemetry.counters import Counters

    try:
        chosen = load(format_name)
    except UnknownComponent as error:
        raise Misused(str(error), "logsluice formats lists them") from None
    except (TypeError, ValueError) as error:
        raise Misused(f"the format {format_name} can't be used here: {error}") from None
    counters, times = Counters(), Times()
    meter = Metered(source_of(paths))
    goal = target(to, store, Context("ship", possible_formats(chosen), Path()), ca_file)
    kept_in = dead_letter or ("dead-letter" if goal.keeps_rejects else None)
    running = Service(pipeline("ship", chosen, goal, kept_in, [times], counters), meter, WORKERS)
    keep_apart(paths, *([store] if goal.name == "store" else []), *([kept_in] if kept_in else []))
    began = time.monotonic()
    with progress(meter, counters) as tick:

        def watch() -> None:
            tick()
            if counters.total("crashes") >= MOST_CRASHES:
                daemon.stop()

        daemon = Daemon([running], tick=watch)
        daemon.run()
    for line in summary(counters, times, meter.read, time.monotonic() - began, kept_in):
        click.echo(line, err=True)
    if counters.total("events"):
        _what_next(goal, to, store, histogram_options(times.minutes))
    if meter.failure is not None:
        raise meter.failure
    if not meter.ended:
        crashed = counters.total("crashes")
        ended = "ended by faults of its own, told above" if crashed else "stopped before the end"
        click.echo(
            f"\n{ended}: the same command goes on from there, for what is shipped already adds nothing", err=True
        )
        return FAILED if crashed else INTERRUPTED
    return 0


def _what_next(goal: Target, to: str, store: Path, options: str) -> None:
    from logsluice.cli.messages import program

    if goal.name == "store":
        where = "" if store == Path("store") else f" --store {shlex.quote(str(store))}"
        click.echo(f"\nnext:  {program()} search '*'{where} {options}", err=True)
    elif goal.name == "opensearch" and sys.stderr.isatty():
        click.echo(f"\nthe events are in {to.rpartition('@')[2]}", err=True)
