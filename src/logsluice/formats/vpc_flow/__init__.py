"""VPC flow logs.

Fields of versions 2 to 10 as in AWS's "Flow log records"; a column that AWS has added since becomes a keyword under its
own name. In objects on S3 the first line names the columns. Where there is no such line (CloudWatch Logs, cut files),
option `fields` gives the order, else it is AWS's default (version 2).

`@timestamp` is `start`, as it is in CloudWatch Logs. `start` and `end` stay whole seconds; some logs have milliseconds,
told apart by size.
Lines that report no traffic (`NODATA`, `SKIPDATA`) are events with the columns that they have.
"""

from __future__ import annotations

from logsluice.formats.columns import code, ip, keyword
from logsluice.formats.flow_logs import COMMON, Flow, flow_recogniser

FLOW = Flow(
    "vpc_flow",
    (
        *COMMON,
        keyword("interface-id"),
        keyword("action", ecs="event.action", about="ACCEPT or REJECT"),
        keyword("vpc-id"),
        keyword("subnet-id"),
        keyword("instance-id", ecs="cloud.instance.id"),
        ip("pkt-srcaddr", about="The packet's own source, behind a NAT gateway or a pod's interface"),
        ip("pkt-dstaddr"),
        keyword("az-id", ecs="cloud.availability_zone"),
        keyword("sublocation-type", about="wavelength, outpost or localzone"),
        keyword("sublocation-id"),
        code("traffic-path", about="How egress traffic left, 1 to 8"),
        keyword("ecs-cluster-arn"),
        keyword("ecs-cluster-name"),
        keyword("ecs-container-instance-arn"),
        keyword("ecs-container-instance-id"),
        keyword("ecs-container-id"),
        keyword("ecs-second-container-id"),
        keyword("ecs-service-name"),
        keyword("ecs-task-definition-arn"),
        keyword("ecs-task-arn"),
        keyword("ecs-task-id"),
        keyword("reject-reason"),
        keyword("resource-id"),
        keyword("encryption-status"),
    ),
    default=(
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
        "log-status"
    ),
)

build = FLOW.build
recognise = flow_recogniser(
    FLOW,
    path=r"/vpcflowlogs/|_vpcflowlogs_",
    default=rb"2 \d+ eni-\w+ (?:\S+ ){7}\d+ \d+ \S+ (?:OK|NODATA|SKIPDATA)\s",
)
