"""Bring what is in S3 already: all objects below a prefix, or those of some days."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from logsluice.cli.backfilling import Backfill, Task
    from logsluice.cli.shipping import Metered
    from logsluice.cli.summary import Times
    from logsluice.pipeline import Pipeline

MOST_CRASHES = 3
REPORT_SECONDS = 30.0
FAILED, INTERRUPTED = 1, 130
ALIKE = ("aws", "bucket_options", "request_payer", "max_object_size", "include_keys", "exclude_keys", "id_salt")
"""What the pipeline's own source says of objects holds for a backfill as well."""

EXAMPLES = """\b
Examples:
  logsluice backfill s3://my-logs/AWSLogs/ --since 2026-01-01 --until 2026-02-01
  logsluice backfill 's3://my-logs/AWSLogs/{account}/elasticloadbalancing/{region}/{yyyy}/{MM}/{dd}/' --since 7d
  logsluice backfill s3://my-logs/app/ --config pipeline.yaml --pipeline app --replace
  logsluice backfill s3://my-logs/app/ --to https://search.example.com/app --format json
"""


@dataclass(frozen=True, slots=True)
class Way:
    """The pipeline that the objects go through, and what it says of them."""

    pipeline: Pipeline
    workers: int
    options: Mapping[str, Any]
    state: str
    base: Path
    dead_letter: str | None
    target: str


@click.command("backfill", epilog=EXAMPLES, short_help=__doc__)
@click.argument("place", metavar="S3://BUCKET/PREFIX")
@click.option("--since", metavar="TIME", help="Objects of that day or later: 2026-01-31, 7d, 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="TIME", help="Objects before.")
@click.option("--config", "file", metavar="FILE", help="Through a pipeline of this file: its format, filters, outputs.")
@click.option("--pipeline", "name", metavar="NAME", help="Which, where the file has several.")
@click.option("--to", default="store", show_default=True, help="Without --config: stdout, store, https://host/index.")
@click.option("--format", "format_name", default="auto", show_default=True, help="Without --config: the log format.")
@click.option(
    "--store", default="store", show_default=True, type=click.Path(path_type=Path), help="Folder of the store."
)
@click.option("--dead-letter", metavar="DIR", help="Without --config: for what can't be used [dead-letter].")
@click.option("--replace", is_flag=True, help="Delete the events of each object first: for a corrected pipeline.")
@click.option("--state", metavar="PLACE", help="Folder or s3:// prefix to resume from [state, or the pipeline's].")
@click.option("--json", "as_json", is_flag=True, help="The summary as JSON, on standard output.")
def command(
    place: str,
    since: str | None,
    until: str | None,
    file: str | None,
    name: str | None,
    to: str,
    format_name: str,
    store: Path,
    dead_letter: str | None,
    replace: bool,
    state: str | None,
    as_json: bool,
) -> int:
    """Bring what is in S3 already: all objects below a prefix, or those of some days.

    Events get the ids that live traffic gives them, so what is there adds nothing. When it is stopped or killed, the
    same command goes on where it was. A prefix may hold {yyyy}/{MM}/{dd} and other names in braces: then only the
    prefixes of the days asked for are listed. Exit codes: 0 all is brought (rejects are in the dead letter), 1 it ended
    before the end, 130 it was stopped.
    """
    from logsluice.cli import backfilling
    from logsluice.cli.messages import Misused
    from logsluice.cli.shipping import listing

    if as_json and to == "stdout" and file is None:
        raise Misused("--json and --to stdout would write to the same place", "leave one of them out")
    if file is None and name is not None:
        raise Misused("--pipeline names a pipeline of a --config", "give --config FILE too")
    way = _plain(to, format_name, store, dead_letter) if file is None else _configured(file, name)
    config = listing(place, since=since, until=until, **way.options)
    asked = (str(since), str(until), str(replace), way.target)
    task = backfilling.Task(config, asked, state or way.state, Path() if state else way.base)
    return bring(way, task, replace=replace, as_json=as_json)


def bring(way: Way, task: Task, *, title: str = "backfill", replace: bool = False, as_json: bool = False) -> int:
    """Read a listing to its end, with a progress bar and a summary; the value is the exit code.

    Args:
        way: What the objects go through.
        task: What is listed, and where it is kept how far it has come.
        title: What it is called on the bar.
        replace: Whether outputs are to forget an object's events before it is read.
        as_json: Whether the summary is for programs.
    """
    from logsluice.cli.backfilling import Backfill
    from logsluice.cli.shipping import Metered
    from logsluice.cli.summary import Times

    outputs = [sender.output for sender in way.pipeline.senders] if replace else []
    backfill, times = Backfill(task.source(), outputs), Times()
    meter = Metered(backfill)
    way.pipeline.filters = (*way.pipeline.filters, times)
    began = time.monotonic()
    _run(way, backfill, meter, title)
    _tell(way, backfill, meter, times, time.monotonic() - began, as_json)
    if meter.failure is not None:
        raise meter.failure
    if not meter.ended:
        click.echo("\nended before the end: the same command goes on from there", err=True)
        return FAILED if way.pipeline.counters.total("crashes") else INTERRUPTED
    task.forget()
    return 0


def _plain(to: str, format_name: str, store: Path, dead_letter: str | None) -> Way:
    """The pipeline that `ship` would use."""
    from logsluice.cli.messages import Misused
    from logsluice.cli.shipping import WORKERS, pipeline, target
    from logsluice.components import Context, UnknownComponent
    from logsluice.config.assemble import possible_formats
    from logsluice.formats import load
    from logsluice.telemetry.counters import Counters

    try:
        chosen = load(format_name)
    except (UnknownComponent, TypeError, ValueError) as error:
        raise Misused(f"the format {format_name} can't be used here: {error}", "logsluice formats lists them") from None
    goal = target(to, store, Context("backfill", possible_formats(chosen), Path()))
    kept_in = dead_letter or ("dead-letter" if goal.keeps_rejects else None)
    made = pipeline("backfill", chosen, goal, kept_in, [], Counters())
    where = f"{to}#{store.resolve()}" if goal.name == "store" else to
    return Way(made, WORKERS, {}, "state", Path(), kept_in, where)


def _configured(file: str, name: str | None) -> Way:
    """A pipeline of a configuration, whatever its source."""
    from logsluice.cli.messages import Misused
    from logsluice.cli.shipping import ONCE_ONLY
    from logsluice.config.assemble import assemble
    from logsluice.config.load import load_file
    from logsluice.delivery.policies import Policies

    configuration = load_file(file)
    models = {model.name: model for model in configuration.model.pipelines}
    if name not in models and (name is not None or len(models) > 1):
        said = f"there is no pipeline {name!r}" if name is not None else "there are several pipelines"
        raise Misused(f"{said} in {file}", f"give --pipeline {' or '.join(models)}")
    model = models[name or next(iter(models))]
    (service,) = (each for each in assemble(configuration) if each.pipeline.name == model.name)
    pipeline, options = service.pipeline, model.source.options
    pipeline.policies = Policies({**ONCE_ONLY.on, **pipeline.policies.on})
    alike = {option: getattr(options, option, None) for option in ALIKE}
    target = f"{Path(file).resolve()}#{model.name}"
    kept_in = f"{model.dead_letter.rstrip('/')}/{model.name}"
    return Way(pipeline, service.workers, alike, model.state, configuration.base, kept_in, target)


def _run(way: Way, backfill: Backfill, meter: Metered, title: str) -> None:
    from logsluice.cli.progress import progress
    from logsluice.hosts.daemon import Daemon, Service

    report = _reporter(backfill)
    with progress(meter, way.pipeline.counters, title, backfill.told) as tick:

        def watch() -> None:
            tick()
            report()
            if way.pipeline.counters.total("crashes") >= MOST_CRASHES:
                daemon.stop()

        daemon = Daemon([Service(way.pipeline, meter, way.workers)], tick=watch)
        daemon.run()


def _reporter(backfill: Backfill) -> Callable[[], None]:
    """Where there is no terminal for a bar: a line in the log now and then."""
    import sys

    import structlog

    log = structlog.get_logger("backfill")
    due = time.monotonic() + REPORT_SECONDS

    def report() -> None:
        nonlocal due
        if time.monotonic() >= due and not sys.stderr.isatty():
            due += REPORT_SECONDS
            log.info("so far", done=backfill.told())

    return report


def _tell(way: Way, backfill: Backfill, meter: Metered, times: Times, seconds: float, as_json: bool) -> None:
    """The summary: for people on standard error, or for a program on standard output."""
    from logsluice.cli.summary import summary

    counters, listed = way.pipeline.counters, backfill.source.counters
    left_out = {name: listed.total(name) for name in ("empty_objects", "archived_objects", "unwanted_objects")}
    if as_json:
        import orjson

        said = {
            "complete": meter.ended and meter.failure is None,
            "objects": backfill.settled,
            "objects_done_before": backfill.known,
            **left_out,
            "bytes_read": meter.read,
            "events": counters.total("events"),
            "events_sent": counters.total("events_sent"),
            "duplicates": counters.total("duplicates"),
            "replaced": backfill.forgotten,
            "rejects": counters.by_label("rejects"),
            "seconds": round(seconds, 3),
        }
        click.echo(orjson.dumps(said).decode())
        return
    for line in summary(counters, times, meter.read, seconds, way.dead_letter):
        click.echo(line, err=True)
    beside = {**left_out, "objects_done_before": backfill.known, "events_replaced": backfill.forgotten}
    for name, count in beside.items():
        if count:
            click.echo(f"  {name.replace('_', ' ')}: {count:,}", err=True)
