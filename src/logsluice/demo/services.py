"""Log objects of AWS's own watchmen: findings, configuration items, DNS queries, firewalls, subscriptions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from logsluice.demo.traffic import ACCOUNT, REGION, SCANNER, Traffic, Visit

_INSTANCE = "i-0a1b2c3d4e5f60718"
_NAMES = ("shop.example.com.", "pay.example.com.", "db.internal.example.com.", "stock.example.net.")


def guardduty(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """GuardDuty findings, as exported to S3."""
    return _lines(_finding(traffic, visit) for visit in visits if visit.hostile)


def _finding(traffic: Traffic, visit: Visit) -> dict[str, Any]:
    found = traffic.hex(32)
    action = {"remoteIpDetails": {"ipAddressV4": SCANNER}, "blocked": False, "localPortDetails": {"port": 443}}
    return {
        "schemaVersion": "2.0",
        "accountId": ACCOUNT,
        "region": REGION,
        "partition": "aws",
        "id": found,
        "arn": f"arn:aws:guardduty:{REGION}:{ACCOUNT}:detector/12abc34d567e8fa901bc2d34e56789f0/finding/{found}",
        "type": "Recon:EC2/PortProbeUnprotectedPort",
        "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": _INSTANCE}},
        "service": {
            "serviceName": "guardduty",
            "action": {"actionType": "PORT_PROBE", "portProbeAction": {"portProbeDetails": [action]}},
            "eventFirstSeen": _iso(visit),
            "eventLastSeen": _iso(visit),
            "archived": False,
            "count": 1,
        },
        "severity": 2,
        "createdAt": _iso(visit),
        "updatedAt": _iso(visit),
        "title": f"Unprotected port on EC2 instance {_INSTANCE} is being probed.",
        "description": f"{_INSTANCE} is being probed from {SCANNER}.",
    }


def security_hub(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Security Hub findings, as EventBridge events."""
    controls = (("S3.8", "S3 buckets should block public access"), ("EC2.19", "Ports should be restricted"))
    events = []
    for visit in visits[::40]:
        control, title = traffic.random.choice(controls)
        label, normalized = traffic.random.choice((("HIGH", 70), ("MEDIUM", 40), ("LOW", 1)))
        finding = {
            "SchemaVersion": "2018-10-08",
            "Id": f"arn:aws:securityhub:{REGION}:{ACCOUNT}:security-control/{control}/finding/{traffic.hex(16)}",
            "ProductArn": f"arn:aws:securityhub:{REGION}::product/aws/securityhub",
            "GeneratorId": f"security-control/{control}",
            "AwsAccountId": ACCOUNT,
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
            "CreatedAt": _iso(visit),
            "UpdatedAt": _iso(visit),
            "Severity": {"Label": label, "Normalized": normalized},
            "Title": title,
            "Description": title,
            "Resources": [{"Type": "AwsS3Bucket", "Id": "arn:aws:s3:::shop-images"}],
            "Compliance": {"Status": "FAILED", "SecurityControlId": control},
            "Workflow": {"Status": "NEW"},
            "RecordState": "ACTIVE",
        }
        events.append(_event("Security Hub Findings - Imported", "aws.securityhub", visit, {"findings": [finding]}))
    return _lines(events)


def _event(kind: str, source: str, visit: Visit, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": "0",
        "id": f"{visit.id[:8]}-1111-2222-3333-{visit.id[8:20]}",
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": f"{visit.at:%Y-%m-%dT%H:%M:%SZ}",
        "region": REGION,
        "resources": [],
        "detail": detail,
    }


def config(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """An AWS Config history object: one document with its items."""
    items: list[dict[str, Any]] = [
        {
            "relatedEvents": [],
            "relationships": [],
            "configuration": {"instanceId": _INSTANCE, "state": {"code": 16, "name": "running"}},
            "supplementaryConfiguration": {},
            "tags": {"team": "shop"},
            "configurationItemVersion": "1.3",
            "configurationItemCaptureTime": _iso(visit),
            "configurationStateId": int(visit.at.timestamp() * 1000),
            "awsAccountId": ACCOUNT,
            "configurationItemStatus": traffic.random.choice(("OK", "OK", "ResourceDiscovered")),
            "resourceType": "AWS::EC2::Instance",
            "resourceId": _INSTANCE,
            "ARN": f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{_INSTANCE}",
            "awsRegion": REGION,
            "availabilityZone": f"{REGION}a",
            "configurationStateMd5Hash": "",
        }
        for visit in visits[::50]
    ]
    return orjson.dumps({"fileVersion": "1.0", "configSnapshotId": traffic.hex(12), "configurationItems": items})


def route53_resolver(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """DNS queries of a VPC's resolver."""
    return _lines(_query(traffic, visit) for visit in visits[::2])


def _query(traffic: Traffic, visit: Visit) -> dict[str, Any]:
    code = traffic.random.choices(("NOERROR", "NXDOMAIN"), (20, 1))[0]
    return {
        "version": "1.100000",
        "account_id": ACCOUNT,
        "region": REGION,
        "vpc_id": "vpc-abcdefab012345678",
        "query_timestamp": f"{visit.at:%Y-%m-%dT%H:%M:%SZ}",
        "query_name": traffic.random.choice(_NAMES),
        "query_type": "A",
        "query_class": "IN",
        "rcode": code,
        "answers": [{"Rdata": "10.0.1.11", "Type": "A", "Class": "IN"}] if code == "NOERROR" else [],
        "srcaddr": visit.target,
        "srcport": str(visit.port),
        "transport": "UDP",
        "srcids": {"instance": _INSTANCE},
    }


def route53_query(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Queries to a public hosted zone, as CloudWatch Logs exports them."""
    lines = []
    for visit in visits[::4]:
        at = f"{visit.at:%Y-%m-%dT%H:%M:%S}.{visit.at.microsecond // 1000:03d}Z"
        answer = "A NXDOMAIN" if visit.hostile else traffic.random.choice(("A NOERROR", "AAAA NOERROR"))
        lines.append(f"{at} 1.0 {at} Z123412341234 shop.example.com {answer} UDP FRA6 {visit.client} -\n")
    return "".join(lines).encode()


def network_firewall(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Alerts of an AWS Network Firewall."""
    return _lines(
        {
            "firewall_name": "edge",
            "availability_zone": f"{REGION}a",
            "event_timestamp": str(int(visit.at.timestamp())),
            "event": {
                "timestamp": f"{visit.at:%Y-%m-%dT%H:%M:%S.%f+0000}",
                "flow_id": traffic.random.randint(10**14, 10**15),
                "event_type": "alert",
                "src_ip": visit.client,
                "src_port": visit.port,
                "dest_ip": visit.target,
                "dest_port": 443,
                "proto": "TCP",
                "app_proto": "tls",
                "alert": {
                    "action": "blocked" if visit.hostile else "allowed",
                    "signature_id": 1000002 if visit.hostile else 1000001,
                    "rev": 1,
                    "signature": "known scanner" if visit.hostile else "shop traffic",
                    "category": "",
                    "severity": 1 if visit.hostile else 3,
                },
            },
        }
        for visit in visits
        if visit.hostile or visit.port % 20 == 0
    )


def cloudwatch_logs(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """A CloudWatch Logs subscription, delivered to S3 by Firehose: documents one after the other."""
    documents = []
    for begin in range(0, len(visits), 50):
        logged = [
            {
                "id": f"{int(visit.at.timestamp() * 1000)}{traffic.random.getrandbits(96):029d}",
                "timestamp": int(visit.at.timestamp() * 1000),
                "message": f"REPORT RequestId: {visit.id} Duration: {visit.duration * 1000:.2f} ms",
            }
            for visit in visits[begin : begin + 50 : 5]
        ]
        documents.append(
            {
                "messageType": "DATA_MESSAGE",
                "owner": ACCOUNT,
                "logGroup": "/aws/lambda/mails",
                "logStream": f"{visits[begin].at:%Y/%m/%d}/[$LATEST]{traffic.hex(32)}",
                "subscriptionFilters": ["all"],
                "logEvents": logged,
            }
        )
    return b"".join(map(orjson.dumps, documents))


def _iso(visit: Visit) -> str:
    return f"{visit.at:%Y-%m-%dT%H:%M:%S}.{visit.at.microsecond // 1000:03d}Z"


def _lines(records: Iterable[dict[str, Any]]) -> bytes:
    return b"".join(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records)
