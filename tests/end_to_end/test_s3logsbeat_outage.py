"""S3logsbeat's promise of seed 001: while the output is down nothing more is received, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path

import pytest

from bench.resident import memory_of
from tests.end_to_end.cloud import Cloud, alb_line
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch
from tests.parts.toxiproxy import Toxiproxy, before

CONFIGURATION = r"""
s3logsbeat:
  inputs:
    - type: sqs
      queues_url:
        - ${QUEUE}
      log_format: alb
      key_regex_fields: ^(?P<environment>[^\-]+)-(?P<application>[^/\-]+)
      poll_frequency: 1m
queue.mem:
  events: 128 # default: 4096
  flush.min_events: 64 # default: 2048
output.elasticsearch:
  hosts: ["${OPENSEARCH}"]
  index: alb-%{+yyyy.MM}
"""
LINES = 20
WORKERS, BATCH = 2, 10
VISIBILITY_SECONDS = 120
"""For how long a message is ours before it is extended again: the default of `s3_sqs`."""


@dataclass
class Traffic:
    """Objects of the load balancer, one after the other, and what the queue says of their messages."""

    cloud: Cloud
    ids: set[str] = field(default_factory=set)
    objects: int = 0

    def put(self) -> None:
        """One more object."""
        lines = [f"{alb_line(self.objects * LINES + number)}\n".encode() for number in range(LINES)]
        self.cloud.put(f"prod-shop/{self.objects}.log", b"".join(lines))
        self.ids |= {sha1(line, usedforsecurity=False).hexdigest() for line in lines}
        self.objects += 1

    def received(self) -> int:
        """Messages that were received, and have not come back."""
        return self.objects - self._attribute("ApproximateNumberOfMessages")

    def in_hand(self) -> int:
        """Messages that were received, and are not deleted."""
        return self._attribute("ApproximateNumberOfMessagesNotVisible")

    def _attribute(self, name: str) -> int:
        answer = self.cloud.sqs.get_queue_attributes(QueueUrl=self.cloud.queue, AttributeNames=[name])
        return int(answer["Attributes"][name])


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws)
    cloud.sqs.purge_queue(QueueUrl=cloud.queue)  # what S3 sends to a queue that it is told of
    yield cloud
    cloud.end_all()


def until_nothing_is_received(traffic: Traffic) -> int:
    """Put objects until 20 in a row are left in the queue; how many messages were received."""
    received, since = -1, 0
    while since < 20:
        traffic.put()
        time.sleep(0.1)
        now = traffic.received()
        received, since = now, since + 1 if now == received else 0
    return received


@pytest.mark.parametrize(
    ("fail", "seconds"),
    [
        pytest.param(Toxiproxy.down, 12, id="refused"),
        pytest.param(Toxiproxy.black_hole, 12, id="black hole"),
        pytest.param(Toxiproxy.down, VISIBILITY_SECONDS + 10, id="refused for long", marks=pytest.mark.slow),
        pytest.param(Toxiproxy.black_hole, VISIBILITY_SECONDS + 10, id="black hole for long", marks=pytest.mark.slow),
        pytest.param(Toxiproxy.reset_answers, 60, id="answers are lost", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(400)
def test_001_4_while_the_output_is_down_no_more_messages_are_received(
    fail: Callable[[Toxiproxy], None], seconds: int, cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    traffic = Traffic(cloud)
    with before(clean_opensearch.port, tmp_path / "proxy") as proxy:
        program = cloud.start(["s3logsbeat", "-c", "s3logsbeat.yml", "-e"], tmp_path, OPENSEARCH=proxy.url)
        for _ in range(50):
            traffic.put()
        cloud.wait_until_empty(program, tmp_path)
        fail(proxy)
        received = until_nothing_is_received(traffic)
        in_hand, memory = traffic.in_hand(), [memory_of(program.pid, "VmRSS")]
        assert 0 < in_hand <= WORKERS * BATCH
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            traffic.put()
            assert (traffic.received(), traffic.in_hand()) == (received, in_hand)
            memory.append(memory_of(program.pid, "VmRSS"))
            time.sleep(seconds / 120)
        print(traffic.objects, received, in_hand, min(memory), max(memory), memory[0], memory[-1])
        assert max(memory) < memory[0] + 4
        proxy.heal()
        cloud.wait_until_empty(program, tmp_path)
    documents = clean_opensearch.documents("alb-*")
    assert documents.keys() == traffic.ids
    assert len({document["trace_id"] for document in documents.values()}) == traffic.objects * LINES
