"""S3logsbeat's delayed shutdown: what is in hand is finished within `shutdown_timeout`, or comes again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cloud import Cloud
from tests.end_to_end.s3logsbeat_traffic import COMMAND, TO_OPENSEARCH, exported, only_objects
from tests.parts import wait_until
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch
from tests.parts.toxiproxy import Toxiproxy, before


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws)
    yield cloud
    cloud.end_all()


def test_001_7_what_is_in_hand_is_delivered_before_it_ends(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(TO_OPENSEARCH)
    traffic = only_objects(cloud)
    with before(clean_opensearch.port, tmp_path / "proxy") as proxy:
        program = cloud.start(COMMAND, tmp_path, OPENSEARCH=proxy.url)
        traffic.put(2)
        cloud.wait_until_empty(program, tmp_path)
        proxy.toxic("latency", "downstream", latency=1500)
        traffic.put(10)
        assert wait_until(lambda: traffic.received() == traffic.objects, 60)
        assert traffic.in_hand() > 0
        program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0, (tmp_path / "out.log").read_text()
    assert cloud.left() == 0
    assert clean_opensearch.documents("alb-*").keys() == traffic.ids


@pytest.mark.parametrize(
    "fail",
    [
        pytest.param(Toxiproxy.down, id="refused"),
        pytest.param(Toxiproxy.black_hole, id="black hole", marks=pytest.mark.slow),  # comes when its visibility ends
    ],
)
def test_001_7_what_can_not_be_delivered_in_time_comes_again(
    fail: Callable[[Toxiproxy], None], cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(TO_OPENSEARCH)
    traffic = only_objects(cloud)
    with before(clean_opensearch.port, tmp_path / "proxy") as proxy:
        own = exported(tmp_path, cloud.environment(OPENSEARCH=proxy.url), retry_delay="1s")
        (tmp_path / "own.yaml").write_text(own)
        command = ["run", "own.yaml"]
        program = cloud.start(command, tmp_path, OPENSEARCH=proxy.url)
        traffic.put(2)
        cloud.wait_until_empty(program, tmp_path)
        fail(proxy)
        traffic.put(5)
        assert wait_until(lambda: traffic.in_hand() > 0, 60)
        program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0, (tmp_path / "out.log").read_text()
        assert cloud.left() == 5
        proxy.heal()
        program = cloud.start(command, tmp_path, OPENSEARCH=proxy.url)
        cloud.wait_until_empty(program, tmp_path)
    assert clean_opensearch.documents("alb-*").keys() == traffic.ids
