"""Standard logs of CloudFront, version 1 and, as text, version 2.

Fields as in AWS's "Standard logging reference". A `#Fields` line names the columns of the lines after it; without one
they are in version 1's order. Version 2 may have any choice of columns, parted by tabs or spaces, and further ones;
a column that is not known here becomes a keyword under its own name.

`@timestamp` is `date` and `time`, or version 2's `timestamp`. What clients sent is percent-encoded by CloudFront and
decoded here until nothing changes, as S3logsbeat does it. A status `000` (the client went away first) is 0.
`as_s3logsbeat: true` keeps the `-` of `cs_cookie`, `cs_referer` and others, which is otherwise no value, and takes a
`+` in what is percent-encoded for a space.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial

from logsluice.formats import s3logsbeat
from logsluice.formats.columns import (
    TIMESTAMP,
    Column,
    code,
    encoded,
    epoch_timestamp,
    integer,
    ip,
    keyword,
    number,
    our_name,
)
from logsluice.formats.positional import Positional
from logsluice.formats.table import Table, fields_of
from logsluice.formats.values import moment
from logsluice.model import Event, Format

V1 = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len "
    "sc-range-start sc-range-end"
)

_CMCD = (
    "encoded-bitrate buffer-length buffer-starvation content-id object-duration deadline measured-throughput "
    "next-object-request next-range-request object-type playback-rate requested-maximum-throughput streaming-format "
    "session-id stream-type startup top-bitrate version"
)

MORE: tuple[Column, ...] = (
    keyword("primary-distribution-id", about="Of the distribution in front of a staging distribution"),
    keyword(
        "primary-distribution-dns-name", about="Domain name of the distribution in front of a staging distribution"
    ),
    number("origin-fbl", about="Seconds until the origin's first byte"),
    number("origin-lbl", about="Seconds until the origin's last byte"),
    integer("asn", ecs="client.as.number", about="Number of the viewer's autonomous system"),
    *(
        encoded(f"cmcd-{name}", about=f"{name.replace('-', ' ').capitalize()}, as the player says")
        for name in _CMCD.split()
    ),
    keyword("r-host", about="Domain name of the origin that was asked"),
    keyword("sr-reason", about="Why the origin was selected"),
    keyword("x-edge-mqcs", about="Media quality confidence score, 0 to 100"),
    keyword("distribution-tenant-id", about="The distribution tenant's id"),
    keyword("connection-id", about="Names the viewer's TLS connection"),
    encoded("viewer-request-log-data", kind="text", about="Logged by a CloudFront function"),
    encoded("viewer-response-log-data", kind="text", about="Logged by a CloudFront function"),
)
"""What version 2 and real-time logs have in common, in the order of the latter.

`cmcd-…` (Common Media Client Data, CTA-5004) is what a player said of itself. Nobody checked it, so numbers stay text.
"""

COLUMNS: tuple[Column, ...] = (
    encoded("x-edge-location", about="Edge location: an airport's code and a number"),
    integer("sc-bytes", ecs="http.response.bytes", about="Size of the answer, headers included"),
    ip("c-ip", ecs="client.ip", about="The viewer's address, or that of the proxy before it"),
    keyword("cs-method", ecs="http.request.method", about="The request's method"),
    encoded("cs(Host)", about="The distribution's domain name"),
    encoded("cs-uri-stem", kind="text", ecs="url.path", about="Path of the request"),
    code("sc-status", ecs="http.response.status_code", about="Status of the answer"),
    encoded("cs(Referer)", kind="text", ecs="http.request.referrer", about="The Referer header"),
    encoded("cs(User-Agent)", kind="text", ecs="user_agent.original", about="The User-Agent header"),
    encoded("cs-uri-query", kind="text", ecs="url.query", about="Query of the request"),
    encoded("cs(Cookie)", kind="text", about="The Cookie header, where it is logged"),
    keyword("x-edge-result-type", about="Hit, RefreshHit, Miss, LimitExceeded, CapacityExceeded, Error or Redirect"),
    keyword("x-edge-request-id", ecs="http.request.id", about="Names the request"),
    keyword("x-host-header", ecs="url.domain", about="The host that the viewer asked for"),
    keyword("cs-protocol", ecs="url.scheme", about="http, https, ws or wss"),
    integer("cs-bytes", ecs="http.request.bytes", about="Size of the request, headers included"),
    number("time-taken", about="Seconds from receiving the request to sending the last byte"),
    keyword("x-forwarded-for", about="The X-Forwarded-For header"),
    keyword("ssl-protocol", ecs="tls.version", about="TLS version between viewer and CloudFront"),
    keyword("ssl-cipher", ecs="tls.cipher", about="Cipher between viewer and CloudFront"),
    keyword("x-edge-response-result-type", about="How the answer was classified just before it was sent"),
    keyword("cs-protocol-version", about="Such as HTTP/2.0"),
    keyword("fle-status", about="Whether field-level encryption succeeded"),
    keyword("fle-encrypted-fields", about="How many fields were encrypted"),
    integer("c-port", ecs="client.port", about="The viewer's port"),
    number("time-to-first-byte", about="Seconds"),
    keyword("x-edge-detailed-result-type", about="The result type with the kind of error"),
    encoded("sc-content-type", ecs="http.response.mime_type", about="The Content-Type header of the answer"),
    integer("sc-content-len", ecs="http.response.body.bytes", about="The Content-Length header of the answer"),
    integer("sc-range-start", about="First byte of a range that was asked for"),
    integer("sc-range-end", about="Last byte of a range that was asked for"),
    epoch_timestamp("timestamp"),
    epoch_timestamp("timestamp(ms)"),
    keyword("DistributionId", "distribution_id", about="The distribution's id"),
    keyword("c-country", ecs="client.geo.country_iso_code", about="The viewer's country by its address"),
    keyword("cache-behavior-path-pattern", about="Path pattern of the cache behavior that matched"),
    ip("s-ip", ecs="server.ip", about="Of the CloudFront server"),
    *MORE,
)
_BY_NAME = {our_name(column.aws): column for column in COLUMNS}
_WITH_DASHES = frozenset(
    {
        "x_edge_location",
        "cs_method",
        "cs_host",
        "cs_uri_stem",
        "cs_referer",
        "cs_user_agent",
        "cs_cookie",
        "x_edge_result_type",
        "x_edge_request_id",
        "x_host_header",
        "cs_protocol",
        "x_edge_response_result_type",
        "cs_protocol_version",
    }
)
"""Columns whose `-` is a value for S3logsbeat."""

_FIELDS_LINE = "#Fields:"
_V1_LINE = re.compile(rb"\d{4}-\d\d-\d\d\t\d\d:\d\d:\d\d\t")


@lru_cache(maxsize=4096)
def _moment(date: str, time: str) -> datetime:
    try:
        return moment(f"{date}T{time}")
    except ValueError as error:
        raise ValueError(f"columns date and time: '{date} {time}' is not a time") from error


def _finish(event: Event) -> None:
    """One time of the two columns, unless a column of version 2 gave it more precisely."""
    date, time = event.pop("date", None), event.pop("time", None)
    if TIMESTAMP not in event and date and time:
        event[TIMESTAMP] = _moment(date, time)


@lru_cache(maxsize=64)
def _table(names: tuple[str, ...], as_s3logsbeat: bool) -> Table:
    """The table for some columns: parted by tabs, or in a line without any tab by spaces."""
    columns = tuple(_BY_NAME.get(our_name(name)) or keyword(name) for name in names)
    if as_s3logsbeat:
        columns = s3logsbeat.as_s3logsbeat(columns, _WITH_DASHES)
    spaced = Table(columns, " ", quotes=False, at_least=min(len(names), 3), finish=_finish)

    def by_spaces(line: str) -> Table | None:
        return None if "\t" in line else spaced

    return replace(spaced, delimiter="\t", other=by_spaces)


def _header(line: str, as_s3logsbeat: bool) -> Table | bool:
    """`#Fields: date time …` names the columns, other lines with a `#` (`#Version: 1.0`) say nothing."""
    if not line.startswith(_FIELDS_LINE):
        return line.startswith("#")
    return _table(tuple(line.removeprefix(_FIELDS_LINE).split()), as_s3logsbeat)


def build(as_s3logsbeat: bool = False) -> Format:
    """The format.

    Args:
        as_s3logsbeat: Documents as S3logsbeat makes them.
    """
    header = partial(_header, as_s3logsbeat=as_s3logsbeat)
    return Positional("cloudfront", _table(tuple(V1.split()), as_s3logsbeat), header, fields_of(COLUMNS))


def recognise(name: str, head: bytes) -> float:  # noqa: ARG001 - its keys are named by the user
    """By its header line, or by a line in version 1's order."""
    if head.startswith((b"#Version: ", b"#Fields: date ", b"#Fields: timestamp")):
        return 1.0
    return 0.8 if _V1_LINE.match(head) else 0.0
