"""Log objects as AWS would leave them in a bucket: their keys, their compression, their content."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from logsluice.components import names
from logsluice.demo import inside, services, web
from logsluice.demo.traffic import ACCOUNT, REGION, Traffic, Visit
from logsluice.testing.formats import sample_of

Writer: TypeAlias = Callable[[Traffic, Sequence[Visit]], bytes]

_BALANCERS = "AWSLogs/{account}/elasticloadbalancing/{region}/{at:%Y/%m/%d}/"
_BALANCER = "{account}_elasticloadbalancing_{region}_"
_APPLICATION = _BALANCER + "app.shop.50dc6c495c0c9188_{stamp}_{ip}_{id}.log.gz"
_WAF = "AWSLogs/{account}/WAFLogs/{region}/shop/{at:%Y/%m/%d/%H/%M}/"
_CONFIG = "AWSLogs/{account}/Config/{region}/{at:%Y/%-m/%-d}/ConfigHistory/"
_RESOLVER = "AWSLogs/{account}/vpcdnsquerylogs/vpc-abcdefab012345678/{at:%Y/%m/%d}/"
_FIREWALL = "AWSLogs/{account}/network-firewall/alert/{region}/edge/{at:%Y/%m/%d/%H}/"
_TRAIL = "AWSLogs/{account}/CloudTrail/{region}/{at:%Y/%m/%d}/"
_VPC_LOGS = "AWSLogs/{account}/vpcflowlogs/{region}/{at:%Y/%m/%d}/{account}_vpcflowlogs_{region}_"

KINDS: tuple[tuple[Writer, str], ...] = (
    (web.alb, _BALANCERS + _APPLICATION),
    (web.alb_connection, _BALANCERS + "conn_log_" + _APPLICATION),
    (web.nlb, _BALANCERS + _BALANCER + "net.payments.c6e77e28c25b2234_{stamp}_{id}.log.gz"),
    (web.elb, _BALANCERS + _BALANCER + "shop-classic_{stamp}_{ip}_{id}.log"),
    (web.cloudfront, "cloudfront/EMLARXS9EXAMPLE.{at:%Y-%m-%d-%H}.{id}.gz"),
    (web.cloudfront_realtime, "firehose-cdn/{at:%Y/%m/%d/%H}/realtime-1-{at:%Y-%m-%d-%H-%M-%S}-{id}.gz"),
    (web.s3_access, "s3-access/{at:%Y-%m-%d-%H-%M-%S}-{id}"),
    (web.waf, _WAF + "{account}_waflogs_{region}_shop_{stamp}_{id}.log.gz"),
    (inside.vpc_flow, _VPC_LOGS + "fl-1234abcd_{stamp}_{id}.log.gz"),
    (inside.transit_gateway_flow, _VPC_LOGS + "fl-5678ef01_{stamp}_{id}.log.gz"),
    (inside.cloudtrail, _TRAIL + "{account}_CloudTrail_{region}_{stamp}_{id}.json.gz"),
    (services.guardduty, "AWSLogs/{account}/GuardDuty/{region}/{at:%Y/%m/%d}/{id}.jsonl.gz"),
    (services.security_hub, "events/SecurityHub/{at:%Y/%m/%d}/findings-{stamp}-{id}.ndjson.gz"),
    (services.config, _CONFIG + "{account}_Config_{region}_ConfigHistory_AWS::EC2::Instance_{stamp}_{id}.json.gz"),
    (services.route53_resolver, _RESOLVER + "{account}_vpcdnsquerylogs_vpc-abcdefab012345678_{stamp}_{id}.log.gz"),
    (services.route53_query, "exports/{id}/Z123412341234-FRA6/000000.gz"),
    (services.network_firewall, _FIREWALL + "{account}_network-firewall_alert_{region}_edge_{stamp}_{id}.log.gz"),
    (services.cloudwatch_logs, "firehose/{at:%Y/%m/%d/%H}/lambda-1-{at:%Y-%m-%d-%H-%M-%S}-{id}.gz"),
    (inside.json, "shop/{at:%Y/%m/%d}/orders-{stamp}-{id}.ndjson.gz"),
    (inside.lines, "shop/{at:%Y/%m/%d}/worker-{stamp}-{id}.log"),
)

NOT_OF_AWS = ("auto", "parquet")
"""Formats in which AWS writes nothing; the second is an archive's, of our own."""


@dataclass(frozen=True, slots=True)
class LogObject:
    """One object: the format of what is in it, its key, its bytes (gzip where the key says so)."""

    format: str
    key: str
    body: bytes


def samples(end: datetime) -> Iterator[LogObject]:
    """An object of each format that has no writer here: its own `sample.log`, traps and all."""
    written = {writer.__name__ for writer, _ in KINDS}
    for name in names("formats"):
        if name not in written and name not in NOT_OF_AWS:
            yield LogObject(name, f"samples/{name}/{end:%Y%m%dT%H%MZ}.log", sample_of(name))


def log_objects(traffic: Traffic, start: datetime, minutes: int, visits_a_minute: int) -> Iterator[LogObject]:
    """What a stretch of traffic leaves behind: an object of every format with a writer for each five minutes."""
    kinds = [(writer, key) for writer, key in KINDS if writer.__name__ in names("formats")]
    for begin in range(0, minutes, 5):
        length = min(5, minutes - begin)
        since = start + timedelta(minutes=begin)
        visits = traffic.visits(since, length * 60.0, visits_a_minute * length)
        end = since + timedelta(minutes=length)
        for writer, pattern in kinds:
            key = pattern.format(
                account=ACCOUNT, region=REGION, at=end, stamp=f"{end:%Y%m%dT%H%MZ}", ip="192.0.2.10", id=traffic.hex(8)
            )
            body = writer(traffic, visits)
            if not body:
                continue
            yield LogObject(writer.__name__, key, gzip.compress(body, 6, mtime=0) if key.endswith(".gz") else body)
