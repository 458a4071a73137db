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
    Field("@timestamp", "time", aws="event.timestamp", ecs="@timestamp", about="The time of the event"),
    Field("firewall_name", ecs="observer.name", about="The firewall"),
    Field("availability_zone", ecs="cloud.availability_zone", about="The firewall endpoint's availability zone"),
    Field("event_timestamp", "integer", about="Seconds since 1970"),
    Field("event.timestamp", "time", about="When the firewall wrote it"),
    Field("event.event_type", about="alert, netflow, tls …"),
    Field("event.flow_id", "integer", about="Joins the events of one flow"),
    Field("event.src_ip", "ip", ecs="source.ip", about="Address of the sender"),
    Field("event.src_port", "integer", ecs="source.port", about="Port of the sender"),
    Field("event.dest_ip", "ip", ecs="destination.ip", about="Address of the receiver"),
    Field("event.dest_port", "integer", ecs="destination.port", about="Port of the receiver"),
    Field("event.proto", ecs="network.transport", about="TCP, UDP, ICMP and others"),
    Field("event.app_proto", ecs="network.protocol", about="The protocol that was recognised, such as tls"),
    Field("event.direction", about="Direction of the packet in its flow"),
    Field("event.pkt_src", about="Where the packet was taken from"),
    Field("event.tx_id", "integer", about="Number of the transaction in its flow"),
    Field("event.icmp_type", "integer", about="ICMP type"),
    Field("event.icmp_code", "integer", about="ICMP code"),
    Field("event.verdict", "object", about="What became of the packet"),
    Field("event.alert.action", ecs="event.action", about="allowed or blocked"),
    Field("event.alert.signature_id", "integer", ecs="rule.id", about="Id of the rule"),
    Field("event.alert.rev", "integer", about="Revision of the rule"),
    Field("event.alert.signature", "text", ecs="rule.name", about="Message of the rule"),
    Field("event.alert.category", ecs="rule.category", about="Class of the rule"),
    Field("event.alert.severity", "integer", ecs="event.severity", about="1 is the highest"),
    Field("event.alert.gid", "integer", about="Group of the rule"),
    Field("event.alert.metadata", "object", about="Metadata of the rule"),
    Field("event.netflow.pkts", "integer", ecs="network.packets", about="Packets of the flow"),
    Field("event.netflow.bytes", "integer", ecs="network.bytes", about="Bytes of the flow"),
    Field("event.netflow.start", "time", ecs="event.start", about="When the flow began"),
    Field("event.netflow.end", "time", ecs="event.end", about="When the flow ended"),
    Field("event.netflow.age", "integer", about="Seconds"),
    Field("event.netflow.min_ttl", "integer", about="Least time to live"),
    Field("event.netflow.max_ttl", "integer", about="Greatest time to live"),
    Field("event.tcp", "object", about="TCP flags and state"),
    Field("event.tls", "object", about="What the TLS handshake told"),
    Field("event.http", "object", about="The HTTP request"),
    Field("event.dns", "object", about="The DNS query"),
    Field("event.revocation_check", "object", about="What checking the server's certificate gave"),
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
