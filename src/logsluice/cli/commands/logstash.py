"""Run Logstash's configurations, called as Logstash is."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from logsluice._version import __version__

if TYPE_CHECKING:
    from logsluice.config.load import Configuration

EXAMPLES = """\b
Examples:
  logsluice logstash -f /etc/logstash/conf.d
  logsluice logstash --path.settings /etc/logstash -w 4
  logsluice logstash -t -f 'pipeline/*.conf'
  logsluice logstash -e 'input { stdin { } } output { stdout { codec => rubydebug } }'
"""

VALUES = {
    "path.config": ("-f", "Files, a folder or a pattern; joined in the order of their names."),
    "config.string": ("-e", "The configuration itself. Standard input and output where it names none."),
    "path.data": ("", "Where positions and dead letters are kept."),
    "path.logs": ("-l", "Without effect: the log goes to standard error."),
    "path.plugins": ("-p", "Without effect: plugins are Python packages."),
    "pipeline.id": ("", "The name of the pipeline of -f or -e."),
    "pipeline.workers": ("-w", "Threads of each pipeline."),
    "pipeline.ordered": ("", "true: one worker, so that events stay in order."),
    "pipeline.batch.size": ("-b", "Without effect."),
    "pipeline.batch.delay": ("-u", "Without effect."),
    "pipeline.ecs_compatibility": ("", "disabled, v1 or v8: for filters that know it."),
    "api.enabled": ("", "Whether health and metrics are served."),
    "api.http.host": ("", "The address of health and metrics."),
    "api.http.port": ("", "The port of health and metrics; the first of a range."),
    "log.level": ("", "fatal, error, warn, info, debug or trace."),
    "log.format": ("", "plain or json."),
    "node.name": ("-n", "Without effect."),
    "config.reload.interval": ("", "Without effect."),
    "config.field_reference.escape_style": ("", "Without effect."),
}
"""Flags with a value: (short form, help)."""

SWITCHES = {
    "config.test_and_exit": ("-t", "Say what is wrong with the configuration, and run nothing."),
    "config.reload.automatic": ("-r", "Without effect: the configuration is read once."),
    "config.debug": ("", "Without effect."),
    "pipeline.unsafe_shutdown": ("", "Without effect: stopping takes 30 seconds at most."),
}
"""Flags without one."""


def _flags(command: Callable[..., Any]) -> Callable[..., Any]:
    """Put the flags on the command; `--http.host` is another name of `--api.http.host`."""
    for name, (short, help_) in reversed(VALUES.items()):
        multiple = name == "path.config"
        old = (f"--{name.removeprefix('api.')}",) if name.startswith("api.http.") else ()
        names = [*([short] if short else []), f"--{name}", *old]
        command = click.option(*names, _variable(name), metavar="VALUE", multiple=multiple, help=help_)(command)
    for name, (short, help_) in reversed(SWITCHES.items()):
        names = [*([short] if short else []), f"--{name}"]
        command = click.option(*names, _variable(name), is_flag=True, default=None, help=help_)(command)
    return command


def _variable(name: str) -> str:
    return name.replace(".", "_")


@click.command("logstash", epilog=EXAMPLES, short_help=__doc__)
@_flags
@click.option("--path.settings", "folder", metavar="FOLDER", help="The folder of logstash.yml and pipelines.yml.")
@click.version_option(__version__, "-V", "--version", prog_name="logsluice", message="%(prog)s %(version)s")
@click.pass_context
def command(context: click.Context, /, folder: str | None, **values: Any) -> int:
    """Run Logstash's configurations, called as Logstash is.

    Without -f and -e the pipelines are those of pipelines.yml. Settings come from the flags, else from the environment
    as Logstash's container has them (PIPELINE_WORKERS is pipeline.workers), else from logstash.yml. What has no effect
    here is said, by name.
    """
    from logsluice.cli.commands.run import run_configuration
    from logsluice.cli.messages import printable, report
    from logsluice.config.check import check_configuration

    configuration = _configuration(folder, values, os.environ)
    if values["config_test_and_exit"]:
        problems = check_configuration(configuration)
        for problem in problems:
            report(str(problem), label=problem.severity)
        if any(problem.severity == "error" for problem in problems):
            return 2
        click.echo(f"{printable(configuration.document.file)}: Configuration OK")
        return 0
    return run_configuration(configuration, verbose=context.find_root().params["verbose"])


def _configuration(folder: str | None, values: Mapping[str, Any], environ: Mapping[str, str]) -> Configuration:
    from pathlib import Path

    from logsluice.compat.logstash.load import document_of_settings
    from logsluice.compat.logstash.settings import Settings
    from logsluice.config.document import Document, Mark
    from logsluice.config.load import check

    paths: tuple[str, ...] = values["path_config"]
    document = Document(", ".join(paths) or folder or ("<text>" if values["config_string"] else "logstash"))
    flags = Settings()
    for name in (*VALUES, *SWITCHES):
        value = values[_variable(name)]
        if value not in (None, ()):
            flags.take(name, list(value) if isinstance(value, tuple) else value, Mark("command line"), document)
    return check(document_of_settings(flags, document, folder, environ), Path())
