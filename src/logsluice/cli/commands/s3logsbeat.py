"""Run S3logsbeat's configurations, called as S3logsbeat is."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from logsluice.cli.index_templates import cluster_option, templates_of

if TYPE_CHECKING:
    from logsluice.compat.s3logsbeat.translate import InputType
    from logsluice.config.load import Configuration
    from logsluice.hosts.daemon import Service

DEFAULT_FILE = "s3logsbeat.yml"
VERBS = ("run", "test config", "test output", "export config", "export template")
UNBOUNDED = 1_000_000
"""Tries of a message that is given back on purpose."""

EXAMPLES = """\b
Examples:
  logsluice s3logsbeat -c s3logsbeat.yml -e -d '*'
  logsluice s3logsbeat -c s3logsbeat.yml --once -E output.elasticsearch.hosts=localhost:9200
  logsluice s3logsbeat test config -c s3logsbeat.yml
  logsluice s3logsbeat export config > logsluice.yaml
  logsluice s3logsbeat export template > s3logsbeat.template.json
"""


@click.command("s3logsbeat", epilog=EXAMPLES, short_help=__doc__)
@click.argument("words", nargs=-1, metavar="[run|test config|test output|export config|export template]")
@click.option("-c", "file", default=DEFAULT_FILE, show_default=True, metavar="FILE", help="The configuration.")
@click.option("-E", "settings", multiple=True, metavar="KEY=VALUE", help="Over what is written in it; may be repeated.")
@click.option("-e", "to_stderr", is_flag=True, help="Without effect: the log goes to standard error.")
@click.option("-d", "selectors", metavar="SELECTORS", help="Say more in the log, whatever the selectors.")
@click.option("--once", is_flag=True, help="End when the queues are empty.")
@click.option("--keepsqsmessages", is_flag=True, help="Leave the messages in the queues.")
@cluster_option
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    file: str,
    settings: tuple[str, ...],
    to_stderr: bool,  # noqa: ARG001 - accepted
    selectors: str | None,
    once: bool,
    keepsqsmessages: bool,
    runs: str,
) -> int:
    """Run S3logsbeat's configurations, called as S3logsbeat is.

    Inputs of type `sqs` are run; `logsluice s3imports` reads those of type `s3`. `test config` says what is wrong,
    `test output` also connects to the output, `export config` prints the configuration as ours, with variables where
    they were, and `export template` the index template of its output. What has no effect here is said, by name.
    """
    from logsluice.cli.commands.run import run_configuration

    verb = " ".join(words) or "run"
    if verb not in VERBS:
        raise click.UsageError(f"there is no {verb!r}; give one of {', '.join(VERBS)}")
    if verb == "export config":
        from logsluice.compat.s3logsbeat.convert import converted

        click.echo(converted(file, os.environ, settings), nl=False)
        return 0
    types: tuple[InputType, ...] = ("sqs",) if verb == "run" else ()
    configuration = configuration_of(file, settings, types, keep=keepsqsmessages)
    if verb == "export template":
        return _export_template(configuration, runs)
    if verb != "run":
        return _ANSWERS[verb](configuration)
    verbose = selectors is not None or context.find_root().params["verbose"]
    return run_configuration(
        configuration, verbose=verbose, changed=lambda service: _changed(service, once, keepsqsmessages)
    )


def configuration_of(
    file: str, settings: Sequence[str], types: Collection[InputType], *, keep: bool = False
) -> Configuration:
    """The file with some types of inputs.

    Args:
        file: Its path.
        settings: Those of `-E`.
        types: Of the inputs; without any as `logsluice run` takes it.
        keep: Whether messages are given back on purpose, which counts as no fault of theirs.

    Raises:
        ConfigError: What is wrong with it.
        UsageError: It can't be read, or has no such inputs.
    """
    from logsluice.compat.s3logsbeat.load import document_of_file
    from logsluice.config.load import check

    document = document_of_file(file, os.environ, types, settings)
    if keep:
        for pipeline in document.data["pipelines"]:
            pipeline["source"] |= {"isolate_after": UNBOUNDED, "quarantine_after": UNBOUNDED}
    return check(document, Path(file).parent)


def _changed(service: Service, once: bool, keep: bool) -> Service:
    """The service with the source that the flags ask for."""
    from logsluice.cli.draining import Draining, Keeping

    source = Keeping(service.source) if keep else service.source
    return replace(service, source=Draining(source) if once else source)


def _test_config(configuration: Configuration) -> int:
    from logsluice.cli.messages import report
    from logsluice.config.check import check_configuration

    problems = check_configuration(configuration)
    for problem in problems:
        report(str(problem), label=problem.severity)
    if any(problem.severity == "error" for problem in problems):
        return 2
    click.echo("Config OK")
    return 0


def _test_output(configuration: Configuration) -> int:
    from logsluice.config.assemble import assemble

    service = assemble(configuration)[0]
    service.pipeline.open()
    service.pipeline.close()
    names = ", ".join(sender.output.name for sender in service.pipeline.senders)
    click.echo(f"{names}: OK")
    return 0


def _export_template(configuration: Configuration, runs: str) -> int:
    import orjson

    from logsluice.cli.messages import Misused

    made = templates_of(configuration, runs)
    if len(made) > 1:
        raise Misused(
            f"its index names need {len(made)} templates", "`logsluice templates` prints them, with their names"
        )
    (body,) = made.values()
    click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    return 0


_ANSWERS: dict[str, Callable[[Configuration], int]] = {
    "test config": _test_config,
    "test output": _test_output,
}
