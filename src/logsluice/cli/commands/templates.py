"""Print the index templates of a configuration, for whoever may install them."""

from __future__ import annotations

import sys

import click

from logsluice.cli.index_templates import cluster_option, templates_of

EXAMPLES = """\b
Examples:
  logsluice templates pipeline.yaml
  logsluice templates --cluster elasticsearch pipeline.yaml
  logsluice templates pipeline.yaml logsluice-alb > logsluice-alb.json
"""


@click.command("templates", epilog=EXAMPLES, short_help=__doc__)
@click.argument("file", metavar="CONFIG")
@click.argument("name", required=False)
@cluster_option
def command(file: str, name: str | None, runs: str) -> int:
    """Print the index templates of a configuration, for whoever may install them.

    They are what an `opensearch` output installs by itself, unless it may not or has `manage_template: false`. All of
    them are printed as the console of OpenSearch Dashboards or Kibana takes them; with the NAME of one its body alone,
    as `PUT _index_template/NAME` takes it.
    """
    import orjson

    from logsluice.cli.messages import Misused
    from logsluice.components import near
    from logsluice.config.load import load_file

    made = templates_of(load_file(file), runs)
    if name is not None and name not in made:
        raise Misused(f"there is no template {name!r}{near(name, made)}", f"there are {', '.join(made)}")
    for each, body in made.items():
        text = orjson.dumps(body, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
        if name is None:
            sys.stdout.write(f"PUT _index_template/{each}\n{text}\n")
        elif name == each:
            sys.stdout.write(text)
    return 0
