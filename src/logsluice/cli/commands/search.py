"""Find, count and draw events in the store, in Lucene syntax."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

EXAMPLES = """\b
Examples:
  logsluice search 'elb_status_code:>=500 AND NOT client_ip:10.0.0.0/8' --since 2h
  logsluice search 'user_agent:"python requests"' --sort target_processing_time:desc --size 20
  logsluice search '*' --count-by client_ip
  logsluice search 'elb_status_code:[500 TO 599]' --histogram 5m
  logsluice search 'eventName:Delete*' --json | jq .userIdentity.arn
"""


@click.command("search", epilog=EXAMPLES, short_help=__doc__)
@click.argument("query", default="*")
@click.option(
    "--store", default="store", show_default=True, type=click.Path(path_type=Path), help="The store's folder."
)
@click.option("--url", help="A cluster to search instead of a store.")
@click.option("--since", metavar="TIME", help="Events from then on: 2h, 2026-01-31, 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="TIME", help="Events before then.")
@click.option("--sort", metavar="FIELD[:desc]", default="@timestamp:desc", show_default=True, help="The order.")
@click.option("--size", default=100, show_default=True, type=click.IntRange(min=1), help="How many at the most.")
@click.option("--fields", metavar="A,B", default="", help="Only these fields.")
@click.option("--count-by", metavar="FIELD", help="The most frequent values of a field instead of events.")
@click.option("--histogram", metavar="INTERVAL", help="Events over time instead, in bars of 30s, 5m, 1h, 1d.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values with a header.")
def command(
    query: str,
    store: Path,
    url: str | None,
    since: str | None,
    until: str | None,
    sort: str,
    size: int,
    fields: str,
    count_by: str | None,
    histogram: str | None,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Find, count and draw events in the store, in Lucene syntax: the newest first, all when QUERY is left out.

    Words side by side must all match. field:value, field:>=500, field:[1 TO 5], "a phrase", wild*cards, AND, OR, NOT,
    brackets, _exists_:field; networks such as 10.0.0.0/8 for addresses; 2026-01-31 and now-2h for times.
    """
    from logsluice.cli.messages import Misused, report
    from logsluice.cli.render import escape
    from logsluice.cli.tables import OUTPUTS
    from logsluice.errors import QueryError
    from logsluice.store.query import StoreQuery

    if url is not None:
        raise Misused("search can't ask a cluster yet, only a store", "leave out --url, or name a folder by --store")
    if as_json and as_csv:
        raise Misused("--json and --csv exclude each other")
    now = datetime.now(UTC)
    start, end = _time("--since", since, now), _time("--until", until, now)
    if start is not None and end is not None and start >= end:
        raise Misused("--since is not before --until: no event can be found", "swap them")
    output = OUTPUTS["json" if as_json else "csv" if as_csv else "table"]
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    try:
        with StoreQuery(store, now) as asked:
            if histogram is not None:
                output.histogram(asked.histogram(query, _interval(histogram), count_by, start, end))
            elif count_by is not None:
                output.counts(count_by, asked.top_values(query, count_by, size, start, end))
            else:
                kept = wanted if as_json or as_csv or not wanted else ["@timestamp", *wanted]
                output.hits(asked.search(query, start, end, sort, size, kept), wanted)
    except QueryError as error:
        report(str(error))
        click.echo(f"  {escape(error.query)}\n  {' ' * len(escape(error.query[: error.position]))}^", err=True)
        return 2
    return 0


def _time(option: str, text: str | None, now: datetime) -> datetime | None:
    from logsluice.query.values import moment

    try:
        return None if text is None else moment(text, now)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=option) from None


def _interval(text: str) -> timedelta:
    from logsluice.config.types import parse_duration

    try:
        interval = timedelta(seconds=parse_duration(text))
    except (ValueError, OverflowError) as error:
        raise click.BadParameter(str(error), param_hint="--histogram") from None
    if not interval:
        raise click.BadParameter("it must be longer than nothing", param_hint="--histogram")
    return interval
