"""An import and live traffic at once over the same objects, which S3logsbeat warns of: every event is there once."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.end_to_end.announced_bucket import AnnouncedBucket, announced_bucket
from tests.end_to_end.cloud import alb_line
from tests.parts.elasticmq import ElasticMq
from tests.parts.opensearch import OpenSearch

OLD, STEPS, LINES = 600, 150, 2
DAYS_APART = 7
"""Between a line and the next, by `alb_line`: four indexes are enough."""
LIVE, IMPORT = "live", "import"
"""Access keys, by which their reads are told apart."""

S3LOGSBEAT = """
s3logsbeat:
  shutdown_timeout: 5s
  inputs:
    - type: sqs
      queues_url: ["${QUEUE}"]
      log_format: alb
      key_regex_fields: ^(?P<environment>[^-]+)-(?P<application>[^/]+)
    - type: s3
      buckets: [s3://logs/prod-shop/]
      log_format: alb
      key_regex_fields: ^(?P<environment>[^-]+)-(?P<application>[^/]+)
output.elasticsearch.hosts: ["${OPENSEARCH}"]
"""

NATIVE = """
pipelines:
  - name: alb
    source: {type: s3_sqs, queue: "${QUEUE}", buckets: [logs]}
    format: alb
    outputs:
      - opensearch: {hosts: ["${OPENSEARCH}"], index: "alb-%{+yyyy.MM.dd}"}
"""


@pytest.fixture
def announced(elasticmq: ElasticMq, sqs_queue: str) -> Iterator[AnnouncedBucket]:
    with announced_bucket(elasticmq, sqs_queue) as bucket:
        yield bucket


def key_of(number: int) -> str:
    """Keys in no order of time: what is put late is listed anywhere."""
    return f"prod-shop/{hashlib.md5(str(number).encode()).hexdigest()[:10]}.log"


@dataclass
class Traffic:
    """Objects that are put, and what is to be found of them.

    Attributes:
        contents: By key, the numbers of the lines that it has now.
        replaced: Numbers of lines that no object has any more: they may have been read in time, or not.
    """

    announced: AnnouncedBucket
    contents: dict[str, list[int]] = field(default_factory=dict)
    replaced: set[int] = field(default_factory=set)
    _next: int = 0

    def put_new(self, key: str) -> str:
        """An object, or another content in its place."""
        self.replaced.update(self.contents.get(key, ()))
        self.contents[key] = [(self._next + n) * DAYS_APART for n in range(LINES)]
        self._next += LINES
        return self.put_again(key)

    def put_again(self, key: str) -> str:
        """The same content once more."""
        return self.announced.put(key, "".join(alb_line(n) + "\n" for n in self.contents[key]).encode())

    def step(self, number: int) -> None:
        """What happens while both run: a new object, one that is written again, one that has changed."""
        same, other = (key_of((number * 7 + offset) % OLD) for offset in (0, OLD // 2))
        for key in (self.put_new(key_of(OLD + number)), self.put_again(same), self.put_new(other)):
            self.announced.announce(key)

    def go_on(self, importing: subprocess.Popen[bytes], steps: range) -> None:
        """Spread over the time of an import, which outlives them."""
        for number in steps:
            while self.announced.bucket.readers[IMPORT] < 0.8 * number / STEPS * OLD:
                time.sleep(0.01)
                assert importing.poll() is None, "the import has ended before the traffic"
            self.step(number)


IMPORTS = ["s3logsbeat", "-c", "own.yml"], ["s3imports", "-c", "own.yml"]
BACKFILLS = ["run", "own.yml"], ["backfill", "s3://logs/prod-shop/", "--config", "own.yml"]


@pytest.mark.parametrize(
    ("config", "live", "whole", "killed"),
    [(S3LOGSBEAT, *IMPORTS, False), (S3LOGSBEAT, *IMPORTS, True), (NATIVE, *BACKFILLS, True)],
    ids=["s3imports", "s3imports-killed", "backfill-killed"],
)
def test_001_8_import_and_live_traffic_that_overlap_bring_every_event_once(
    config: str, live: list[str], whole: list[str], killed: bool,
    announced: AnnouncedBucket, clean_opensearch: OpenSearch, tmp_path: Path,
) -> None:  # fmt: skip
    (tmp_path / "own.yml").write_text(config)
    traffic = Traffic(announced)
    keys = [traffic.put_new(key_of(number)) for number in range(OLD)]
    announced.announce_all(keys[-100:], 5)  # notifications are on by now, and the import has not begun

    def start(arguments: list[str], access_key: str) -> subprocess.Popen[bytes]:
        own = {"OPENSEARCH": clean_opensearch.url, "AWS_ACCESS_KEY_ID": access_key}
        return announced.start(arguments, tmp_path, **own)

    running, importing = start(live, LIVE), start(whole, IMPORT)
    traffic.go_on(importing, range(STEPS // 2))
    if killed:
        importing.send_signal(signal.SIGKILL)
        importing.wait()
        importing = start(whole, IMPORT)
    traffic.go_on(importing, range(STEPS // 2, STEPS))
    assert importing.wait(200) == 0, (tmp_path / "out.log").read_text()
    announced.wait_until_empty(running, tmp_path)
    running.terminate()
    assert running.wait(30) == 0
    assert sum(count > 1 for count in announced.bucket.reads.values()) > 100  # both did come to the same objects
    check(traffic, clean_opensearch)


def check(traffic: Traffic, node: OpenSearch) -> None:
    """Every line that is in the bucket is one document; one that was replaced may be, and nothing else is."""
    indexes = "s3logsbeat-*,alb-*"
    documents = node.documents(indexes)
    count = node.call("GET", f"/{indexes}/_count")[1]["count"]
    assert count == len(documents)  # no id is in two indexes
    found = Counter(str(each["trace_id"]) for each in documents.values())
    assert {trace: n for trace, n in found.items() if n > 1} == {}
    there = {trace_of(number) for numbers in traffic.contents.values() for number in numbers}
    replaced = {trace_of(number) for number in traffic.replaced}
    assert there - found.keys() == set()
    assert found.keys() - there - replaced == set()
    assert {len(numbers) for numbers in traffic.contents.values()} == {LINES}


def trace_of(number: int) -> str:
    return f"Root=1-{number:08x}-36d228ad5d99923122bbe354"
