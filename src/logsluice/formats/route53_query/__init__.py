"""Public DNS query logs of Amazon Route 53: one line for each query that a resolver sent to a public hosted zone.

Fields as in "Public DNS query logging" of the Amazon Route 53 Developer Guide, which describes them in words; the names
are ours. Route 53 writes these lines to CloudWatch Logs, never to S3 itself. An export from there to S3 puts the log
event's own time before each line: it becomes `log_time`.
"""

from __future__ import annotations

from dataclasses import replace

from logsluice.formats.columns import ip, keyword, time
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.table import Table

_BEFORE = time("log event timestamp", "log_time", about="Of the log event, in lines that CloudWatch Logs exported")
_LINE = Table(
    (
        keyword("log format version", "version", about="Version of the log's format"),
        time("query timestamp", "@timestamp", ecs="@timestamp", about="When Route 53 answered"),
        keyword("hosted zone ID", "hosted_zone_id", about="The hosted zone"),
        keyword("query name", "query_name", ecs="dns.question.name", about="The name that was asked for"),
        keyword("query type", "query_type", ecs="dns.question.type", about="The type of the record, or ANY"),
        keyword("response code", "response_code", ecs="dns.response_code", about="NOERROR, NXDOMAIN, SERVFAIL …"),
        keyword("layer 4 protocol", "protocol", ecs="network.transport", about="UDP or TCP"),
        keyword("Route 53 edge location", "edge_location", about="An airport's code and a number"),
        ip("resolver IP address", "resolver_ip", ecs="source.ip", about="Of the DNS resolver that asked"),
        keyword("EDNS client subnet", "edns_client_subnet", about="Part of the client's address, as the resolver told"),
    ),
    quotes=False,
    at_least=10,
)
_EXPORTED = replace(_LINE, columns=(_BEFORE, *_LINE.columns), at_least=11)


def _exported(line: str) -> Table | None:
    """The table of a line that begins with a date, where others begin with a version such as 1.0."""
    return _EXPORTED if line[:4].isdigit() else None


TABLE = replace(_LINE, other=_exported)

build = positional("route53_query", TABLE, also=_BEFORE.fields)
recognise = recogniser(
    path=r"route53",
    line=rb"(?:\d{4}-\S+Z )?\d\.\d \d{4}-\d\d-\d\dT\S+Z Z[0-9A-Z]+ \S+ \S+ \S+ (?:UDP|TCP) [A-Z]{3}\S* [0-9A-Fa-f.:]+ ",
)
