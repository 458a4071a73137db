"""Print the tables of an archive in S3, for Athena or Trino."""

from __future__ import annotations

import click

EXAMPLES = """\b
Examples:
  logsluice archive ddl s3://log-archive/alb --format alb
  logsluice archive ddl s3://log-archive/all --format alb --format cloudtrail --since 2025-01-01
  logsluice archive ddl s3://log-archive/all --format alb --engine trino
"""


@click.group("archive", epilog=EXAMPLES, short_help=__doc__)
def command() -> None:
    """What belongs to an archive in S3: the tables by which other programs read it.

    A pipeline's `archive` output writes it; `search --store s3://…`, `ship` and `backfill` read it.
    """


@command.command("ddl", epilog=EXAMPLES)
@click.argument("place", metavar="S3://BUCKET/PREFIX")
@click.option("--format", "names", multiple=True, required=True, help="A format whose events are there; repeatable.")
@click.option("--engine", default="athena", show_default=True, type=click.Choice(["athena", "trino"]), help="For whom.")
@click.option("--since", default="2020-01-01", show_default=True, metavar="DAY", help="The first day, for Athena.")
def ddl(place: str, names: tuple[str, ...], engine: str, since: str) -> int:
    """Print a CREATE TABLE statement for each format."""
    from datetime import date

    from logsluice.archive import Place
    from logsluice.archive.ddl import tables
    from logsluice.components import UnknownComponent
    from logsluice.formats import load

    try:
        first = date.fromisoformat(since).isoformat()
    except ValueError:
        raise click.BadParameter("must be a day, such as 2026-01-31", param_hint="--since") from None
    try:
        click.echo(tables(Place.of(place), [load(name) for name in names], engine, first), nl=False)
    except UnknownComponent as error:
        raise click.BadParameter(str(error), param_hint="--format") from None
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="S3://BUCKET/PREFIX") from None
    return 0
