"""Run S3logsbeat's configurations, called as S3logsbeat is."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from logsluice.cli.beat_flags import BeatCommand, BeatFlags, beat_flags
from logsluice.cli.index_templates import cluster_option, templates_of

if TYPE_CHECKING:
    from logsluice.compat.s3logsbeat.translate import InputType
    from logsluice.config.load import Configuration
    from logsluice.hosts.daemon import Service

UNBOUNDED = 1_000_000
"""Tries of a message that is given back on purpose."""

REFUSED = {
    "keystore": "there is no keystore: put secrets into environment variables, and ${NAME} into the file",
    "export dashboard": "there are no dashboards",
    "export index-pattern": "there are no dashboards, so no index pattern of Kibana",
    "export ilm-policy": "make the policy in the cluster, and name its alias in output.elasticsearch.index",
    "modules": "S3logsbeat has no modules",
}

EXAMPLES = """\b
Examples:
  logsluice s3logsbeat -c s3logsbeat.yml -e -d '*'
  logsluice s3logsbeat -c s3logsbeat.yml --once -E output.elasticsearch.hosts=localhost:9200
  logsluice s3logsbeat test config -c s3logsbeat.yml
  logsluice s3logsbeat export config > logsluice.yaml
  logsluice s3logsbeat export template > s3logsbeat.template.json
"""


@dataclass(frozen=True, slots=True)
class _Called:
    """How the command was called; see its flags."""

    context: click.Context
    flags: BeatFlags
    once: bool
    keep: bool
    runs: str

    def configuration(self, *types: InputType) -> Configuration:
        return configuration_of(self.flags, types, keep=self.keep)


@click.command("s3logsbeat", cls=BeatCommand, epilog=EXAMPLES, short_help=__doc__)
@click.argument("words", nargs=-1, metavar="[COMMAND]")
@beat_flags
@click.option("--once", is_flag=True, help="End when the queues are empty.")
@click.option("--keepsqsmessages", is_flag=True, help="Leave the messages in the queues.")
@click.option("--template", is_flag=True, help="For `setup`, which installs the template without it too.")
@cluster_option
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    flags: BeatFlags,
    once: bool,
    keepsqsmessages: bool,
    template: bool,  # noqa: ARG001 - accepted
    runs: str,
) -> int:
    """Run S3logsbeat's configurations, called as S3logsbeat is.

    COMMAND is one of `run` (what it does without any), `s3imports`, `test config`, `test output`, `export config`,
    `export template`, `setup`, `version` and `help`.

    Inputs of type `sqs` are run; `s3imports` reads those of type `s3`. `test config` says what is wrong, `test output`
    also connects to the output, `export config` prints the configuration as ours, with variables where they were, and
    `export template` the index template of its output, which `setup` installs. What has no effect here is said, by
    name.
    """
    from logsluice.components import near

    verb = " ".join(words) or "run"
    for refused, why in REFUSED.items():
        if f"{verb} ".startswith(f"{refused} "):
            raise click.UsageError(f"{verb}: {why}", context)
    if verb not in VERBS:
        raise click.UsageError(f"there is no command {verb!r}{near(verb, VERBS)}: {', '.join(VERBS)}", context)
    return VERBS[verb](_Called(context, flags, once, keepsqsmessages, runs))


def configuration_of(flags: BeatFlags, types: Collection[InputType], *, keep: bool = False) -> Configuration:
    """The configuration with some types of inputs.

    Args:
        flags: Of the command.
        types: Of the inputs; without any as `logsluice run` takes it.
        keep: Whether messages are given back on purpose, which counts as no fault of theirs.

    Raises:
        ConfigError: What is wrong with it.
        UsageError: It can't be read, or has no such inputs.
    """
    from logsluice.compat.s3logsbeat.load import document_of_files
    from logsluice.config.load import check

    document = document_of_files(flags.files, os.environ, types, flags.settings)
    if keep:
        for pipeline in document.data["pipelines"]:
            pipeline["source"] |= {"isolate_after": UNBOUNDED, "quarantine_after": UNBOUNDED}
    return check(document, Path(flags.files[0]).parent)


def _run(called: _Called) -> int:
    from logsluice.cli.commands.run import run_configuration

    return run_configuration(
        called.configuration("sqs"),
        verbose=called.context.find_root().params["verbose"],
        changed=lambda service: _changed(service, called.once, called.keep),
    )


def _s3imports(called: _Called) -> int:
    from logsluice.cli.commands.s3imports import import_all

    return import_all(called.flags, verbose=called.context.find_root().params["verbose"])


def _changed(service: Service, once: bool, keep: bool) -> Service:
    """The service with the source that the flags ask for."""
    from logsluice.cli.draining import Draining, Keeping

    source = Keeping(service.source) if keep else service.source
    return replace(service, source=Draining(source) if once else source)


def _test_config(called: _Called) -> int:
    from logsluice.cli.messages import report
    from logsluice.config.check import check_configuration

    problems = check_configuration(called.configuration())
    for problem in problems:
        report(str(problem), label=problem.severity)
    if any(problem.severity == "error" for problem in problems):
        return 2
    click.echo("Config OK")
    return 0


def _test_output(called: _Called) -> int:
    click.echo(f"{_opened(called)}: OK")
    return 0


def _setup(called: _Called) -> int:
    click.echo(f"{_opened(called)}: what it needs is installed (there are no dashboards)")
    return 0


def _opened(called: _Called) -> str:
    """The names of the outputs, which were connected to and have installed their templates."""
    from logsluice.config.assemble import assemble

    service = assemble(called.configuration())[0]
    service.pipeline.open()
    service.pipeline.close()
    return ", ".join(sender.output.name for sender in service.pipeline.senders)


def _export_config(called: _Called) -> int:
    from logsluice.compat.s3logsbeat.convert import converted

    click.echo(converted(called.flags.files, os.environ, called.flags.settings), nl=False)
    return 0


def _export_template(called: _Called) -> int:
    import orjson

    from logsluice.cli.messages import Misused

    made = templates_of(called.configuration(), called.runs)
    if len(made) > 1:
        raise Misused(
            f"its index names need {len(made)} templates", "`logsluice templates` prints them, with their names"
        )
    (body,) = made.values()
    click.echo(orjson.dumps(body, option=orjson.OPT_INDENT_2).decode())
    return 0


def _version(_: _Called) -> int:
    from logsluice._version import __version__

    click.echo(f"logsluice {__version__}")
    return 0


def _help(called: _Called) -> int:
    click.echo(called.context.get_help())
    return 0


VERBS: dict[str, Callable[[_Called], int]] = {
    "run": _run,
    "s3imports": _s3imports,
    "test config": _test_config,
    "test output": _test_output,
    "export config": _export_config,
    "export template": _export_template,
    "setup": _setup,
    "version": _version,
    "help": _help,
}
