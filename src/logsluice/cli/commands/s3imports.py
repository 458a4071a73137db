"""Bring what the inputs of type s3 of an S3logsbeat configuration name, and end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from logsluice.cli.beat_flags import BeatCommand, BeatFlags, beat_flags

if TYPE_CHECKING:
    from logsluice.cli.backfilling import Task
    from logsluice.cli.commands.backfill import Way
    from logsluice.compat.s3logsbeat.translate import InputType
    from logsluice.config.load import Configuration
    from logsluice.config.model import PipelineModel
    from logsluice.hosts.daemon import Service

EXAMPLES = """\b
Examples:
  logsluice s3imports -c config.yml
  logsluice s3imports -c config.yml -E output.elasticsearch.hosts=localhost:9200
"""


@click.command("s3imports", cls=BeatCommand, epilog=EXAMPLES, short_help=__doc__)
@beat_flags
@click.pass_context
def command(context: click.Context, flags: BeatFlags) -> int:
    """Bring what the inputs of type s3 of an S3logsbeat configuration name, and end.

    Inputs of type `sqs` are left alone. Events have the ids that live traffic gives them, so what is there adds
    nothing. Stopped or killed, the same command goes on where it was. Exit codes: 0 all is brought (rejects are in the
    dead letter), 1 it ended before the end, 130 it was stopped.
    """
    return import_all(flags, verbose=context.find_root().params["verbose"])


def import_all(flags: BeatFlags, *, verbose: bool) -> int:
    """Bring every bucket of every input of type s3; the value is the exit code."""
    from logsluice.cli.commands.backfill import bring
    from logsluice.cli.commands.s3logsbeat import configuration_of
    from logsluice.cli.messages import report
    from logsluice.config.assemble import assemble
    from logsluice.telemetry.logs import configure

    types: tuple[InputType, ...] = ("s3",)
    configuration = configuration_of(flags, types)
    for warning in configuration.document.warnings:
        report(str(warning), label=warning.severity)
    said = configuration.model.log
    configure("debug" if verbose else said.level, readable=None if said.format == "auto" else False)
    for model, service in zip(configuration.model.pipelines, assemble(configuration), strict=True):
        way, task = _import(configuration, model, service)
        if code := bring(way, task, title=model.name):
            return code
    return 0


def _import(configuration: Configuration, model: PipelineModel, service: Service) -> tuple[Way, Task]:
    """One bucket of an input: what its objects go through, and the listing, kept under the file and the input."""
    from pathlib import Path

    from logsluice.cli.backfilling import Task
    from logsluice.cli.commands.backfill import Way
    from logsluice.cli.shipping import ONCE_ONLY

    service.pipeline.policies = ONCE_ONLY
    target = f"{Path(configuration.document.file).resolve()}#{model.name}"
    listing = model.source.options
    asked = (target, str(listing.written_after), str(listing.written_before))
    kept_in = f"{model.dead_letter.rstrip('/')}/{model.name}"
    way = Way(service.pipeline, service.workers, {}, model.state, configuration.base, kept_in, target)
    return way, Task(listing, asked, model.state, configuration.base)
