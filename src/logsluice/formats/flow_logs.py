"""What VPC and transit gateway flow logs have in common: a header line, or the configuration, names the columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from logsluice.components import near
from logsluice.formats.columns import Column, code, epoch, integer, ip, keyword
from logsluice.formats.positional import Positional
from logsluice.formats.table import Table, fields_of

if TYPE_CHECKING:
    from logsluice.model import Format

_NAME = re.compile(r"[a-z][a-z0-9-]*")

COMMON: tuple[Column, ...] = (
    code("version", about="Of the flow log's format"),
    keyword("account-id", ecs="cloud.account.id", about="Owner of the network interface or transit gateway"),
    ip("srcaddr", ecs="source.ip", about="Address of the sender"),
    ip("dstaddr", ecs="destination.ip", about="Address of the receiver"),
    integer("srcport", ecs="source.port", about="Port of the sender"),
    integer("dstport", ecs="destination.port", about="Port of the receiver"),
    code("protocol", ecs="network.iana_number", about="IANA protocol number"),
    integer("packets", ecs="network.packets", about="How many packets"),
    integer("bytes", ecs="network.bytes", about="How many bytes"),
    epoch("start", about="When the first packet was received, in seconds since 1970; also @timestamp"),
    epoch("end", about="When the last packet was received, in seconds since 1970", ecs="event.end"),
    keyword("log-status", about="OK, NODATA (no traffic) or SKIPDATA (records were skipped)"),
    keyword("type", ecs="network.type", about="IPv4, IPv6 or EFA"),
    code("tcp-flags", about="Bitmask: FIN 1, SYN 2, RST 4, SYN-ACK 18"),
    keyword("region", ecs="cloud.region", about="The region"),
    keyword("pkt-src-aws-service", about="The AWS service that the sender's address is of"),
    keyword("pkt-dst-aws-service", about="The AWS service that the receiver's address is of"),
    keyword("flow-direction", ecs="network.direction", about="ingress or egress"),
)
"""The columns that both kinds have."""


class Flow:
    """A family of flow logs: its columns by AWS's names, in AWS's default order."""

    def __init__(self, name: str, columns: Sequence[Column], default: str) -> None:
        self.name = name
        self.columns: Mapping[str, Column] = {column.aws: column for column in columns}
        self.default = self.table(tuple(default.split()))

    def header(self, line: str) -> Table | bool:
        """The table of a line that names columns: all are spelled as AWS spells them, and two of them are known."""
        if not line[:1].islower():
            return False
        names = tuple(line.split(" "))
        known = sum(name in self.columns for name in names)
        return known >= min(2, len(names)) and all(map(_NAME.fullmatch, names)) and self.table(names)

    @lru_cache(maxsize=64)  # noqa: B019 - there is one Flow a format, for as long as the program runs
    def table(self, names: tuple[str, ...]) -> Table:
        """The table of a given order. The time of an event is `start`, or `end` where the log has no `start`."""
        when = "start" if "start" in names else "end"
        columns = (
            epoch(name, timestamp=True, about=self.columns[name].fields[0].about)
            if name == when
            else self.columns.get(name) or keyword(name)
            for name in names
        )
        return Table(tuple(columns), quotes=False, at_least=min(len(names), 4))

    def build(self, fields: str | Sequence[str] | None = None) -> Format:
        """The format.

        Args:
            fields: The order of the columns in objects without a header line, as it was given to AWS
                (`${account-id} ${action} …`) or as plain names; the default is AWS's default format.

        Raises:
            ValueError: A name that AWS does not have.
            TypeError: Neither text nor a list of names.
        """
        table = self.default if fields is None else self.table(self._order(fields))
        every = (*fields_of(tuple(self.columns.values())), *fields_of(self.default.columns))
        known = {field.name: field for field in every}
        return Positional(self.name, table, self.header, tuple(known.values()))

    def _order(self, fields: object) -> tuple[str, ...]:
        if isinstance(fields, str):
            fields = re.split(r"[\s,]+", fields.strip())
        if not isinstance(fields, list | tuple) or not all(isinstance(name, str) for name in fields) or not fields:
            raise TypeError(
                "`fields` must be the order of the columns: text such as '${version} ${account-id}', or names"
            )
        names = tuple(name.removeprefix("${").removesuffix("}").replace("_", "-") for name in fields)
        for name in names:
            if name not in self.columns:
                raise ValueError(f"`fields` names {name!r}, which is no field of {self.name}{near(name, self.columns)}")
        return names


def flow_recogniser(flow: Flow, path: str, default: bytes) -> Callable[[str, bytes], float]:
    """The `recognise` of a family: by its header line, by a line in the default order, or by the path alone."""
    in_path, in_default_order = re.compile(path), re.compile(default)
    of_gateways = "tgw-id" in flow.columns

    def recognise(name: str, head: bytes) -> float:
        """1 when path and content fit; a custom order without a header is known by the path only."""
        line = head.partition(b"\n")[0].decode("utf-8", "replace")
        named = isinstance(flow.header(line), Table) and ("tgw-" in line) is of_gateways
        fits = named or bool(in_default_order.match(head))
        if in_path.search(name):
            return 1.0 if fits else 0.6
        return 0.85 if fits else 0.0

    return recognise
