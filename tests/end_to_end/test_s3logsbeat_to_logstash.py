"""An `s3logsbeat.yml` with `output.logstash`, run as a program against real receivers of beats, made with go-lumber."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.cloud import Cloud, alb_line
from tests.end_to_end.program import run
from tests.end_to_end.s3logsbeat_traffic import COMMAND, CONFIGURATION, LINES, Traffic, only_objects
from tests.parts import wait_until
from tests.parts.lumberjack import LumberjackReceiver, receiving
from tests.parts.moto_server import MotoServer

TLS = """\
  ssl.certificate_authorities: ["{folder}/ca.pem"]
  ssl.certificate: "{folder}/node.pem"
  ssl.key: "{folder}/node.key"
"""
OBJECTS, WINDOW = 40, 50
COUNT = OBJECTS * LINES


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws)
    yield cloud
    cloud.end_all()


def all_objects(cloud: Cloud) -> Traffic:
    traffic = only_objects(cloud)
    traffic.put(OBJECTS)
    return traffic


def configure(folder: Path, *receivers: LumberjackReceiver, more: str = "") -> None:
    hosts = ", ".join(f'"127.0.0.1:{receiver.port}"' for receiver in receivers)
    (folder / "s3logsbeat.yml").write_text(
        f"{CONFIGURATION}output.logstash:\n  bulk_max_size: {WINDOW}\n  hosts: [{hosts}]\n{more}"
    )


def once(cloud: Cloud, folder: Path) -> None:
    """Run `s3logsbeat.yml` until the queue is empty."""
    done = run(*COMMAND, "--once", cwd=folder, env=cloud.environment())
    assert done.returncode == 0, done.stderr
    assert cloud.left() == 0


def arrived(*receivers: LumberjackReceiver) -> list[dict[str, Any]]:
    return [event for receiver in receivers for event in receiver.events()]


def named(events: list[dict[str, Any]]) -> list[str]:
    """Their ids, sorted."""
    return sorted(event["@metadata"]["_id"] for event in events)


@pytest.mark.parametrize("level", [0, 3])
def test_001_5_the_receiver_finds_what_s3logsbeat_says_of_an_event(level: int, cloud: Cloud, tmp_path: Path) -> None:
    line = f"{alb_line(4)}\n".encode()
    cloud.put("prod-shop/1.log", line)
    with receiving(LumberjackReceiver(tmp_path / "receiver")) as receiver:
        configure(tmp_path, receiver, more=f"  compression_level: {level}\n")
        once(cloud, tmp_path)
        [event] = receiver.events()
    assert event.pop("@metadata") == {
        "beat": "s3logsbeat",
        "type": "doc",
        "version": "6.0.2",
        "format": "alb",
        "_id": sha1(line, usedforsecurity=False).hexdigest(),
    }
    shown = {name: event[name] for name in ("@timestamp", "environment", "application", "elb_status_code", "type")}
    assert shown == {
        "@timestamp": "2026-01-05T10:04:00.000Z",
        "environment": "prod",
        "application": "shop",
        "elb_status_code": 503,
        "type": "https",
    }


def test_001_6_tls_with_an_authority_and_a_certificate_of_our_own(cloud: Cloud, tmp_path: Path) -> None:
    traffic = all_objects(cloud)
    with receiving(LumberjackReceiver(tmp_path / "receiver", tls=True, asks=True)) as receiver:
        configure(tmp_path, receiver, more=TLS.format(folder=receiver.folder))
        once(cloud, tmp_path)
        assert named(receiver.events()) == sorted(traffic.ids)


def test_001_6_two_hosts_share_what_there_is(cloud: Cloud, tmp_path: Path) -> None:
    traffic = all_objects(cloud)
    with ExitStack() as running:
        one, two = (running.enter_context(receiving(LumberjackReceiver(tmp_path / name))) for name in ("one", "two"))
        configure(tmp_path, one, two, more="  loadbalance: true\n")
        once(cloud, tmp_path)
        assert len(one.events()) > 0 < len(two.events())
        assert named(arrived(one, two)) == sorted(traffic.ids)


def test_001_6_a_receiver_killed_half_way_leaves_its_share_to_the_other(cloud: Cloud, tmp_path: Path) -> None:
    traffic = all_objects(cloud)
    with ExitStack() as running:
        one, two = (
            running.enter_context(receiving(LumberjackReceiver(tmp_path / name, delay="100ms")))
            for name in ("one", "two")
        )
        configure(tmp_path, one, two, more="  loadbalance: true\n")
        program = cloud.start(COMMAND, tmp_path)
        assert wait_until(lambda: len(one.events()) >= 100, 60)
        one.crash()
        before = len(arrived(one, two))
        assert 0 < before < COUNT
        cloud.wait_until_empty(program, tmp_path)
        events = arrived(one, two)
    assert set(named(events)) == traffic.ids
    assert len(events) - COUNT <= 5 * WINDOW  # of five workers' requests, the acknowledgements that were lost
