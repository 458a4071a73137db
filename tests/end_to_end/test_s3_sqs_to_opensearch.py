"""The main job as a whole: objects in S3, announced by SQS, searchable in OpenSearch, once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cloud import Cloud, alb_line, alb_objects
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch

EXAMPLE = Path(__file__).parents[2] / "examples" / "s3-sqs.yaml"
OBJECTS, LINES = 200, 20


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws, visibility=30)
    yield cloud
    cloud.end_all()


def record(cloud: Cloud, key: str, etag: str) -> dict[str, object]:
    """One record of S3's own notification; the key is encoded as S3 does it."""
    from urllib.parse import quote_plus

    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "us-east-1",
        "eventTime": "2026-01-31T10:05:00.000Z",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": cloud.bucket}, "object": {"key": quote_plus(key, safe="/"), "eTag": etag, "size": 9}},
    }


def all_envelopes(cloud: Cloud, key: str, etag: str) -> list[object]:
    """The same object announced in every way that AWS has."""
    notification = {"Records": [record(cloud, key, etag)]}
    sns = {
        "Type": "Notification",
        "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
        "TopicArn": "arn:aws:sns:us-east-1:123456789012:logs",
        "Subject": "Amazon S3 Notification",
        "Message": json.dumps(notification),
        "Timestamp": "2026-01-31T10:05:01.000Z",
    }
    event_bridge = {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "123456789012",
        "time": "2026-01-31T10:05:00Z",
        "region": "us-east-1",
        "detail": {"version": "0", "bucket": {"name": cloud.bucket}, "object": {"key": key, "size": 9, "etag": etag}},
    }
    raw_by_sns = {"Records": [record(cloud, key, etag), record(cloud, key, etag)]}  # raw delivery: no envelope is left
    return [notification, sns, event_bridge, raw_by_sns]


def test_the_example_configuration_does_the_job_once(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    node = clean_opensearch
    shutil.copy(EXAMPLE, tmp_path / "s3-sqs.yaml")
    program = cloud.start(["run", "s3-sqs.yaml"], tmp_path, OPENSEARCH=node.url, BUCKET=cloud.bucket)
    try:
        etags = {key: cloud.put(key, data) for key, data in alb_objects(OBJECTS, LINES)}
        cloud.wait_until_empty(program, tmp_path)
        first = node.documents("logs-alb-*")
        assert len(first) == OBJECTS * LINES
        assert {d["origin"]["uri"] for d in first.values()} == {f"s3://{cloud.bucket}/{key}" for key in etags}

        for key, etag in list(etags.items())[:20]:
            for body in all_envelopes(cloud, key, etag):
                cloud.send(body)
        cloud.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": cloud.bucket})
        cloud.wait_until_empty(program, tmp_path)
        assert node.documents("logs-alb-*") == first
    finally:
        program.terminate()
        assert program.wait(30) == 0, (tmp_path / "out.log").read_text()
    assert not list(tmp_path.rglob("dead-letter/**/*.ndjson"))


SLOW = """
pipelines:
  - name: alb
    source: {type: s3_sqs, queue: "${QUEUE}", visibility: 5s, retry_delay: 1s}
    format: alb
    budget: 4MiB
    shutdown_timeout: %s
    outputs:
      - opensearch: {hosts: ["${OPENSEARCH_URL}"], index: "alb-%%{+yyyy}", request_events: 100}
"""


def start_in_the_middle(cloud: Cloud, node: OpenSearch, folder: Path, timeout: str) -> subprocess.Popen[bytes]:
    (folder / "logsluice.yaml").write_text(SLOW % timeout)
    for key, data in alb_objects(12, 3000):
        cloud.put(key, data)
    program = cloud.start(["run", "logsluice.yaml"], folder, OPENSEARCH_URL=node.url)
    end = time.monotonic() + 30
    while node.call("GET", "/alb-*/_count")[1].get("count", 0) < 500:
        assert time.monotonic() < end, (folder / "out.log").read_text()
        node.call("POST", "/alb-*/_refresh")
        time.sleep(0.05)
    return program


def test_sigterm_drains_what_is_in_hand_and_exits_0(cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    program = start_in_the_middle(cloud, clean_opensearch, tmp_path, "60s")
    program.send_signal(signal.SIGTERM)
    assert program.wait(60) == 0
    clean_opensearch.call("POST", "/alb-*/_refresh")
    count = clean_opensearch.call("GET", "/alb-*/_count")[1]["count"]
    assert count % 3000 == 0, "an object in hand was left half done"
    assert cloud.left() == 12 - count // 3000, "what was drained was also acknowledged"


def test_a_shutdown_timeout_ends_the_drain_with_exit_0(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    program = start_in_the_middle(cloud, clean_opensearch, tmp_path, "100ms")
    program.send_signal(signal.SIGTERM)
    assert program.wait(20) == 0
    assert cloud.left() > 0, "what was not drained is still in the queue"


def test_a_second_signal_ends_at_once(cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    program = start_in_the_middle(cloud, clean_opensearch, tmp_path, "60s")
    program.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    program.send_signal(signal.SIGTERM)
    assert program.wait(2) == 128 + signal.SIGTERM
    assert cloud.left() > 0


def test_a_line_in_an_unknown_shape_is_kept_and_its_neighbours_arrive(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "logsluice.yaml").write_text(SLOW % "10s")
    cloud.put("odd.log", "\n".join([alb_line(1), "nothing like it", alb_line(2)]).encode())
    program = cloud.start(["run", "logsluice.yaml"], tmp_path, OPENSEARCH_URL=clean_opensearch.url)
    try:
        cloud.wait_until_empty(program, tmp_path)
    finally:
        program.terminate()
        program.wait(30)
    assert len(clean_opensearch.documents("alb-*")) == 2
    [path] = tmp_path.rglob("dead-letter/**/*.ndjson")
    entry = json.loads(path.read_text())
    assert entry["text"] == "nothing like it"
    assert entry["origin"]["uri"] == "s3://logs/odd.log"
    assert entry["position"] == len(alb_line(1)) + 1
