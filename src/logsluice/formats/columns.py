"""The kinds of column that positional formats are made of.

A column knows its fields and how a token becomes their values, twice: `read` does it step by step for the exact parser,
`source` writes the same as Python for the generated loop. Where the short form written by `source` does not hold, it
calls `read`, so the two can't drift apart (a property test compares them).

Formats use the functions at the end: `text`, `keyword`, `ip`, `integer`, `number`, `time`, `host_port`, `request` …
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from logsluice.formats.fields import Field, Kind
from logsluice.formats.values import (
    MILLISECONDS_FROM,
    Memo,
    form_decoded,
    fully_decoded,
    fully_form_decoded,
    in_utc,
    integers,
    moment,
    moment_of_clf,
    moment_of_epoch,
    percent_decoded,
    quoted_words,
    real,
    whole,
    words,
)
from logsluice.model import Event

TIMESTAMP = "@timestamp"
DASH = ("-",)
DASH_OR_MINUS_ONE = ("-", "-1")

_PROTOCOL = re.compile(r"[A-Za-z]+/[\d.]+")
_THREE_WORDS = re.compile(r"([^ ]*) ([^ ]*) (- |[^ ]*)")


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of one field.

    Attributes:
        aws: AWS's name of the column, as in its documentation or in a header line.
        fields: What it gives.
        absent: The tokens that mean that there is no value; an empty token always does.
        convert: Token to value; raises ValueError. None keeps the token.
    """

    aws: str
    fields: tuple[Field, ...]
    absent: tuple[str, ...] = DASH
    convert: Callable[[str], Any] | None = None

    def read(self, token: str, event: Event) -> None:
        """Put the column's values into an event. Raises ValueError for a token that can't be of this column."""
        if token and token not in self.absent:
            event[self.fields[0].name] = token if self.convert is None else self.convert(token)

    def source(self, token: str, column: str) -> Sequence[str]:
        """The same as Python statements.

        Args:
            token: The variable that holds the token; `event` is the event.
            column: The name under which the loop finds this column; `<column>_convert` is its `convert`.
        """
        value = token if self.convert is None else f"{column}_convert({token})"
        return [f"{self._present(token)}: event[{self.fields[0].name!r}] = {value}"]

    def _present(self, token: str) -> str:
        # an empty token is no number and no time, so converting it hands the line on to the exact parser anyway
        fails = self.convert is not None and self.fields[0].kind in ("integer", "float", "time")
        return "if " + " and ".join([f"{token} != {absent!r}" for absent in self.absent] + [token] * (not fails))


class _Repeated(Column):
    """Numbers of which a log has few different ones: `convert` is a `Memo`."""

    __slots__ = ()

    def source(self, token: str, column: str) -> Sequence[str]:
        return [f"{self._present(token)}: event[{self.fields[0].name!r}] = {column}_convert[{token}]"]


class _Time(Column):
    __slots__ = ()

    def source(self, token: str, column: str) -> Sequence[str]:  # noqa: ARG002 - one form for all
        name = self.fields[0].name
        return [
            f"{self._present(token)}:",
            f"    event[{name!r}] = moment = fromisoformat({token})",
            f"    if moment.tzinfo is not UTC: event[{name!r}] = in_utc(moment)",
        ]


class _PercentEncoded(Column):
    __slots__ = ()

    def source(self, token: str, column: str) -> Sequence[str]:
        name = self.fields[0].name
        return [
            f"{self._present(token)}:",
            *(f"    {statement}" for statement in _decode(token, column, self.convert)),
            f"    event[{name!r}] = {token}",
        ]


def _decode(token: str, column: str, convert: Callable[[str], Any] | None) -> list[str]:
    """Statements that percent-decode a variable; most escapes in real logs are `%20`, and `str.replace` is fast."""
    if convert in (form_decoded, fully_form_decoded):
        return [f"if '%' in {token} or '+' in {token}: {token} = {column}_convert({token})"]
    return [
        f"if '%' in {token}:",
        f"    spaced = {token}.replace('%20', ' ')",
        f"    {token} = {column}_convert({token}) if '%' in spaced else spaced",
    ]


class _Epoch(Column):
    """Seconds or milliseconds, kept as whole seconds; when it has a second field, that is the time of the event."""

    __slots__ = ()

    def read(self, token: str, event: Event) -> None:
        if token and token not in self.absent:
            value = int(token)
            when = moment_of_epoch(value)
            for field in self.fields:
                event[field.name] = int(when.timestamp()) if field.kind == "integer" else when

    def source(self, token: str, column: str) -> Sequence[str]:
        lines = [f"{self._present(token)}:", f"    value = int({token})"]
        lines.append(f"    if not 0 <= value < {MILLISECONDS_FROM}: {column}.read({token}, event)")
        values = {field.name: "value" if field.kind == "integer" else "moment_of_epoch(value)" for field in self.fields}
        return [*lines, "    else: " + "; ".join(f"event[{name!r}] = {value}" for name, value in values.items())]


class _HostPort(Column):
    """`192.0.2.1:443`, `[2001:db8::1]:443`, or the same without brackets."""

    __slots__ = ()

    def read(self, token: str, event: Event) -> None:
        if not token or token in self.absent:
            return
        host, colon, port = (token, "", "") if token[-1] == "]" else token.rpartition(":")
        if not colon:
            host = token
        if host[:1] == "[" and host[-1] == "]":
            host = host[1:-1]
        if host and host != "-":
            event[self.fields[0].name] = host
        if port and port != "-":
            event[self.fields[1].name] = int(port) if self.convert is None else self.convert(port)

    def source(self, token: str, column: str) -> Sequence[str]:
        host, port = (field.name for field in self.fields)
        return [
            f"{self._present(token)}:",
            f"    host, _, port = {token}.rpartition(':')",
            f"    if host and host != '-' and ']' not in {token}:",
            f"        event[{host!r}] = host",
            f"        event[{port!r}] = {'int(port)' if self.convert is None else f'{column}_convert[port]'}",
            f"    else: {column}.read({token}, event)",
        ]


class _Request(Column):
    """`GET http://host:80/path HTTP/1.1`: verb, URL (percent-decoded once), protocol. A URL may hold spaces.

    Where a dash is a value (nothing is `absent`), `- - - ` is three of them, the last with its space.
    """

    __slots__ = ()

    def read(self, token: str, event: Event) -> None:
        three = None if self.absent else _THREE_WORDS.fullmatch(token)
        if three:
            verb, url, protocol = three.groups()
        else:
            verb, _, rest = token.partition(" ")
            url, _, protocol = rest.rpartition(" ")
            if protocol not in ("", "-") and not _PROTOCOL.fullmatch(protocol):
                url, protocol = rest, ""
            url = url if url.strip(" -") else ""
        for field, value in zip(self.fields, (verb, url, protocol), strict=True):
            if value and value not in self.absent:
                event[field.name] = self.convert(value) if self.convert is not None and value is url else value

    def source(self, token: str, column: str) -> Sequence[str]:
        verb, url, protocol = (field.name for field in self.fields)
        decode = [f"    {each}" for each in _decode("url", column, self.convert)] if self.convert is not None else []
        return [
            f"parts = {token}.split(' ')",
            "verb, url, protocol = parts if len(parts) == 3 else NO_REQUEST",
            "if protocol in KNOWN_PROTOCOLS and verb and verb != '-' and url and url != '-':",
            *decode,
            f"    event[{verb!r}] = verb",
            f"    event[{url!r}] = url",
            f"    event[{protocol!r}] = protocol",
            f"else: {column}.read({token}, event)",
        ]


class _Listing(Column):
    __slots__ = ()

    def source(self, token: str, column: str) -> Sequence[str]:
        one = f"WHOLE[{token}]" if self.convert is integers else token
        return [
            f"{self._present(token)}:",
            f"    event[{self.fields[0].name!r}] = {column}_convert({token}) if ' ' in {token} else [{one}]",
        ]


HELPERS: dict[str, Any] = {
    "NO_REQUEST": ("", "", ""),
    "UTC": UTC,
    "WHOLE": Memo(whole),
    "fromisoformat": datetime.fromisoformat,
    "in_utc": in_utc,
    "moment_of_epoch": moment_of_epoch,
    "KNOWN_PROTOCOLS": frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2.0", "HTTP/3.0"}),
}
"""What the statements of `source` may call by name."""


# ------------------------------------------------------------------------------------------ what tables are written in


def our_name(aws: str) -> str:
    """AWS's name in snake case: `cs(User-Agent)` is `cs_user_agent`, `pkt-srcaddr` is `pkt_srcaddr`."""
    return re.sub(r"[^0-9A-Za-z]+", "_", aws).strip("_").lower()


def _field(aws: str, kind: Kind, name: str, ecs: str, about: str, many: bool = False) -> Field:
    name = name or our_name(aws)
    return Field(name, kind, aws="" if aws == name else aws, ecs=ecs, many=many, about=about)


def keyword(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """Text that is compared whole."""
    return Column(aws, (_field(aws, "keyword", name, ecs, about),))


def text(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """Text that is also searched by its words."""
    return Column(aws, (_field(aws, "text", name, ecs, about),))


def encoded(aws: str, name: str = "", *, kind: Kind = "keyword", ecs: str = "", about: str = "") -> Column:
    """Text that AWS percent-encodes, decoded until nothing changes."""
    return _PercentEncoded(aws, (_field(aws, kind, name, ecs, about),), convert=fully_decoded)


def ip(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """An address without a port."""
    return Column(aws, (_field(aws, "ip", name, ecs, about),))


def integer(aws: str, name: str = "", *, ecs: str = "", about: str = "", absent: tuple[str, ...] = DASH) -> Column:
    """A whole number; anything else makes the line unparsable."""
    return Column(aws, (_field(aws, "integer", name, ecs, about),), absent, int)


def code(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """A whole number of which there are few different ones: a status, a version, a protocol."""
    return _Repeated(aws, (_field(aws, "integer", name, ecs, about),), convert=Memo(whole))


def number(aws: str, name: str = "", *, ecs: str = "", about: str = "", absent: tuple[str, ...] = DASH) -> Column:
    """A number with a fraction; anything else makes the line unparsable."""
    return _Repeated(aws, (_field(aws, "float", name, ecs, about),), absent, Memo(real))


def duration(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """A number of seconds; -1 says that it could not be measured, which is no value."""
    return number(aws, name, ecs=ecs, about=about, absent=DASH_OR_MINUS_ONE)


def time(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """An ISO 8601 time."""
    return _Time(aws, (_field(aws, "time", name, ecs, about),), convert=moment)


def clf_time(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """A time of the Common Log Format, in brackets in the log."""
    return Column(aws, (_field(aws, "time", name, ecs, about),), convert=moment_of_clf)


def epoch(aws: str, name: str = "", *, timestamp: bool = False, ecs: str = "", about: str = "") -> Column:
    """Seconds or milliseconds since 1970, kept as whole seconds. With `timestamp` also the time of the event."""
    field = _field(aws, "integer", name, ecs, about)
    return _Epoch(
        aws,
        (field, Field(TIMESTAMP, "time", aws=aws, ecs=TIMESTAMP, about="The time of the event"))
        if timestamp
        else (field,),
    )


def epoch_timestamp(aws: str) -> Column:
    """Seconds or milliseconds since 1970: the time of the event and nothing besides."""
    return _Epoch(aws, (Field(TIMESTAMP, "time", aws=aws, ecs=TIMESTAMP, about="The time of the event"),))


def host_port(aws: str, name: str, *, ecs: str = "", about: str = "", few_ports: bool = False) -> Column:
    """An address and a port: gives `<name>_ip` and `<name>_port`; `ecs` is their common prefix.

    `few_ports`: of services, not of clients.
    """
    address = Field(f"{name}_ip", "ip", aws=aws, ecs=f"{ecs}.ip" if ecs else "", about=about)
    port = Field(f"{name}_port", "integer", aws=aws, ecs=f"{ecs}.port" if ecs else "", about="The port of that address")
    return _HostPort(aws, (address, port), convert=Memo(whole) if few_ports else None)


def request(aws: str = "request", *, decode: bool = True) -> Column:
    """A request line: gives `request_verb`, `request_url` (percent-decoded once) and `request_proto`."""
    fields = (
        Field("request_verb", "keyword", aws=aws, ecs="http.request.method", about="The request's method"),
        Field("request_url", "text", aws=aws, ecs="url.original", about="The request's URL"),
        Field("request_proto", "keyword", aws=aws, about="Such as HTTP/1.1"),
    )
    return _Request(aws, fields, convert=percent_decoded if decode else None)


def listing(aws: str, name: str = "", *, kind: Kind = "keyword", ecs: str = "", about: str = "") -> Column:
    """Several values in one column, parted by spaces."""
    field = _field(aws, kind, name, ecs, about, many=True)
    return _Listing(aws, (field,), convert=integers if kind == "integer" else words)


def quoted_listing(aws: str, name: str = "", *, ecs: str = "", about: str = "") -> Column:
    """Several values in one column, each in quotes, parted by commas."""
    return Column(aws, (_field(aws, "keyword", name, ecs, about, many=True),), convert=quoted_words)
