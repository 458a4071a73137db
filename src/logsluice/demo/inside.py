"""Log objects of what stands behind the edge: networks, the account's API calls, the shop's own programs."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta

import orjson

from logsluice.demo.traffic import ACCOUNT, REGION, SCANNER, Traffic, Visit

_VPC_FIELDS = (
    "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status"
    " vpc-id subnet-id tcp-flags flow-direction"
)
_TRANSIT_FIELDS = (
    "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id"
    " tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id"
    " tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status"
    " type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags"
    " region flow-direction pkt-src-aws-service pkt-dst-aws-service"
)
_CALLS = (
    ("ec2.amazonaws.com", "DescribeInstances", True),
    ("s3.amazonaws.com", "GetBucketLocation", True),
    ("ecs.amazonaws.com", "UpdateService", False),
    ("iam.amazonaws.com", "CreateAccessKey", False),
    ("signin.amazonaws.com", "ConsoleLogin", False),
    ("kms.amazonaws.com", "Decrypt", True),
)


def vpc_flow(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """VPC flow logs in a custom format, with its header."""
    rows = [_VPC_FIELDS]
    for visit in visits:
        start = int(visit.at.timestamp())
        rejected = visit.client == SCANNER
        port = traffic.random.choice((22, 23, 3389, 445)) if rejected else 443
        packets = visit.sent // 1200 + 3
        rows.append(
            f"5 {ACCOUNT} eni-1235b8ca123456789 {visit.client} {visit.target} {visit.port} {port} 6 {packets}"
            f" {visit.received + packets * 40} {start} {start + 59} {'REJECT' if rejected else 'ACCEPT'} OK"
            f" vpc-abcdefab012345678 subnet-aaaaaaaa012345678 {2 if rejected else 19} ingress"
        )
    return "".join(f"{row}\n" for row in rows).encode()


def transit_gateway_flow(_: Traffic, visits: Sequence[Visit]) -> bytes:
    """Transit gateway flow logs in the default format, with its header."""
    rows = [_TRANSIT_FIELDS]
    for visit in visits[::3]:
        start = int(visit.at.timestamp())
        rows.append(
            f"6 TransitGateway {ACCOUNT} tgw-0123456789abcdef0 tgw-attach-0123456789abcdef0 {ACCOUNT} 210987654321"
            " vpc-abcdefab012345678 vpc-0123456789abcdef0 subnet-aaaaaaaa012345678 subnet-bbbbbbbb012345678"
            " eni-1235b8ca123456789 eni-9876b8ca123456789 euc1-az2 euc1-az3 tgw-attach-0fedcba9876543210"
            f" {visit.target} 10.1.4.20 {visit.port} 5432 6 {visit.sent // 1200 + 3} {visit.sent} {start} {start + 59}"
            f" OK IPv4 0 0 0 0 19 {REGION} egress - -"
        )
    return "".join(f"{row}\n" for row in rows).encode()


def cloudtrail(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """A CloudTrail object: one document with all its records."""
    return orjson.dumps({"Records": [_call(traffic, visit) for visit in visits[::4]]})


def _call(traffic: Traffic, visit: Visit) -> dict[str, object]:
    service, name, read_only = traffic.random.choices(_CALLS, (30, 20, 4, 1, 2, 25))[0]
    user = traffic.random.choice(("deploy", "alice", "bob"))
    denied = {"errorCode": "AccessDenied", "errorMessage": f"User {user} is not authorized to perform this"}
    return {
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": f"AIDA{user.upper()}",
            "arn": f"arn:aws:iam::{ACCOUNT}:user/{user}",
            "accountId": ACCOUNT,
            "userName": user,
        },
        "eventTime": f"{visit.at:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": service,
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": visit.client if traffic.random.random() < 0.7 else "cloudformation.amazonaws.com",
        "userAgent": "aws-cli/2.17.0",
        "requestParameters": None if read_only else {"service": "shop"},
        "responseElements": None,
        **(denied if visit.hostile else {}),
        "requestID": str(uuid.UUID(int=traffic.random.getrandbits(128), version=4)),
        "eventID": str(uuid.UUID(int=traffic.random.getrandbits(128), version=4)),
        "readOnly": read_only,
        "eventType": "AwsConsoleSignIn" if name == "ConsoleLogin" else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": ACCOUNT,
        "eventCategory": "Management",
    }


def json(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """The shop's own log: one JSON object a line."""
    return b"".join(
        orjson.dumps(
            {
                "timestamp": f"{visit.at:%Y-%m-%dT%H:%M:%S.%fZ}",
                "level": "error" if visit.status >= 500 else "info",
                "service": "checkout",
                "message": "payment failed" if visit.status >= 500 else "order placed",
                "order": {"id": traffic.random.randint(10_000, 99_999), "items": traffic.random.randint(1, 6)},
                "client_ip": visit.client,
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for visit in visits
        if visit.path.startswith("/api")
    )


def lines(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """What a program prints that knows no format."""
    said = ("stock of {} renewed", "mail {} sent", "job {} took longer than usual", "cache miss for {}")
    return "".join(
        f"{visit.at + timedelta(milliseconds=3):%Y-%m-%d %H:%M:%S} worker[{traffic.random.randint(100, 400)}]:"
        f" {traffic.random.choice(said).format(traffic.random.randint(1, 9999))}\n"
        for visit in visits[::5]
    ).encode()
