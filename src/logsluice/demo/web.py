"""Log objects of what stands at the edge: load balancers, CloudFront, WAF, S3 itself.

Layouts follow the AWS pages on each service's access logs; see the docstrings of `logsluice.formats`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

import orjson

from logsluice.demo.traffic import ACCOUNT, HOST, REGION, Traffic, Visit

_BALANCER = "app/shop/50dc6c495c0c9188"
_TARGETS = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/shop/73e2d6bc24d8a067"
_CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
_WEB_ACL = f"arn:aws:wafv2:{REGION}:{ACCOUNT}:regional/webacl/shop/473e64fd-f30b-4765-81a0-62ad96dd167a"
_CIPHER = "ECDHE-RSA-AES128-GCM-SHA256"


def alb(_: Traffic, visits: Sequence[Visit]) -> bytes:
    """Access logs of an Application Load Balancer."""
    return _lines(_alb_line(visit) for visit in visits)


def _alb_line(visit: Visit) -> str:
    sent_to = visit.status not in (403, 503)
    target = f"{visit.target}:8080" if sent_to else "-"
    times = f"0.001 {visit.duration:.3f} 0.000" if sent_to else "-1 -1 -1"
    began = visit.at - timedelta(seconds=visit.duration)
    root = f"Root=1-{int(visit.at.timestamp()):x}-{visit.id}"
    return (
        f"https {_iso(visit)} {_BALANCER} {_address(visit)} {target} {times} {visit.status}"
        f' {visit.status if sent_to else "-"} {visit.received} {visit.sent} "{visit.verb} https://{HOST}:443{visit.path}'
        f' HTTP/2.0" "{visit.agent}" {_CIPHER} TLSv1.2 {_TARGETS} "{root}" "{HOST}" "{_CERTIFICATE}" 0'
        f' {began:%Y-%m-%dT%H:%M:%S.%fZ} "{"waf,forward" if sent_to else "waf"}" "-" "-" "{target}"'
        f' "{visit.status if sent_to else "-"}" "-" "-" TID_{visit.id}'
    )


def alb_connection(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Connection logs of an Application Load Balancer."""
    return _lines(
        f"{_iso(visit)} {visit.client} {visit.port} 443 TLSv1.2 {_CIPHER} {visit.duration:.3f}"
        f' "-" - - - TID_{traffic.hex(24)}'
        for visit in visits
    )


def nlb(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """TLS logs of a Network Load Balancer."""
    return _lines(
        f"tls 2.0 {visit.at:%Y-%m-%dT%H:%M:%S} net/payments/c6e77e28c25b2234 g3d4b5e8bb8464cd {_address(visit)}"
        f" {visit.target}:8443 {int(visit.duration * 1000) + 4} 2 {visit.received} {visit.sent} - {_CERTIFICATE} -"
        f' {_CIPHER} tlsv12 - pay.example.com h2 h2 "h2","http/1.1" {visit.at:%Y-%m-%dT%H:%M:%S}'
        for visit in visits
        if traffic.random.random() < 0.5
    )


def elb(_: Traffic, visits: Sequence[Visit]) -> bytes:
    """Access logs of a Classic Load Balancer."""
    return _lines(
        f"{_iso(visit)} shop-classic {_address(visit)} {visit.target}:80 0.000073 {visit.duration:.6f} 0.000057"
        f' {visit.status} {visit.status} {visit.received} {visit.sent} "{visit.verb} http://{HOST}:80{visit.path}'
        f' HTTP/1.1" "{visit.agent}" - -'
        for visit in visits
    )


_CLOUDFRONT_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent)"
    " cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken"
    " x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status"
    " fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len"
    " sc-range-start sc-range-end"
)


def cloudfront(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Standard logs (v1) of a CloudFront distribution."""
    rows = ["#Version: 1.0", f"#Fields: {_CLOUDFRONT_FIELDS}"]
    for visit in visits:
        stem, _, query = visit.path.partition("?")
        result = "Error" if visit.status >= 400 else traffic.random.choice(("Hit", "Hit", "Miss", "RefreshHit"))
        values = (
            f"{visit.at:%Y-%m-%d}", f"{visit.at:%H:%M:%S}", traffic.random.choice(("FRA56-P2", "DUS51-C1", "VIE50-P1")),
            visit.sent, visit.client, visit.verb, "d111111abcdef8.cloudfront.net", stem, visit.status, "-",
            visit.agent.replace(" ", "%20"), query or "-", "-", result, visit.id, HOST, "https", visit.received,
            f"{visit.duration:.3f}", "-", "TLSv1.3", "TLS_AES_128_GCM_SHA256", result, "HTTP/2.0", "-", "-", visit.port,
            f"{visit.duration:.3f}", result, "text/html", visit.sent, "-", "-",
        )  # fmt: skip
        rows.append("\t".join(map(str, values)))
    return _lines(rows)


def cloudfront_realtime(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Real-time logs of a CloudFront distribution with every field, as Amazon Data Firehose puts them in a bucket."""
    return _lines(_realtime_line(traffic, visit) for visit in visits[::4])


def _realtime_line(traffic: Traffic, visit: Visit) -> str:
    query = visit.path.partition("?")[2]
    result = "Error" if visit.status >= 400 else traffic.random.choice(("Hit", "Hit", "Miss", "RefreshHit"))
    values = (
        f"{visit.at.timestamp():.3f}", visit.client, "192.0.2.80", f"{visit.duration:.3f}", visit.status, visit.sent,
        visit.verb, "https", HOST, visit.path, visit.received, "FRA56-P2", visit.id, "d111111abcdef8.cloudfront.net",
        f"{visit.duration:.3f}", "HTTP/2.0", "IPv6" if ":" in visit.client else "IPv4",
        visit.agent.replace(" ", "%20"), "-", "-", query or "-", result, "-", "TLSv1.3", "TLS_AES_128_GCM_SHA256",
        result, "-", "-", "text/html", visit.sent, "-", "-", visit.port, result, "DE", "gzip", "*/*", "*",
        f"Host:{HOST}%0AAccept:*/*%0A", "Host%0AAccept%0A", 2, "-", "-", "-", "-", 64496, *["-"] * 25,
    )  # fmt: skip
    return "\t".join(map(str, values))


def s3_access(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Server access logs of an S3 bucket."""
    owner = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
    return _lines(
        f"{owner} shop-images [{visit.at:%d/%b/%Y:%H:%M:%S +0000}] {visit.client} - {traffic.hex(16).upper()}"
        f' REST.GET.OBJECT {visit.path.lstrip("/").partition("?")[0]} "GET {visit.path} HTTP/1.1" {visit.status}'
        f" {'NoSuchKey' if visit.status == 404 else '-'} {visit.sent} {visit.sent} {int(visit.duration * 1000) + 1}"
        f' {int(visit.duration * 900) + 1} "-" "{visit.agent}" - {traffic.hex(32)}= SigV4 {_CIPHER} AuthHeader'
        f" shop-images.s3.{REGION}.amazonaws.com TLSv1.2 - -"
        for visit in visits
        if visit.path.startswith(("/images", "/static"))
    )


def waf(traffic: Traffic, visits: Sequence[Visit]) -> bytes:
    """Logs of an AWS WAF web ACL."""
    return b"".join(orjson.dumps(_waf_record(traffic, visit), option=orjson.OPT_APPEND_NEWLINE) for visit in visits)


def _waf_record(traffic: Traffic, visit: Visit) -> dict[str, object]:
    uri, _, args = visit.path.partition("?")
    rule = "AWS-AWSManagedRulesSQLiRuleSet" if "1=1" in visit.path else "AWS-AWSManagedRulesCommonRuleSet"
    blocked = visit.hostile
    return {
        "timestamp": int(visit.at.timestamp() * 1000),
        "formatVersion": 1,
        "webaclId": _WEB_ACL,
        "terminatingRuleId": rule if blocked else "Default_Action",
        "terminatingRuleType": "MANAGED_RULE_GROUP" if blocked else "REGULAR",
        "action": "BLOCK" if blocked else "ALLOW",
        "terminatingRuleMatchDetails": [],
        "httpSourceName": "ALB",
        "httpSourceId": f"{ACCOUNT}-{_BALANCER}",
        "ruleGroupList": [],
        "rateBasedRuleList": [],
        "nonTerminatingMatchingRules": [],
        "httpRequest": {
            "clientIp": visit.client,
            "country": traffic.random.choice(("DE", "DE", "FR", "US", "IN")),
            "headers": [{"name": "Host", "value": HOST}, {"name": "User-Agent", "value": visit.agent}],
            "uri": uri,
            "args": args,
            "httpVersion": "HTTP/2.0",
            "httpMethod": visit.verb,
            "requestId": f"1-{int(visit.at.timestamp()):x}-{visit.id}",
        },
        "labels": [{"name": "awswaf:managed:aws:sql-database:SQLi_QueryArguments"}] if "1=1" in visit.path else [],
    }


def _iso(visit: Visit) -> str:
    return f"{visit.at:%Y-%m-%dT%H:%M:%S.%fZ}"


def _address(visit: Visit) -> str:
    return f"[{visit.client}]:{visit.port}" if ":" in visit.client else f"{visit.client}:{visit.port}"


def _lines(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
