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
        keyword("tgw-id", about="The transit gateway"),
        keyword("tgw-attachment-id", about="The attachment at which the traffic was recorded"),
        keyword("tgw-src-vpc-account-id", about="Owner of the sender's VPC"),
        keyword("tgw-dst-vpc-account-id", about="Owner of the receiver's VPC"),
        keyword("tgw-src-vpc-id", about="The sender's VPC"),
        keyword("tgw-dst-vpc-id", about="The receiver's VPC"),
        keyword("tgw-src-subnet-id", about="The sender's subnet"),
        keyword("tgw-dst-subnet-id", about="The receiver's subnet"),
        keyword("tgw-src-eni", about="Network interface of the attachment on the sender's side"),
        keyword("tgw-dst-eni", about="Network interface of the attachment on the receiver's side"),
        keyword("tgw-src-az-id", about="The sender's availability zone"),
        keyword("tgw-dst-az-id", about="The receiver's availability zone"),
        keyword("tgw-pair-attachment-id", about="The flow's attachment on the other side"),
        integer("packets-lost-no-route", about="Packets lost for there was no route"),
        integer("packets-lost-blackhole", about="Packets lost in a blackhole route"),
        integer("packets-lost-mtu-exceeded", about="Packets lost for they were too large"),
        integer("packets-lost-ttl-expired", about="Packets lost for their time to live was over"),
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
