"""Run the pipelines of a configuration until told to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from logsluice.pipeline import Pipeline

REPORT_SECONDS = 60.0
TOLD = (
    "deliveries",
    "payloads",
    "events",
    "events_sent",
    "duplicates",
    "unrouted",
    "filtered_out",
    "rejects",
    "crashes",
)

EXAMPLES = """\b
Examples:
  logsluice run pipeline.yaml
  QUEUE=https://sqs.eu-central-1.amazonaws.com/123456789012/logs logsluice run examples/s3-sqs.yaml
  logsluice run -e 'pipelines: [{source: {type: files, paths: ["-"]}, outputs: [stdout]}]' < app.log
"""


@click.command("run", epilog=EXAMPLES, short_help=__doc__)
@click.argument("file", required=False, metavar="CONFIG")
@click.option("-e", "text", metavar="TEXT", help="The configuration itself instead of a file.")
def command(file: str | None, text: str | None) -> int:
    """Run the pipelines of a configuration until told to stop.

    SIGTERM or Ctrl-C stops receiving, finishes what is in hand within `shutdown_timeout` and exits with 0; a second one
    ends at once. Either way nothing that was acknowledged is lost.
    """
    from logsluice.config.assemble import assemble
    from logsluice.config.check import refusals
    from logsluice.config.load import load_file, load_text
    from logsluice.errors import ConfigError
    from logsluice.hosts.daemon import Daemon

    if (file is None) == (text is None):
        raise click.UsageError("give a CONFIG file, or -e TEXT")
    configuration = load_file(file) if file is not None else load_text(text or "")
    if refused := list(refusals(configuration)):
        raise ConfigError(refused)
    services = assemble(configuration)
    timeout = max(pipeline.shutdown_timeout for pipeline in configuration.model.pipelines)
    report = Report([service.pipeline for service in services])
    Daemon(services, shutdown_timeout=timeout, tick=report.tick).run()
    report.tell("done")
    return 0


class Report:
    """Says in the log what was done, once a minute when there was anything, and at the end."""

    def __init__(self, pipelines: Sequence[Pipeline]) -> None:
        self._pipelines = pipelines
        self._told = 0
        self._due = time.monotonic() + REPORT_SECONDS

    def tick(self) -> None:
        """Called often; speaks when it is time."""
        if time.monotonic() >= self._due:
            self._due += REPORT_SECONDS
            deliveries = sum(pipeline.counters.total("deliveries") for pipeline in self._pipelines)
            if deliveries > self._told:
                self._told = deliveries
                self.tell("so far")

    def tell(self, what: str) -> None:
        """One line for each pipeline."""
        import structlog

        log = structlog.get_logger("run")
        for pipeline in self._pipelines:
            counts = {name: pipeline.counters.total(name) for name in TOLD}
            log.info(what, pipeline=pipeline.name, **{name: count for name, count in counts.items() if count})
