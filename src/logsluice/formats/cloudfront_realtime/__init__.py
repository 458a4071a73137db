"""Real-time logs of CloudFront: one line a request, columns parted by tabs, delivered by Kinesis Data Streams.

Fields as in "Use real-time access logs" of the Amazon CloudFront Developer Guide. A line does not name its columns:
option `fields` gives those of the real-time log configuration, in the order in which CloudFront sends them
(`aws cloudfront get-realtime-log-config` lists them so). The default is every field, in AWS's order. A line with fewer
columns is refused, for its values would be taken for other fields.

What is not as in standard logs: `cs_host` is the host that the viewer asked for and `x_host_header` the distribution's
own, `cs_uri_stem` contains the query string, `timestamp` has milliseconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from logsluice.components import near
from logsluice.formats.cloudfront import MORE
from logsluice.formats.columns import TIMESTAMP, Column, code, encoded, integer, ip, keyword, number
from logsluice.formats.fields import Field
from logsluice.formats.positional import Positional
from logsluice.formats.table import Table, fields_of
from logsluice.formats.values import real
from logsluice.model import Format

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _moment(token: str) -> datetime:
    """Seconds since 1970 with a fraction: `1769601600.123`."""
    try:
        return _EPOCH + timedelta(seconds=real(token))
    except OverflowError as error:
        raise ValueError(f"{token} is no time") from error


COLUMNS: tuple[Column, ...] = (
    Column(
        "timestamp",
        (Field(TIMESTAMP, "time", aws="timestamp", ecs=TIMESTAMP, about="When the answer was sent"),),
        convert=_moment,
    ),
    ip("c-ip", ecs="client.ip", about="The viewer's address, or that of the proxy before it"),
    ip("s-ip", ecs="server.ip", about="Of the CloudFront server"),
    number("time-to-first-byte", about="Seconds"),
    code("sc-status", ecs="http.response.status_code", about="000 is 0: the viewer went away first"),
    integer("sc-bytes", ecs="http.response.bytes", about="Size of the answer, headers included"),
    keyword("cs-method", ecs="http.request.method", about="The request's method"),
    keyword("cs-protocol", ecs="url.scheme", about="http, https, ws or wss"),
    encoded("cs-host", ecs="url.domain", about="The host that the viewer asked for"),
    encoded("cs-uri-stem", kind="text", ecs="url.original", about="Path and query string"),
    integer("cs-bytes", ecs="http.request.bytes", about="Size of the request, headers included"),
    encoded("x-edge-location", about="Edge location: an airport's code and a number"),
    keyword("x-edge-request-id", ecs="http.request.id", about="Names the request"),
    keyword("x-host-header", about="The distribution's domain name"),
    number("time-taken", about="Seconds from receiving the request to sending the last byte"),
    keyword("cs-protocol-version", about="Such as HTTP/2.0"),
    keyword("c-ip-version", ecs="network.type", about="IPv4 or IPv6"),
    encoded("cs-user-agent", kind="text", ecs="user_agent.original", about="The User-Agent header"),
    encoded("cs-referer", kind="text", ecs="http.request.referrer", about="The Referer header"),
    encoded("cs-cookie", kind="text", about="The first 800 bytes"),
    encoded("cs-uri-query", kind="text", ecs="url.query", about="Query of the request"),
    keyword("x-edge-response-result-type", about="How the answer was classified just before it was sent"),
    keyword("x-forwarded-for", about="The X-Forwarded-For header"),
    keyword("ssl-protocol", ecs="tls.version", about="TLS version between viewer and CloudFront"),
    keyword("ssl-cipher", ecs="tls.cipher", about="Cipher between viewer and CloudFront"),
    keyword("x-edge-result-type", about="Hit, RefreshHit, OriginShieldHit, Miss, Error, Redirect …"),
    keyword("fle-encrypted-fields", about="How many fields were encrypted"),
    keyword("fle-status", about="Whether field-level encryption succeeded"),
    encoded("sc-content-type", ecs="http.response.mime_type", about="The Content-Type header of the answer"),
    integer("sc-content-len", ecs="http.response.body.bytes", about="The Content-Length header of the answer"),
    integer("sc-range-start", about="First byte of a range that was asked for"),
    integer("sc-range-end", about="Last byte of a range that was asked for"),
    integer("c-port", ecs="client.port", about="The viewer's port"),
    keyword("x-edge-detailed-result-type", about="The result type with the kind of error"),
    keyword("c-country", ecs="client.geo.country_iso_code", about="The viewer's country by its address"),
    encoded("cs-accept-encoding", about="The Accept-Encoding header"),
    encoded("cs-accept", about="The Accept header"),
    encoded("cache-behavior-path-pattern", about="Path pattern of the cache behavior that matched"),
    encoded("cs-headers", kind="text", about="Names and values, the first 800 bytes"),
    encoded("cs-header-names", kind="text", about="The first 800 bytes"),
    integer("cs-headers-count", about="How many headers the request has"),
    *MORE,
)
"""In AWS's order."""

_BY_NAME = {column.aws: column for column in COLUMNS}
_LINE = re.compile(rb"\d{10}(?:\.\d{1,6})?\t[0-9A-Fa-f.:]+\t[0-9A-Fa-f.:-]+\t[\d.-]+\t(?:\d{3}|-)\t")


def build(fields: str | Sequence[str] | None = None) -> Format:
    """The format.

    Args:
        fields: The columns in the order in which CloudFront sends them, as a list or as text with spaces or commas
            between the names; the default is every field in AWS's order.

    Raises:
        ValueError: A name that AWS does not have.
        TypeError: Neither text nor a list of names.
    """
    columns = COLUMNS if fields is None else tuple(_BY_NAME[name] for name in _order(fields))
    table = Table(columns, "\t", quotes=False, at_least=len(columns))
    return Positional("cloudfront_realtime", table, fields=fields_of(COLUMNS))


def _order(fields: object) -> tuple[str, ...]:
    if isinstance(fields, str):
        fields = re.split(r"[\s,]+", fields.strip(" ,"))
    if not isinstance(fields, list | tuple) or not fields or not all(isinstance(name, str) for name in fields):
        raise TypeError("`fields` must be the order of the columns: text such as 'timestamp c-ip sc-status', or names")
    for name in fields:
        if name not in _BY_NAME:
            raise ValueError(f"`fields` names {name!r}, which is no field of cloudfront_realtime{near(name, _BY_NAME)}")
    return tuple(fields)


def recognise(name: str, head: bytes) -> float:  # noqa: ARG001 - its keys are named by the user
    """By a first line with every field; a choice of fields can't be known without being told."""
    line = head.partition(b"\n")[0]
    return 0.85 if _LINE.match(line) and line.count(b"\t") == len(COLUMNS) - 1 else 0.0
