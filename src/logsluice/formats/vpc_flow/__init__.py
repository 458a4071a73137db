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
        keyword("interface-id", about="The network interface"),
        keyword("action", ecs="event.action", about="ACCEPT or REJECT"),
        keyword("vpc-id", about="Its VPC"),
        keyword("subnet-id", about="Its subnet"),
        keyword("instance-id", ecs="cloud.instance.id", about="Its instance"),
        ip("pkt-srcaddr", about="The packet's own source, behind a NAT gateway or a pod's interface"),
        ip("pkt-dstaddr", about="Address of the receiver in the packet itself"),
        keyword("az-id", ecs="cloud.availability_zone", about="The availability zone"),
        keyword("sublocation-type", about="wavelength, outpost or localzone"),
        keyword("sublocation-id", about="The place at the edge"),
        code("traffic-path", about="How egress traffic left, 1 to 8"),
        keyword("ecs-cluster-arn", about="ARN of the ECS cluster"),
        keyword("ecs-cluster-name", about="Name of the ECS cluster"),
        keyword("ecs-container-instance-arn", about="ARN of the ECS container instance"),
        keyword("ecs-container-instance-id", about="Id of the ECS container instance"),
        keyword("ecs-container-id", about="Id of the first container"),
        keyword("ecs-second-container-id", about="Id of the second container"),
        keyword("ecs-service-name", about="Name of the ECS service"),
        keyword("ecs-task-definition-arn", about="ARN of the ECS task definition"),
        keyword("ecs-task-arn", about="ARN of the ECS task"),
        keyword("ecs-task-id", about="Id of the ECS task"),
        keyword("reject-reason", about="Why it was rejected"),
        keyword("resource-id", about="The resource that the traffic was of"),
        keyword("encryption-status", about="Whether the traffic was encrypted"),
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
