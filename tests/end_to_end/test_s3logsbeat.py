"""S3logsbeat's configurations as its users have them, run as programs against an emulated AWS and OpenSearch."""

from __future__ import annotations

import gzip
import hashlib
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cloud import Cloud, alb_line
from tests.end_to_end.program import run
from tests.parts.large_bucket import LargeBucket
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch

HOST = socket.gethostname()
KEY = "yourenvironment-yourapp/AWSLogs/1.log"

ALB_LINE = (
    "https 2018-09-14T19:11:02.796000Z app/yourenvironment-yourapp/ad4ceee8a897566c 1.2.3.4:37054 2.3.4.5:80 0.000 "
    '0.049 0.000 200 200 272 11964 "GET https://www.example.com/ HTTP/1.0" "cURL" ECDHE-RSA-AES128-GCM-SHA256 '
    "TLSv1.2 arn:aws:elasticloadbalancing:region:123456789012:targetgroup/yourtg/f3b5cb16d14453e9 "
    '"Root=1-5b9c07c6-686bc18f187f75f58d06cd63"'
)
ALB_DOCUMENT = {
    "@timestamp": "2018-09-14T19:11:02.796Z",
    "trace_id": "Root=1-5b9c07c6-686bc18f187f75f58d06cd63",
    "target_group_arn": "arn:aws:elasticloadbalancing:region:123456789012:targetgroup/yourtg/f3b5cb16d14453e9",
    "application": "yourapp",
    "beat": {"hostname": HOST, "version": "6.0.2", "name": HOST},
    "environment": "yourenvironment",
    "client_port": 37054,
    "received_bytes": 272,
    "target_port": 80,
    "user_agent": "cURL",
    "request_url": "https://www.example.com/",
    "ssl_protocol": "TLSv1.2",
    "elb": "app/yourenvironment-yourapp/ad4ceee8a897566c",
    "request_proto": "HTTP/1.0",
    "response_processing_time": 0,
    "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "client_ip": "1.2.3.4",
    "target_status_code": 200,
    "sent_bytes": 11964,
    "request_processing_time": 0,
    "elb_status_code": 200,
    "target_processing_time": 0.049,
    "request_verb": "GET",
    "type": "https",
    "target_ip": "2.3.4.5",
}

CLOUDFRONT_LINE = "\t".join(
    (
        "2018-09-02\t10:10:11\tMAD50\t1166\t1.2.3.4\tGET\td111111abcdef8.cloudfront.net\t/\t200\t",
        "Mozilla/5.0%2520(Windows%2520NT%252010.0;%2520Win64;%2520x64;%2520rv:61.0)%2520Gecko/20100101%2520Firefox/61.0",
        "-\t-\tHit\t9QuHsIZRJxPbF_F-3to6KberARZ7Ddd6wthSnivYJEWalJWqlYCe7A==\twww.example.com\thttps\t457\t0.004\t-",
        "TLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/1.1\t-\t-",
    )
)
CLOUDFRONT_FIELDS = (
    "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) "
    "cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken "
    "x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status "
    "fle-encrypted-fields"
)
CLOUDFRONT_DOCUMENT = {
    "@timestamp": "2018-09-02T10:10:11.000Z",
    "ssl_protocol": "TLSv1.2",
    "cs_protocol_version": "HTTP/1.1",
    "x_edge_response_result_type": "Hit",
    "cs_user_agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:61.0) Gecko/20100101 Firefox/61.0",
    "x_edge_request_id": "9QuHsIZRJxPbF_F-3to6KberARZ7Ddd6wthSnivYJEWalJWqlYCe7A==",
    "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "x_edge_result_type": "Hit",
    "x_edge_location": "MAD50",
    "x_host_header": "www.example.com",
    "beat": {"name": HOST, "hostname": HOST, "version": "6.0.2"},
    "cs_bytes": 457,
    "sc_status": 200,
    "cs_cookie": "-",
    "cs_protocol": "https",
    "cs_method": "GET",
    "cs_uri_stem": "/",
    "cs_host": "d111111abcdef8.cloudfront.net",
    "c_ip": "1.2.3.4",
    "time_taken": 0.004,
    "sc_bytes": 1166,
}

LIVE = r"""
s3logsbeat:
  beat_fields: %(beat)s
  shutdown_timeout: 5s
  inputs:
    - type: sqs
      queues_url:
        - ${QUEUE}
      log_format: %(format)s
      key_regex_fields: ^(?P<environment>[^\-]+)-(?P<application>[^/\-]+)
      poll_frequency: 1m
queue.mem:
  events: 128
  flush.min_events: 64
output.elasticsearch:
  hosts: ["${OPENSEARCH}"]
"""

IMPORT = r"""
s3logsbeat:
  inputs:
    # S3 inputs (only taken into account when command `s3import` is executed)
    -
      type: s3
      # S3
      buckets:
        - s3://%(bucket)s/%(prefix)s
      log_format: alb
      # Optional fields extractor from key. E.g. key=staging-myapp/eu-west-1/2018/06/01/
      key_regex_fields: ^(?P<environment>[^\-]+)-(?P<application>[^/]+)/(?P<awsregion>[^/]+)
      since: 2018-10-15T01:00 # ISO8601 format - optional
    - type: sqs
      queues_url: [https://sqs.us-east-1.amazonaws.com/123456789012/not-there]
      log_format: alb
output.elasticsearch.hosts: "${OPENSEARCH}"
"""


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws, visibility=30)
    yield cloud
    cloud.end_all()


def once(cloud: Cloud, node: OpenSearch, folder: Path, *flags: str) -> str:
    """Run `s3logsbeat.yml` until the queue is empty; what it says."""
    environment = cloud.environment(OPENSEARCH=node.url)
    done = run("s3logsbeat", "-c", "s3logsbeat.yml", "-e", "--once", *flags, cwd=folder, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_001_1_the_sample_with_a_queue_runs_unchanged(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(LIVE % {"format": "alb", "beat": "false"})
    lines = [alb_line(number) for number in range(50)]
    cloud.put("prod-shop/1.log.gz", gzip.compress("".join(line + "\n" for line in lines).encode()))
    cloud.put("unnamed", (alb_line(50) + "\n").encode())
    once(cloud, clean_opensearch, tmp_path)
    assert cloud.left() == 0
    documents = clean_opensearch.documents("s3logsbeat-6.0.2-2026.01.*")
    found = sorted((each["trace_id"], each.get("environment"), each.get("application")) for each in documents.values())
    traces = [f"Root=1-{number:08x}-36d228ad5d99923122bbe354" for number in range(51)]
    assert found == [*((trace, "prod", "shop") for trace in traces[:50]), (traces[50], None, None)]
    cloud.put("prod-shop/copy.log", "".join(line + "\n" for line in lines).encode())
    once(cloud, clean_opensearch, tmp_path)
    assert clean_opensearch.documents("s3logsbeat-*") == documents  # the same lines are the same documents


@pytest.mark.parametrize(
    ("log_format", "content", "document", "index"),
    [
        ("alb", f"{ALB_LINE}\n", ALB_DOCUMENT, "2018.09.14"),
        (
            "cloudfront",
            f"#Version: 1.0\n#Fields: {CLOUDFRONT_FIELDS}\n{CLOUDFRONT_LINE}\n",
            CLOUDFRONT_DOCUMENT,
            "2018.09.02",
        ),
    ],
)
def test_001_10_the_sample_events_are_the_documents_that_it_shows(
    log_format: str, content: str, document: dict[str, Any], index: str,
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "s3logsbeat.yml").write_text(LIVE % {"format": log_format, "beat": "true"})
    cloud.put(KEY if log_format == "alb" else "unnamed.gz", content.encode())
    once(cloud, clean_opensearch, tmp_path)
    line = content.splitlines(keepends=True)[-1].encode()
    expected = {hashlib.sha1(line).hexdigest(): document}
    assert clean_opensearch.documents(f"s3logsbeat-6.0.2-{index}") == expected


def test_keepsqsmessages_leaves_them_in_the_queue(cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(LIVE % {"format": "alb", "beat": "false"})
    cloud.put("prod-shop/1.log", (alb_line(1) + "\n").encode())
    before = cloud.left()
    once(cloud, clean_opensearch, tmp_path, "--keepsqsmessages")
    assert len(clean_opensearch.documents("s3logsbeat-*")) == 1
    assert cloud.left() == before > 0


def test_the_words_test_and_export(cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(LIVE % {"format": "alb", "beat": "false"})
    environment = cloud.environment(OPENSEARCH=clean_opensearch.url)
    said = [
        run("s3logsbeat", *words, cwd=tmp_path, env=environment) for words in (("test", "config"), ("test", "output"))
    ]
    assert [(each.returncode, each.stdout) for each in said] == [(0, "Config OK\n"), (0, "opensearch: OK\n")]
    exported = run(
        "s3logsbeat", "export", "config", "-E", "s3logsbeat.shutdown_timeout=9s", cwd=tmp_path, env=environment
    )
    assert "${QUEUE}" in exported.stdout
    assert "shutdown_timeout: 9s" in exported.stdout
    assert cloud.queue not in exported.stdout
    converted = run("convert", "s3logsbeat.yml", cwd=tmp_path, env=environment)
    assert converted.stdout == exported.stdout.replace("9s", "5s")
    (tmp_path / "native.yaml").write_text(exported.stdout)
    assert run("check", "native.yaml", cwd=tmp_path, env=environment).returncode == 0
    assert run("check", "s3logsbeat.yml", cwd=tmp_path, env=environment).returncode == 0


def test_001_8_the_sample_import_reads_what_is_there_and_ends(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    cloud.announce(False)
    (tmp_path / "config.yml").write_text(IMPORT % {"bucket": cloud.bucket, "prefix": "staging-myapp"})
    for number in range(20):
        key = (
            f"staging-myapp/eu-west-1/2018/06/01/{number}.log"  # the day in the key is before `since`: it is not asked
        )
        cloud.put(key, (alb_line(number) + "\n").encode())
    cloud.put("elsewhere/1.log", (alb_line(99) + "\n").encode())
    arguments = ("s3imports", "-c", "config.yml")
    environment = cloud.environment(OPENSEARCH=clean_opensearch.url)
    done = run(*arguments, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    documents = clean_opensearch.documents("s3logsbeat-*")
    named = {(each["environment"], each["application"], each["awsregion"]) for each in documents.values()}
    assert (len(documents), named) == (20, {("staging", "myapp", "eu-west-1")})
    again = run(*arguments, "-E", "s3logsbeat.inputs.0.log_format=alb", cwd=tmp_path, env=environment)
    assert again.returncode == 0, again.stderr
    assert clean_opensearch.documents("s3logsbeat-*") == documents


@pytest.mark.parametrize("objects", [2_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_001_8_an_import_that_is_killed_goes_on_and_brings_every_event_once(
    objects: int, aws_environment: None, clean_opensearch: OpenSearch, tmp_path: Path, aws: MotoServer
) -> None:
    with LargeBucket() as bucket:
        for number in range(objects):
            bucket.put(f"a-b/eu-west-1/{number:05d}.log", (alb_line(number) + "\n").encode(), time.time() - 1000)
        (tmp_path / "config.yml").write_text(IMPORT % {"bucket": "logs", "prefix": "a-b"})
        cloud = Cloud(aws)
        environment = {"AWS_ENDPOINT_URL": bucket.url, "OPENSEARCH": clean_opensearch.url}
        program = cloud.start(["s3imports", "-c", "config.yml"], tmp_path, **environment)
        try:
            while len(bucket.reads) < objects // 2:
                assert program.poll() is None, (tmp_path / "out.log").read_text()
                time.sleep(0.01)
        finally:
            program.send_signal(signal.SIGKILL)
            program.wait()
        before = bucket.reads.total()
        assert before < objects
        done = run("s3imports", "-c", "config.yml", cwd=tmp_path, env=cloud.environment(**environment), seconds=240)
        assert done.returncode == 0, done.stderr
        clean_opensearch.call("POST", "/s3logsbeat-*/_refresh")
        assert clean_opensearch.call("GET", "/s3logsbeat-*/_count")[1]["count"] == objects
        assert bucket.reads.total() - objects < 200  # what was in hand, or not yet noted, is read twice
