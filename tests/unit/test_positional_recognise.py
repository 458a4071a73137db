"""Which format a payload is of: by AWS's path and by its first line."""

from __future__ import annotations

from pathlib import Path

import pytest

import logsluice.formats
from logsluice.components import find

FOLDER = Path(logsluice.formats.__file__).parent
KEYS = {
    "alb": "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/28/111122223333_elasticloadbalancing_eu-west-1_"
    "app.shop-web.50dc6c495c0c9188_20260128T1205Z_192.0.2.200_2f1a.log.gz",
    "alb_connection": "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/28/conn_log.111122223333_"
    "elasticloadbalancing_eu-west-1_app.shop-web.50dc6c495c0c9188_20260128T1205Z_192.0.2.200_2f1a.log.gz",
    "elb": "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/28/111122223333_elasticloadbalancing_eu-west-1_"
    "shop-classic_20260128T1205Z_192.0.2.200_2f1a.log",
    "nlb": "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/28/111122223333_elasticloadbalancing_eu-west-1_"
    "net.edge.c6e77e28c25b2234_20260128T1205Z_2f1a.log.gz",
    "cloudfront": "cdn/E2ABCDEFGHIJKL.2026-01-28-12.2f1a.gz",
    "cloudfront_realtime": "firehose-cdn/2026/01/28/12/realtime-1-2026-01-28-12-05-00-2f1a.gz",
    "route53_query": "exports/2f1a/Z123412341234-FRA6/000000.gz",
    "vpc_flow": "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/28/111122223333_vpcflowlogs_eu-west-1_"
    "fl-1_2f1a.log.gz",
    "transit_gateway_flow": "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/28/111122223333_vpcflowlogs_eu-west-1_"
    "fl-2_2f1a.log.gz",
    "s3_access": "access/2026-01-28-12-21-17-DEADBEEF1234ABCD",
}


def scores(name: str, head: bytes) -> dict[str, float]:
    return {other: find("formats", other).recognise(name, head) for other in KEYS}


@pytest.mark.parametrize("name", KEYS)
@pytest.mark.parametrize("key", ["", "AWS's own"])
def test_each_sample_is_recognised_as_what_it_is(name: str, key: str) -> None:
    sample = (FOLDER / name / "sample.log").read_bytes()
    for head in (sample, sample[sample.index(b"\n") + 1 :]):
        found = scores(KEYS[name] if key else "", head)
        others = [score for other, score in found.items() if other != name]
        assert found[name] > max(others), found
        assert found[name] >= 0.8


@pytest.mark.parametrize(
    "head", [b"", b"\n", b"hello world\n", b'{"a": 1}\n', b"2026-01-28 12:00:00 an application's line\n"]
)
def test_other_text_is_recognised_by_none(head: bytes) -> None:
    assert set(scores("some/key.log", head).values()) == {0.0}


def test_custom_flow_log_without_a_header_is_recognised_by_its_path() -> None:
    found = scores(KEYS["vpc_flow"], b"123456789012 ACCEPT 40 10.0.0.1\n")
    assert max(found, key=lambda name: found[name]) == "vpc_flow"
