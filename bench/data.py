"""Log objects to measure with: made from a seed, so that every run and every machine has the same bytes.

Written gzipped into `build/bench/` once; delete the folder to have them made again.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "build" / "bench"
DAY = "2026-03-17"
EPOCH_OF_DAY = 1_773_705_600

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/133.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
    "okhttp/4.12.0",
    "ELB-HealthChecker/2.0",
)
_WORDS = ("orders", "basket", "search", "invoice", "media", "account", "v2", "api", "assets", "report", "session")
_ACCOUNT = "210987654321"


def _address(r: random.Random) -> str:
    return f"{r.randint(11, 220)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"


def _hex(r: random.Random, digits: int) -> str:
    return f"{r.getrandbits(4 * digits):0{digits}x}"


def _path(r: random.Random) -> str:
    path = "/" + "/".join(r.choices(_WORDS, k=r.randint(2, 4))) + f"/{r.randint(1, 10**6)}"
    if r.random() < 0.4:
        path += f"?from={r.randint(1, 500)}&term={r.choice(_WORDS)}%20{r.choice(_WORDS)}"
    return path


def _clock(r: random.Random, minutes: int = 5) -> str:
    """A time within the minutes that AWS puts into one object."""
    return f"13:{r.randint(0, minutes - 1):02}:{r.randint(0, 59):02}"


def alb(r: random.Random) -> str:
    """A line with all the columns of today; one in fifty was answered by the load balancer itself."""
    time = f"{DAY}T{_clock(r)}.{r.randint(0, 999999):06}Z"
    answered = r.random() > 0.02
    target = f"10.20.{r.randint(0, 15)}.{r.randint(4, 250)}:8080" if answered else "-"
    times = f"{r.random() / 400:.3f} {r.expovariate(15):.3f} {r.random() / 900:.3f}" if answered else "-1 -1 -1"
    status = r.choices(("200", "204", "302", "304", "404", "500"), (82, 3, 4, 6, 4, 1))[0] if answered else "503"
    back, listed = (status, target) if answered else ("-", "-")
    cipher = "TLS_AES_128_GCM_SHA256 TLSv1.3" if r.random() < 0.7 else "ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2"
    return (
        f"https {time} app/storefront/{'5f' * 8} {_address(r)}:{r.randint(1024, 65535)} {target} {times} "
        f'{status} {back} {r.randint(40, 3000)} {r.randint(150, 150000)} "{r.choice(("GET", "GET", "GET", "POST"))} '
        f'https://www.store.example:443{_path(r)} HTTP/{r.choice(("2.0", "1.1"))}" "{r.choice(_AGENTS)}" {cipher} '
        f"arn:aws:elasticloadbalancing:eu-central-1:{_ACCOUNT}:targetgroup/web/{'6d' * 8} "
        f'"Root=1-{_hex(r, 8)}-{_hex(r, 24)}" "www.store.example" '
        f'"arn:aws:acm:eu-central-1:{_ACCOUNT}:certificate/0f8fad5b-d9cb-469f-a165-70867728950e" {r.randint(0, 30)} '
        f'{time} "forward" "-" "-" "{listed}" "{back}" "-" "-" TID_{_hex(r, 32)} "-" "-" "-"\n'
    )


def vpc_flow(r: random.Random) -> str:
    start = EPOCH_OF_DAY + r.randint(0, 600)
    return (
        f"2 {_ACCOUNT} eni-0{_hex(r, 16)} {_address(r)} 10.20.{r.randint(0, 15)}.{r.randint(4, 250)} "
        f"{r.randint(1024, 65535)} {r.choice((443, 80, 5432, 22))} {r.choice((6, 6, 17))} {r.randint(1, 800)} "
        f"{r.randint(40, 800000)} {start} {start + r.randint(5, 60)} {r.choice(('ACCEPT', 'ACCEPT', 'REJECT'))} OK\n"
    )


def cloudfront(r: random.Random) -> str:
    agent = r.choice(_AGENTS).replace(" ", "%20")
    path, _, query = _path(r).partition("?")
    columns = (
        DAY, _clock(r, 60), "FRA56-P4", r.randint(200, 90000), _address(r), "GET", "d111111abcdef8.cloudfront.net",
        path, r.choice((200, 200, 304, 404)), "https://www.store.example/", agent, query or "-", "-",
        r.choice(("Hit", "Miss", "RefreshHit")), _hex(r, 40) + "==", "cdn.store.example", "https", r.randint(30, 900),
        f"{r.random():.3f}", "-", "TLSv1.3", "TLS_AES_128_GCM_SHA256", "Hit", "HTTP/2.0", "-", "-",
        r.randint(1024, 65535), f"{r.random():.3f}", "Hit", "text/html", r.randint(100, 9000), "-", "-",
    )  # fmt: skip
    return "\t".join(map(str, columns)) + "\n"


def waf(r: random.Random) -> str:
    headers = {"Host": "www.store.example", "User-Agent": r.choice(_AGENTS), "Accept": "*/*", "X-Request": _hex(r, 32)}
    record = {
        "timestamp": EPOCH_OF_DAY * 1000 + r.randint(0, 300_000),
        "formatVersion": 1,
        "webaclId": f"arn:aws:wafv2:eu-central-1:{_ACCOUNT}:regional/webacl/storefront/{_hex(r, 32)}",
        "terminatingRuleId": "Default_Action",
        "terminatingRuleType": "REGULAR",
        "action": r.choice(("ALLOW", "ALLOW", "BLOCK")),
        "terminatingRuleMatchDetails": [],
        "httpSourceName": "ALB",
        "httpSourceId": f"{_ACCOUNT}-app/storefront/{'5f' * 8}",
        "ruleGroupList": [{"ruleGroupId": "AWS#AWSManagedRulesCommonRuleSet", "terminatingRule": None}],
        "httpRequest": {
            "clientIp": _address(r), "country": "DE", "uri": _path(r).partition("?")[0], "args": "",
            "httpMethod": "GET", "httpVersion": "HTTP/2.0", "requestId": _hex(r, 32),
            "headers": [{"name": name, "value": value} for name, value in headers.items()],
        },
        "labels": [{"name": "awswaf:managed:token:absent"}],
        "ja3Fingerprint": _hex(r, 32),
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":")) + "\n"


def cloudtrail(r: random.Random) -> str:
    service, call = r.choice((("s3", "GetObject"), ("sts", "AssumeRole"), ("kms", "Decrypt"), ("ec2", "RunInstances")))
    principal = "AROA" + _hex(r, 16).upper()
    record = {
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "AssumedRole", "principalId": f"{principal}:worker", "accountId": _ACCOUNT,
            "arn": f"arn:aws:sts::{_ACCOUNT}:assumed-role/worker-{r.randint(1, 30)}/i-0{_hex(r, 16)}",
            "sessionContext": {"attributes": {"creationDate": f"{DAY}T00:00:00Z", "mfaAuthenticated": "false"}},
        },
        "eventTime": f"{DAY}T{_clock(r)}Z", "eventSource": f"{service}.amazonaws.com", "eventName": call,
        "awsRegion": "eu-central-1", "sourceIPAddress": _address(r), "userAgent": "aws-sdk-go-v2/1.36.3 os/linux",
        "requestParameters": {"bucketName": f"data-{r.randint(1, 50)}", "key": _path(r)}, "responseElements": None,
        "requestID": _hex(r, 32), "eventID": _hex(r, 32), "readOnly": True, "eventType": "AwsApiCall",
        "managementEvent": True, "recipientAccountId": _ACCOUNT, "eventCategory": "Management",
        "tlsDetails": {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256"},
    }  # fmt: skip
    return json.dumps(record, separators=(",", ":"))


_MAKERS: dict[str, Callable[[random.Random], str]] = {
    "alb": alb, "cloudfront": cloudfront, "cloudtrail": cloudtrail, "vpc_flow": vpc_flow, "waf": waf,
}  # fmt: skip
_HEADERS = {
    "vpc_flow": (
        "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
        "log-status\n"
    )
}
FORMATS = tuple(_MAKERS)


def write(name: str, events: int, path: Path) -> None:
    """One gzipped object of a format, streamed to a file."""
    r = random.Random(f"{name} of {DAY}")
    make = _MAKERS[name]
    partial = path.with_suffix(".partial")
    with gzip.GzipFile(partial, "wb", compresslevel=6, mtime=0) as out:
        for piece in _document(make, r, events) if name == "cloudtrail" else _lines(name, make, r, events):
            out.write(piece.encode())
    partial.rename(path)


def _lines(name: str, make: Callable[[random.Random], str], r: random.Random, events: int) -> Iterator[str]:
    yield _HEADERS.get(name, "")
    for _ in range(events):
        yield make(r)


def _document(make: Callable[[random.Random], str], r: random.Random, events: int) -> Iterator[str]:
    yield '{"Records":['
    for n in range(events):
        yield ("," if n else "") + make(r)
    yield "]}"


def path_of(name: str, events: int) -> Path:
    """The object of a format with so many events; made when it is not there."""
    path = FOLDER / f"{name}-{events}.gz"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        write(name, events, path)
    return path


def large_path_of(name: str, size: int) -> Path:
    """One gzipped object of at least so many bytes, decompressed: a block of events again and again."""
    path = FOLDER / f"{name}-{size}-bytes.gz"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        r = random.Random(f"{name} of {DAY}")
        events = [_MAKERS[name](r) for _ in range(20_000)]
        is_document = name == "cloudtrail"
        block = (",".join(events) if is_document else "".join(events)).encode()
        partial = path.with_suffix(".partial")
        with gzip.GzipFile(partial, "wb", compresslevel=1, mtime=0) as out:
            out.write(b'{"Records":[' if is_document else _HEADERS.get(name, "").encode())
            for n in range(-(-size // len(block))):
                out.write(b"," + block if is_document and n else block)
            out.write(b"]}" if is_document else b"")
        partial.rename(path)
    return path
