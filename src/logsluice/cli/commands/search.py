"""Find, count and draw events in a store or a cluster, in Lucene syntax."""

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
  logsluice search 'client_ip:198.51.100.7' --store s3://log-archive/alb --since 2026-01-01
  logsluice search 'elb_status_code:502' --stats target_processing_time
  logsluice search --list-fields --url https://search.example.com/alb-*
"""


@click.command("search", epilog=EXAMPLES, short_help=__doc__)
@click.argument("query", default="*")
@click.option("--store", default="store", show_default=True, help="The store's folder, or an archive: s3://…")
@click.option("--url", help="A cluster to search instead: https://host/index or a pattern such as https://host/alb-*.")
@click.option("--ca-file", type=click.Path(path_type=Path), help="Authorities to trust for --url, in PEM form.")
@click.option("--since", metavar="TIME", help="Events from then on: 2h, 2026-01-31, 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="TIME", help="Events before then.")
@click.option("--sort", metavar="FIELD[:desc]", default="@timestamp:desc", show_default=True, help="The order.")
@click.option("--size", default=100, show_default=True, type=click.IntRange(min=1), help="How many at the most.")
@click.option("--fields", metavar="A,B", default="", help="Only these fields.")
@click.option("--count-by", metavar="FIELD", help="The most frequent values of a field instead of events.")
@click.option("--histogram", metavar="INTERVAL", help="Events over time instead, in bars of 30s, 5m, 1h, 1d.")
@click.option("--stats", metavar="FIELD", help="Least, greatest, mean, percentiles … of a field instead.")
@click.option("--list-fields", is_flag=True, help="The fields that a query can name, and how many events have them.")
@click.option("--id", "event_id", metavar="ID", help="The one event with this _id.")
@click.option("--after", metavar="PLACE", default="", help="The next page: what the page before ended with.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document a line.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values with a header.")
def command(
    query: str,
    store: str,
    url: str | None,
    ca_file: Path | None,
    since: str | None,
    until: str | None,
    sort: str,
    size: int,
    fields: str,
    count_by: str | None,
    histogram: str | None,
    stats: str | None,
    list_fields: bool,
    event_id: str | None,
    after: str,
    as_json: bool,
    as_csv: bool,
) -> int:
    """Find, count and draw events, in Lucene syntax: the newest first, all when QUERY is left out.

    Words side by side must all match. field:value, field:>=500, field:[1 TO 5], "a phrase", wild*cards, AND, OR, NOT,
    brackets, _exists_:field; networks such as 10.0.0.0/8 for addresses; 2026-01-31 and now-2h for times.

    A cluster is asked as the URL's user, else with LOGSLUICE_API_KEY, else as LOGSLUICE_USER with LOGSLUICE_PASSWORD;
    requests to hosts of amazonaws.com are signed with the AWS credentials found. An archive is read with those as well:
    AWS_PROFILE, AWS_REGION and AWS_ENDPOINT_URL_S3 say which, and where.
    """
    from logsluice.cli.messages import Misused, report
    from logsluice.cli.render import escape
    from logsluice.cli.tables import OUTPUTS
    from logsluice.errors import QueryError
    from logsluice.query.places import open_backend
    from logsluice.query.results import Found

    if url is not None and not url.startswith(("https://", "http://")):
        raise Misused(
            "--url is no URL of a cluster", "write it as https://host:9200/index, or name a folder by --store"
        )
    if sum(option is not None for option in (event_id, stats, count_by or histogram)) + list_fields > 1:
        raise Misused("--id, --stats, --list-fields and --count-by or --histogram exclude each other")
    if as_json and as_csv:
        raise Misused("--json and --csv exclude each other")
    now = datetime.now(UTC)
    start, end = _time("--since", since, now), _time("--until", until, now)
    if start is not None and end is not None and start >= end:
        raise Misused("--since is not before --until: no event can be found", "swap them")
    output = OUTPUTS["json" if as_json else "csv" if as_csv else "table"]
    wanted = [name.strip() for name in fields.split(",") if name.strip()]
    try:
        with open_backend(url or store, now, ca_file) as asked:
            if list_fields:
                output.fields(asked.fields())
            elif event_id is not None:
                hit = asked.get(event_id)
                output.hits(Found((hit,) if hit else (), int(hit is not None)), wanted)
                return 0 if hit else 1
            elif stats is not None:
                output.stats(stats, asked.stats(stats, query, start, end))
            elif histogram is not None:
                output.histogram(asked.histogram(query, _interval(histogram), count_by, start, end))
            elif count_by is not None:
                output.counts(count_by, asked.top_values(query, count_by, size, start, end))
            else:
                kept = wanted if as_json or as_csv or not wanted else ["@timestamp", *wanted]
                found = asked.search(query, start, end, sort, size, kept, after)
                output.hits(found, wanted)
                if found.after and found.total > size:
                    click.echo(f"the next page: --after {found.after}", err=True)
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
