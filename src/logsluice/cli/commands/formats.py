"""List the log formats, or the fields of one."""

from __future__ import annotations

import sys

import click

EXAMPLES = """\b
Examples:
  logsluice formats
  logsluice formats alb
  logsluice formats alb --json
"""


@click.command("formats", epilog=EXAMPLES, short_help=__doc__)
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
def command(name: str | None, as_json: bool) -> int:
    """List the log formats, or the fields of one."""
    from logsluice.cli.messages import Misused
    from logsluice.components import UnknownComponent, find, names

    if name is None:
        about = {each: _headline(find("formats", each).__doc__) for each in names("formats")}
        rows = [{"format": each, "about": text} for each, text in about.items()]
        _print(rows, as_json)
        return 0
    try:
        module = find("formats", name)
    except UnknownComponent as error:
        raise Misused(str(error), "logsluice formats lists them") from None
    try:
        fields = module.build().fields
    except (TypeError, ValueError):  # it needs options to say which fields there are
        fields = ()
    rows = [
        {
            "field": field.name,
            "type": f"list of {field.kind}" if field.many else field.kind,
            "aws": field.aws,
            "ecs": field.ecs,
            "about": field.about,
        }
        for field in fields
    ]
    if not as_json:
        click.echo(f"{(module.__doc__ or '').strip()}\n")
    _print(rows, as_json)
    return 0


def _headline(docstring: str | None) -> str:
    return (docstring or "").strip().partition("\n")[0]


def _print(rows: list[dict[str, str]], as_json: bool) -> None:
    import orjson

    if as_json:
        sys.stdout.write(orjson.dumps(rows, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode())
        return
    if not rows:
        return
    used = [column for column in rows[0] if any(row[column] for row in rows)]
    widths = {column: max(len(column), *(len(row[column]) for row in rows)) for column in used}
    for row in ({column: column for column in used}, *rows):
        click.echo("  ".join(f"{row[column]:<{widths[column]}}" for column in used).rstrip())
