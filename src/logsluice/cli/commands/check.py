"""Say everything that is wrong with configurations, before they are run."""

from __future__ import annotations

import sys

import click

from logsluice.cli.messages import printable, report

EXAMPLES = """\b
Examples:
  logsluice check pipeline.yaml
  logsluice check --live pipeline.yaml
  logsluice check --json config/*.yaml
  logsluice check /etc/logstash /etc/logstash/conf.d
"""


@click.command("check", epilog=EXAMPLES, short_help=__doc__)
@click.argument("files", nargs=-1, required=True, metavar="CONFIG...")
@click.option(
    "--live", is_flag=True, help="Also ask the services named in it, by a few cheap calls that change nothing."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document: a list of problems.")
def command(files: tuple[str, ...], live: bool, as_json: bool) -> int:
    """Say everything that is wrong with configurations, before they are run.

    A configuration is a YAML file, ours or S3logsbeat's, or what Logstash takes: files, folders, patterns, a folder
    with pipelines.yml. Each problem names its file, its line, the option and, where one is near, the name that was
    probably meant. Nothing is connected to, unless --live is given. Exit code 0 when all can be used (there may be
    warnings), 2 when not.
    """
    import orjson

    from logsluice.config.check import check_file

    found = {file: check_file(file, live=live) for file in files}
    problems = [problem for file in files for problem in found[file]]
    if as_json:
        fields = ("severity", "file", "line", "option", "message")
        said = [{name: getattr(problem, name) for name in fields} for problem in problems]
        sys.stdout.write(orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    else:
        for problem in problems:
            report(str(problem), label=problem.severity)
        for file in files:
            if all(problem.severity != "error" for problem in found[file]):
                click.echo(f"{printable(file)}: ok")
    return 2 if any(problem.severity == "error" for problem in problems) else 0
