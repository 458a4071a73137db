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
    Field("@timestamp", "time", aws="query_timestamp", ecs="@timestamp"),
    Field("version", about="Of the log format"),
    Field("account_id", ecs="cloud.account.id"),
    Field("region", ecs="cloud.region"),
    Field("vpc_id"),
    Field("query_name", ecs="dns.question.name"),
    Field("query_type", ecs="dns.question.type"),
    Field("query_class", ecs="dns.question.class"),
    Field("rcode", ecs="dns.response_code"),
    Field("answers", "object", many=True, about="Objects of Rdata, Type and Class"),
    Field("srcaddr", "ip", ecs="source.ip"),
    Field("srcport", "integer", ecs="source.port"),
    Field("transport", ecs="network.transport"),
    Field("srcids.instance", ecs="cloud.instance.id"),
    Field("srcids.resolver_endpoint"),
    Field("srcids.resolver_network_interface"),
    Field("firewall_rule_action", about="ALERT or BLOCK, where DNS Firewall had a say"),
    Field("firewall_rule_group_id"),
    Field("firewall_domain_list_id"),
    Field("firewall_protection", about="The DNS Firewall Advanced protection that matched"),
)


def _with_numbers(event: Event) -> Parsed:
    put_integers(event, "srcport")
    return event


build = json_format("route53_resolver", FIELDS, time="query_timestamp", before=_with_numbers)
recognise = recogniser(r"/vpcdnsquerylogs/|route53resolver", keys=(b'"query_name"', b'"query_timestamp"'))
