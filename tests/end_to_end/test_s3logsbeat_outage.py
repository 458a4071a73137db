"""S3logsbeat's promise of seed 001: while the output is down nothing more is received, and nothing is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.resident import memory_of
from tests.end_to_end.cloud import Cloud, alb_objects
from tests.end_to_end.s3logsbeat_traffic import COMMAND, LINES, TO_OPENSEARCH, Traffic, only_objects
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch
from tests.parts.toxiproxy import Toxiproxy, before

WORKERS, BATCH = 5, 10
GROWTH_MB = 4
LARGE_LINES = 20_000
VISIBILITY_SECONDS = 120
"""For how long a message is ours before it is extended again: the default of `s3_sqs`."""

LONG_SECONDS = VISIBILITY_SECONDS + 10
"""Longer than that, and than the minute after which deliveries are parked."""


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws)
    yield cloud
    cloud.end_all()


def until_nothing_is_received(traffic: Traffic) -> int:
    """Put objects until 20 in a row are left in the queue; how many messages were received."""
    received, left = -1, 0
    while left < 20:
        traffic.put()
        time.sleep(0.1)
        now = traffic.received()
        received, left = now, left + 1 if now == received else 0
    return received


@pytest.mark.parametrize(
    ("fail", "seconds"),
    [
        pytest.param(Toxiproxy.down, 5, id="refused"),
        pytest.param(Toxiproxy.black_hole, 5, id="black hole"),
        pytest.param(Toxiproxy.down, LONG_SECONDS, id="refused for long", marks=pytest.mark.slow),
        pytest.param(Toxiproxy.black_hole, LONG_SECONDS, id="black hole for long", marks=pytest.mark.slow),
        pytest.param(Toxiproxy.reset_answers, 60, id="answers are lost", marks=pytest.mark.slow),
    ],
)
@pytest.mark.timeout(400)
def test_001_4_while_the_output_is_down_no_more_messages_are_received(
    fail: Callable[[Toxiproxy], None], seconds: int, cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(TO_OPENSEARCH)
    traffic = only_objects(cloud)
    with before(clean_opensearch.port, tmp_path / "proxy") as proxy:
        program = cloud.start(COMMAND, tmp_path, OPENSEARCH=proxy.url)
        traffic.put(50)
        cloud.wait_until_empty(program, tmp_path)
        fail(proxy)
        received = until_nothing_is_received(traffic)
        in_hand, memory = traffic.in_hand(), memory_of(program.pid, "VmRSS")
        assert 0 < in_hand <= WORKERS * BATCH
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            traffic.put()
            assert (traffic.received(), traffic.in_hand()) == (received, in_hand)
            assert memory_of(program.pid, "VmRSS") < memory + GROWTH_MB
            time.sleep(seconds / 120)
        proxy.heal()
        cloud.wait_until_empty(program, tmp_path)
    documents = clean_opensearch.documents("alb-*")
    assert documents.keys() == traffic.ids
    assert len({document["trace_id"] for document in documents.values()}) == traffic.objects * LINES


@pytest.mark.slow
def test_001_4_large_objects_wait_half_read(cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(TO_OPENSEARCH)
    traffic = only_objects(cloud)
    with before(clean_opensearch.port, tmp_path / "proxy") as proxy:
        program = cloud.start(COMMAND, tmp_path, OPENSEARCH=proxy.url)
        traffic.put(50)
        cloud.wait_until_empty(program, tmp_path)
        memory = memory_of(program.pid, "VmRSS")
        proxy.down()
        for key, data in alb_objects(4, LARGE_LINES):  # 18 MB each, as documents
            cloud.put(key, data)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            time.sleep(0.1)
            assert memory_of(program.pid, "VmRSS") < memory + 2 * GROWTH_MB
        assert traffic.in_hand() > 0
        proxy.heal()
        cloud.wait_until_empty(program, tmp_path)
    clean_opensearch.call("POST", "/alb-*/_refresh")
    assert clean_opensearch.call("GET", "/alb-*/_count")[1]["count"] == 4 * LARGE_LINES  # the others are among them
