"""AWS Network Firewall: alert, flow and TLS logs, one JSON object after the other.

What the firewall adds is at the top level; under `event` is what its engine (Suricata, EVE JSON output) wrote, as in
"Contents of an AWS Network Firewall log". Its time is finer than `event_timestamp`, so that is `@timestamp` only
where there is no `event.timestamp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import NOT_A_TIME, epoch_seconds, iso8601, json_format, put_integers, recogniser

if TYPE_CHECKING:
    from logsluice.model import Event, Parsed

FIELDS = (
    Field("@timestamp", "time", aws="event.timestamp", ecs="@timestamp"),
    Field("firewall_name", ecs="observer.name"),
    Field("availability_zone", ecs="cloud.availability_zone"),
    Field("event_timestamp", "integer", about="Seconds since 1970"),
    Field("event.timestamp", "time"),
    Field("event.event_type", about="alert, netflow, tls …"),
    Field("event.flow_id", "integer"),
    Field("event.src_ip", "ip", ecs="source.ip"),
    Field("event.src_port", "integer", ecs="source.port"),
    Field("event.dest_ip", "ip", ecs="destination.ip"),
    Field("event.dest_port", "integer", ecs="destination.port"),
    Field("event.proto", ecs="network.transport"),
    Field("event.app_proto", ecs="network.protocol"),
    Field("event.direction"),
    Field("event.pkt_src"),
    Field("event.tx_id", "integer"),
    Field("event.icmp_type", "integer"),
    Field("event.icmp_code", "integer"),
    Field("event.verdict", "object"),
    Field("event.alert.action", ecs="event.action"),
    Field("event.alert.signature_id", "integer", ecs="rule.id"),
    Field("event.alert.rev", "integer"),
    Field("event.alert.signature", "text", ecs="rule.name"),
    Field("event.alert.category", ecs="rule.category"),
    Field("event.alert.severity", "integer", ecs="event.severity"),
    Field("event.alert.gid", "integer"),
    Field("event.alert.metadata", "object"),
    Field("event.netflow.pkts", "integer", ecs="network.packets"),
    Field("event.netflow.bytes", "integer", ecs="network.bytes"),
    Field("event.netflow.start", "time", ecs="event.start"),
    Field("event.netflow.end", "time", ecs="event.end"),
    Field("event.netflow.age", "integer", about="Seconds"),
    Field("event.netflow.min_ttl", "integer"),
    Field("event.netflow.max_ttl", "integer"),
    Field("event.tcp", "object"),
    Field("event.tls", "object"),
    Field("event.http", "object"),
    Field("event.dns", "object"),
    Field("event.revocation_check", "object"),
    Field("event.aws_category", many=True, about="Of the URL or domain, where category filtering is on"),
)


def _timed(event: Event) -> Parsed:
    engine = event.get("event")
    try:
        event["@timestamp"] = iso8601(engine["timestamp"])  # type: ignore[index]  # the error is awaited
    except (KeyError, *NOT_A_TIME):
        try:
            event["@timestamp"] = epoch_seconds(event["event_timestamp"])
        except (KeyError, *NOT_A_TIME):
            pass
    put_integers(event, "event_timestamp")
    return event


build = json_format("network_firewall", FIELDS, before=_timed)
recognise = recogniser(r"/network-firewall/", keys=(b'"firewall_name"', b'"event_timestamp"'))
