"""SIGKILL at random moments, then a start: the same set of documents, none lost, none doubled."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cloud import LOGSLUICE, Cloud, alb_objects, trace_ids
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch

OBJECTS, LINES, KILLS = 40, 1500, 10

CONFIG = """
pipelines:
  - name: alb
    source:
      type: s3_sqs
      queue: ${QUEUE}
      visibility: 3s
      retry_delay: 1s
      # ten kills in a row must not make the messages in hand look poisonous
      isolate_after: 50
      quarantine_after: 50
    format: auto
    budget: 8MiB
    outputs:
      - %s
"""


def drive(cloud: Cloud, folder: Path, output: str, seed: int) -> int:
    """Run and kill, then let it finish. Returns how many kills met a running program."""
    (folder / "logsluice.yaml").write_text(CONFIG % output)
    for key, data in alb_objects(OBJECTS, LINES):
        cloud.put(key, data)
    chance = random.Random(seed)
    killed = 0
    for _ in range(KILLS):
        program = cloud.start(["run", "logsluice.yaml"], folder)
        time.sleep(chance.uniform(0.8, 2.2))
        killed += program.poll() is None
        program.send_signal(signal.SIGKILL)
        program.wait()
    program = cloud.start(["run", "logsluice.yaml"], folder)
    try:
        cloud.wait_until_empty(program, folder)
    finally:
        program.terminate()
        assert program.wait(30) == 0
    return killed


def assert_each_once(found: list[str]) -> None:
    counts = Counter(found)
    assert {k: n for k, n in counts.items() if n > 1} == {}
    assert sorted(counts) == trace_ids(OBJECTS, LINES)


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws)
    yield cloud
    cloud.end_all()


def test_into_the_store(cloud: Cloud, tmp_path: Path) -> None:
    assert drive(cloud, tmp_path, "store: {path: store}", seed=1) == KILLS
    found = subprocess.run(
        [*LOGSLUICE, "search", "*", "--store", "store", "--json", "--size", str(OBJECTS * LINES * 2)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    ).stdout
    assert_each_once([json.loads(line)["trace_id"] for line in found.splitlines()])
    assert list((tmp_path / "dead-letter").rglob("*.ndjson")) == []


def test_into_opensearch(cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    node = clean_opensearch
    killed = drive(cloud, tmp_path, f'opensearch: {{hosts: ["{node.url}"], index: "alb-%{{+yyyy.MM}}"}}', seed=2)
    assert killed == KILLS
    assert_each_once(_all_traces(node.call))
    assert list((tmp_path / "dead-letter").rglob("*.ndjson")) == []


def _all_traces(call: Callable[..., tuple[int, object]]) -> list[str]:
    """Every document's trace id, whatever their number."""
    call("POST", "/alb-*/_refresh")
    found: list[str] = []
    _, page = call("POST", "/alb-*/_search?scroll=1m", {"size": 5000, "_source": ["trace_id"]})
    while True:
        assert isinstance(page, dict)
        hits = page["hits"]["hits"]
        if not hits:
            return found
        found += [hit["_source"]["trace_id"] for hit in hits]
        _, page = call("POST", "/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})
