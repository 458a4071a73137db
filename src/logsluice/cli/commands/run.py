"""Run the pipelines of a configuration until told to stop."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from logsluice.cli.messages import report

if TYPE_CHECKING:
    from logsluice.config.load import Configuration
    from logsluice.config.model import HttpModel
    from logsluice.hosts.daemon import Service
    from logsluice.hosts.status import Status

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
    "keys_without_match",
    "crashes",
)
TOLD_OF_SOURCE = (
    "test_events",
    "ignored_events",
    "not_notifications",
    "malformed_records",
    "refused_objects",
    "unwanted_objects",
    "empty_objects",
    "quarantined",
)

EXAMPLES = """\b
Examples:
  logsluice run pipeline.yaml
  logsluice run --http 0.0.0.0:8686 --log-format json pipeline.yaml
  logsluice run /etc/logstash/conf.d
  logsluice run s3logsbeat.yml
  QUEUE=https://sqs.eu-central-1.amazonaws.com/123456789012/logs logsluice run examples/s3-sqs.yaml
  logsluice run -e 'pipelines: [{source: {type: files, paths: ["-"]}, outputs: [stdout]}]' < app.log
"""


@click.command("run", epilog=EXAMPLES, short_help=__doc__)
@click.argument("file", required=False, metavar="CONFIG")
@click.option("-e", "text", metavar="TEXT", help="The configuration itself instead of a file.")
@click.option("--http", "address", metavar="HOST:PORT", help="Serve /health/live, /health/ready and /metrics there.")
@click.option("--log-format", type=click.Choice(["auto", "json", "readable"]), help="Instead of the file's `log`.")
@click.option("-v", "--verbose", is_flag=True, help="Say more in the log.")
@click.option("--child", type=int, hidden=True, help="One of several processes: where to tell how it is.")
@click.pass_context
def command(
    context: click.Context,
    file: str | None,
    text: str | None,
    address: str | None,
    log_format: str | None,
    verbose: bool,
    child: int | None,
) -> int:
    """Run the pipelines of a configuration until told to stop.

    CONFIG is a YAML file, ours or S3logsbeat's, or what Logstash takes: a file, a folder, a pattern.

    SIGTERM or Ctrl-C stops receiving, finishes what is in hand within `shutdown_timeout` and exits with 0; a second one
    ends at once. Either way nothing that was acknowledged is lost. `logsluice health` tells from outside how it is.
    """
    from logsluice.config.load import load_file, load_text

    if (file is None) == (text is None):
        raise click.UsageError("give a CONFIG file, or -e TEXT")
    configuration = load_file(file) if file is not None else load_text(text or "")
    verbose = verbose or context.find_root().params["verbose"]
    if child is not None:
        _prepare(configuration, log_format, verbose)
        return _run_child(configuration, child)
    named = [file] if file is not None else ["-e", text or ""]
    return run_configuration(configuration, address, log_format, verbose, named)


def run_configuration(
    configuration: Configuration,
    address: str | None = None,
    log_format: str | None = None,
    verbose: bool = False,
    named: Sequence[str] = (),
    changed: Callable[[Service], Service] | None = None,
) -> int:
    """Run a configuration until told to stop.

    Args:
        configuration: What to run.
        address: Of health and metrics, instead of the configuration's.
        log_format: Instead of the configuration's.
        verbose: Whether to say more in the log.
        named: How `run` was told the configuration, for processes of their own.
        changed: What is run instead of each pipeline with its source.
    """
    format_ = _prepare(configuration, log_format, verbose)
    http = configuration.model.http if address is None else _address(address)
    if configuration.model.processes > 1:
        return _run_processes(configuration, http, ["run", "--log-format", format_, *["-v"] * verbose, *named])
    return _run_here(configuration, http, changed)


def _prepare(configuration: Configuration, log_format: str | None, verbose: bool) -> str:
    """Say what must not or need not be as it is, and set the log up; returns its format.

    Raises:
        ConfigError: Pipelines that may not run beside each other.
    """
    from logsluice.config.check import refusals
    from logsluice.errors import ConfigError
    from logsluice.telemetry.logs import configure

    if refused := list(refusals(configuration)):
        raise ConfigError(refused)
    for warning in configuration.document.warnings:
        report(str(warning), label=warning.severity)
    said = configuration.model.log
    format_ = log_format or said.format
    configure("debug" if verbose else said.level, readable=None if format_ == "auto" else format_ == "readable")
    return format_


def _run_here(
    configuration: Configuration, http: HttpModel | None, changed: Callable[[Service], Service] | None
) -> int:
    from logsluice.hosts.status_file import StatusFile

    def beside(status: Callable[[], Status], opened: ExitStack) -> Callable[[], None]:
        _serve(http, status, opened)
        return opened.enter_context(StatusFile(configuration.document.file, status)).tick

    return _run_pipelines(configuration, beside, changed)


def _run_child(configuration: Configuration, descriptor: int) -> int:
    from logsluice.hosts.processes import Reporter

    return _run_pipelines(configuration, lambda status, opened: opened.enter_context(Reporter(descriptor, status)).tick)


def _run_pipelines(
    configuration: Configuration,
    beside: Callable[[Callable[[], Status], ExitStack], Callable[[], None]],
    changed: Callable[[Service], Service] | None = None,
) -> int:
    """Run here; `beside` starts what tells others of it, and returns what is to be called often."""
    from logsluice.config.assemble import assemble
    from logsluice.hosts.daemon import Daemon
    from logsluice.telemetry import logs

    services = [service if changed is None else changed(service) for service in assemble(configuration)]
    report = Report(services)
    report.begin()
    ticks = [report.tick]

    def tick() -> None:
        for each in ticks:
            each()

    daemon = Daemon(services, shutdown_timeout=_shutdown_timeout(configuration), tick=tick)
    with ExitStack() as opened:
        ticks.append(beside(daemon.status, opened))
        daemon.run()
    logs.end()
    report.tell("done")
    return 0


def _run_processes(configuration: Configuration, http: HttpModel | None, arguments: Sequence[str]) -> int:
    from logsluice.hosts.processes import Processes
    from logsluice.hosts.status_file import StatusFile

    command = [sys.executable, "-P", "-m", "logsluice", *arguments]
    processes = Processes(command, configuration.model.processes, _shutdown_timeout(configuration))
    with ExitStack() as opened:
        _serve(http, processes.status, opened)
        file = opened.enter_context(StatusFile(configuration.document.file, processes.status))
        return processes.run(file.tick)


def _serve(http: HttpModel | None, status: Callable[[], Status], opened: ExitStack) -> None:
    if http is not None:
        import structlog

        from logsluice.hosts.health_server import HealthServer

        server = opened.enter_context(HealthServer(http.host, http.port, status))
        structlog.get_logger("run").info("serving health and metrics", address=f"http://{http.host}:{server.port}")


def _shutdown_timeout(configuration: Configuration) -> float:
    return max(pipeline.shutdown_timeout for pipeline in configuration.model.pipelines)


def _address(text: str) -> HttpModel:
    from logsluice.config.model import HttpModel

    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise click.BadParameter("write HOST:PORT, such as 127.0.0.1:8686", param_hint="--http")
    return HttpModel(host=host.strip("[]"), port=int(port))


class Report:
    """Says in the log where rejects go, and what was done: once a minute when there was anything, and at the end."""

    def __init__(self, services: Sequence[Service]) -> None:
        self._services = services
        self._told = 0
        self._due = time.monotonic() + REPORT_SECONDS

    def begin(self) -> None:
        """One line for each pipeline, and a warning where rejects could not be kept."""
        import structlog

        from logsluice.delivery.dead_letter import trouble_of

        log = structlog.get_logger("run")
        for service in self._services:
            place = service.pipeline.dead_letter.place
            log.info("starting", pipeline=service.pipeline.name, dead_letter=place)
            if trouble := trouble_of(place):
                log.warning("rejects could not be kept", pipeline=service.pipeline.name, reason=trouble)

    def tick(self) -> None:
        """Called often; speaks when it is time."""
        if time.monotonic() >= self._due:
            self._due += REPORT_SECONDS
            deliveries = sum(service.pipeline.counters.total("deliveries") for service in self._services)
            if deliveries > self._told:
                self._told = deliveries
                self.tell("so far")

    def tell(self, what: str) -> None:
        """One line for each pipeline."""
        import structlog

        log = structlog.get_logger("run")
        for service in self._services:
            log.info(what, pipeline=service.pipeline.name, **_told(service))


def _told(service: Service) -> dict[str, Any]:
    """What there was any of. A delivery that is parked for a while, or comes again, is not one more."""
    counters = service.pipeline.counters
    outcomes = counters.by_label("deliveries")
    counts = {name: counters.total(name) for name in TOLD}
    counts["deliveries"] -= outcomes.get("parked", 0) + outcomes.get("retry", 0)
    counts["given_back"] = outcomes.get("retry", 0)
    if (source := getattr(service.source, "counters", None)) is not None:
        counts |= {name: source.total(name) for name in TOLD_OF_SOURCE}
    told: dict[str, Any] = {name: count for name, count in counts.items() if count}
    return told | ({"dead_letter": service.pipeline.dead_letter.place} if counts["rejects"] else {})
