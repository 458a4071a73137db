"""Print the JSON Schema of configurations, for editors."""

from __future__ import annotations

import sys

import click

EXAMPLES = """\b
Examples:
  logsluice schema > logsluice.schema.json

\b
The first line of a configuration then tells the editor where it is:
  # yaml-language-server: $schema=logsluice.schema.json
"""


@click.command("schema", epilog=EXAMPLES, short_help=__doc__)
def command() -> int:
    """Print the JSON Schema of configurations, for editors.

    It knows every source, format, filter and output that is installed. An editor that reads it completes names, shows
    what options mean and underlines what is wrong; `logsluice check` is still the one that knows all.
    """
    import orjson

    from logsluice.config.schema import schema

    sys.stdout.write(orjson.dumps(schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
    return 0
