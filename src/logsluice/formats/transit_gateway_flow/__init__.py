"""Transit gateway flow logs.

Fields as in AWS's "Transit Gateway Flow Log records". Header line, option `fields`, times: as in `vpc_flow`.
"""

from __future__ import annotations

from logsluice.formats.columns import integer, keyword
from logsluice.formats.flow_logs import COMMON, Flow, flow_recogniser

FLOW = Flow(
    "transit_gateway_flow",
    (
        *COMMON,
        keyword("resource-type", about="TransitGateway or TransitGatewayAttachment"),
        keyword("tgw-id"),
        keyword("tgw-attachment-id"),
        keyword("tgw-src-vpc-account-id"),
        keyword("tgw-dst-vpc-account-id"),
        keyword("tgw-src-vpc-id"),
        keyword("tgw-dst-vpc-id"),
        keyword("tgw-src-subnet-id"),
        keyword("tgw-dst-subnet-id"),
        keyword("tgw-src-eni"),
        keyword("tgw-dst-eni"),
        keyword("tgw-src-az-id"),
        keyword("tgw-dst-az-id"),
        keyword("tgw-pair-attachment-id"),
        integer("packets-lost-no-route"),
        integer("packets-lost-blackhole"),
        integer("packets-lost-mtu-exceeded"),
        integer("packets-lost-ttl-expired"),
    ),
    default=(
        "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id "
        "tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id "
        "tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end "
        "log-status type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded "
        "packets-lost-ttl-expired tcp-flags region flow-direction pkt-src-aws-service pkt-dst-aws-service"
    ),
)

build = FLOW.build
recognise = flow_recogniser(
    FLOW,
    path=r"transit-?gateway",
    default=rb"\d+ TransitGateway\w* \d+ tgw-",
)
