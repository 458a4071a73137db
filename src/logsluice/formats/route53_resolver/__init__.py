"""Amazon Route 53 Resolver query logs: one JSON object for each DNS query that a VPC made.

Keys as in "Values that appear in VPC Resolver query logs". `query_timestamp` becomes `@timestamp`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, put_integers, recogniser

if TYPE_CHECKING:
    from logsluice.model import Event, Parsed

FIELDS = (
    Field("@timestamp", "time", aws="query_timestamp", ecs="@timestamp", about="The time of the event"),
    Field("version", about="Of the log format"),
    Field("account_id", ecs="cloud.account.id", about="The account of the VPC"),
    Field("region", ecs="cloud.region", about="The region"),
    Field("vpc_id", about="The VPC from which was asked"),
    Field("query_name", ecs="dns.question.name", about="The name that was asked for"),
    Field("query_type", ecs="dns.question.type", about="Such as A or AAAA"),
    Field("query_class", ecs="dns.question.class", about="Such as IN"),
    Field("rcode", ecs="dns.response_code", about="Answer code, such as NOERROR"),
    Field("answers", "object", many=True, about="Objects of Rdata, Type and Class"),
    Field("srcaddr", "ip", ecs="source.ip", about="Address from which was asked"),
    Field("srcport", "integer", ecs="source.port", about="Port from which was asked"),
    Field("transport", ecs="network.transport", about="UDP or TCP"),
    Field("srcids.instance", ecs="cloud.instance.id", about="The instance that asked"),
    Field("srcids.resolver_endpoint", about="The resolver endpoint that the query came through"),
    Field("srcids.resolver_network_interface", about="Its network interface"),
    Field("firewall_rule_action", about="ALERT or BLOCK, where DNS Firewall had a say"),
    Field("firewall_rule_group_id", about="The DNS Firewall rule group that matched"),
    Field("firewall_domain_list_id", about="The domain list that matched"),
    Field("firewall_protection", about="The DNS Firewall Advanced protection that matched"),
)


def _with_numbers(event: Event) -> Parsed:
    put_integers(event, "srcport")
    return event


build = json_format("route53_resolver", FIELDS, time="query_timestamp", before=_with_numbers)
recognise = recogniser(r"/vpcdnsquerylogs/|route53resolver", keys=(b'"query_name"', b'"query_timestamp"'))
