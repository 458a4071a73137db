"""`processes: N`: identical children on one real queue, one of them killed, and every event once."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.end_to_end.cloud import LOGSLUICE, alb_objects, trace_ids
from tests.end_to_end.program import run
from tests.parts.elasticmq import ElasticMq
from tests.parts.moto_server import CREDENTIALS, MotoServer

OBJECTS, LINES = 40, 200

CONFIG = """
http: {{port: 0}}
log: {{format: json}}
processes: {count}
pipelines:
  - name: alb
    source:
      type: s3_sqs
      queue: {queue}
      buckets: [logs]
      visibility: 3s
      wait_seconds: 1
      retry_delay: 1s
      isolate_after: 50
      quarantine_after: 50
    format: alb
    outputs: [{{store: {{path: store}}}}]
"""


@pytest.fixture
def queue(elasticmq: ElasticMq, sqs_queue: str, aws: MotoServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Announces every object of the bucket in S3's own words."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", elasticmq.url)
    s3, sqs = aws.client("s3"), elasticmq.client()
    s3.create_bucket(Bucket="logs")
    for key, data in alb_objects(OBJECTS, LINES):
        etag = s3.put_object(Bucket="logs", Key=key, Body=data)["ETag"].strip('"')
        s3_part = {"bucket": {"name": "logs"}, "object": {"key": key, "size": len(data), "eTag": etag}}
        record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "us-east-1", "s3": s3_part}
        sqs.send_message(QueueUrl=sqs_queue, MessageBody=json.dumps({"Records": [record]}))
    return sqs_queue


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    programs: list[subprocess.Popen[bytes]] = []

    def begin(config: str) -> subprocess.Popen[bytes]:
        (tmp_path / "pipeline.yaml").write_text(config)
        with (tmp_path / "out.log").open("wb") as output:
            program = subprocess.Popen(
                [*LOGSLUICE, "run", "pipeline.yaml"],
                cwd=tmp_path,
                env={**os.environ, **CREDENTIALS, "LOGSLUICE_RUN_DIR": str(tmp_path / "run")},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        programs.append(program)
        return program

    yield begin
    for program in programs:
        if program.poll() is None:
            for child in psutil.Process(program.pid).children():
                child.kill()
            program.kill()
            program.wait()


def said(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "out.log").read_text().splitlines() if line.startswith("{")]


def eventually(is_so: Callable[[], object], folder: Path, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, (folder / "out.log").read_text()[-3000:]
        time.sleep(0.1)


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def address(folder: Path) -> str:
    found = [str(line["address"]) for line in said(folder) if line["event"] == "serving health and metrics"]
    return found[0] if found else ""


def is_ready(folder: Path) -> bool:
    served = address(folder)
    try:
        return bool(served) and '"status": "ready"' in get(f"{served}/health/ready")
    except urllib.error.HTTPError as answer:
        answer.close()
        return False


@pytest.mark.parametrize("count", [pytest.param(2, marks=pytest.mark.slow), 4])
def test_every_event_arrives_once_although_one_is_killed(
    count: int, queue: str, elasticmq: ElasticMq, start: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    program = start(CONFIG.format(queue=queue, count=count))
    eventually(lambda: is_ready(tmp_path), tmp_path)
    children = psutil.Process(program.pid).children()
    assert len(children) == count
    children[0].send_signal(signal.SIGKILL)

    def left() -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = elasticmq.client().get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    eventually(lambda: left() == 0, tmp_path)
    eventually(lambda: is_ready(tmp_path), tmp_path)
    metrics = get(f"{address(tmp_path)}/metrics")
    assert "\nlogsluice_process_restarts_total 1\n" in metrics
    assert f"\nlogsluice_processes {count}\n" in metrics
    told = set(re.findall(r'^logsluice_workers\{pipeline="alb",process="(\d)"\} 2$', metrics, re.MULTILINE))
    assert told == {str(number) for number in range(1, count + 1)}
    program.terminate()
    assert program.wait(30) == 0
    assert not any(psutil.pid_exists(child.pid) for child in children)
    died = [line["by"] for line in said(tmp_path) if line["event"] == "a process died, and is started again"]
    assert died == ["signal SIGKILL"]
    found = run("search", "*", "--store", "store", "--json", "--size", str(OBJECTS * LINES * 2), cwd=tmp_path).stdout
    counts = Counter(json.loads(line)["trace_id"] for line in found.splitlines())
    assert {trace: n for trace, n in counts.items() if n > 1} == {}
    assert sorted(counts) == trace_ids(OBJECTS, LINES)


def test_what_can_not_start_ends_all_with_its_exit_code(
    queue: str, start: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    program = start(CONFIG.format(queue=f"{queue}-nowhere", count=2))
    assert program.wait(60) == 1
    assert "nowhere" in (tmp_path / "out.log").read_text()


def test_children_end_when_their_parent_was_killed(
    queue: str, start: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    program = start(CONFIG.format(queue=queue, count=2))
    eventually(lambda: is_ready(tmp_path), tmp_path)
    children = psutil.Process(program.pid).children()
    program.kill()
    program.wait()
    gone, alive = psutil.wait_procs(children, timeout=40)
    assert (len(gone), alive) == (2, [])


def test_a_source_that_can_not_be_shared_is_refused(tmp_path: Path) -> None:
    config = "processes: 2\npipelines: [{source: {type: files, paths: [logs]}, outputs: [stdout]}]"
    done = run("run", "-e", config, cwd=tmp_path)
    assert done.returncode == 2
    assert "files can't be shared by several processes" in done.stderr
