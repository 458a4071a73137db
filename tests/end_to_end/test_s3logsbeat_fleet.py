"""Several processes of `logsluice s3logsbeat` on one queue: the work is shared, and nothing is doubled or lost."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.announced_bucket import AnnouncedBucket, announced_bucket
from tests.end_to_end.cloud import alb_line
from tests.end_to_end.s3logsbeat_traffic import exported
from tests.parts.elasticmq import ElasticMq
from tests.parts.opensearch import OpenSearch

OBJECTS, RECORDS, LATENCY_SECONDS = 1200, 5, 0.02
DAYS_APART = 14
"""Between a line and the next, by `alb_line`: two indexes are enough."""

CONFIG = """
s3logsbeat:
  shutdown_timeout: 5s
  inputs:
    - type: sqs
      queues_url: ["${QUEUE}"]
      log_format: alb
output.elasticsearch.hosts: ["${OPENSEARCH}"]
"""


OWN = ["s3logsbeat", "-c", "own.yml", "-e"]
IN_HAND = (5 * 10 + 10) * RECORDS
"""Objects that a process may have in hand: five workers, ten messages each, and ten that wait to be deleted."""


@pytest.fixture
def announced(elasticmq: ElasticMq, sqs_queue: str) -> Iterator[AnnouncedBucket]:
    with announced_bucket(elasticmq, sqs_queue, LATENCY_SECONDS) as bucket:
        yield bucket


class Fleet:
    """Processes that know nothing of each other, as on machines of their own.

    Each has an access key, by which its reads are told from those of the others.
    """

    def __init__(self, announced: AnnouncedBucket, folder: Path, **environment: str) -> None:
        self.announced = announced
        self.members: dict[str, subprocess.Popen[bytes]] = {}
        self._folder = folder
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._systemd.bind("")  # an abstract name of the kernel's choice
        self._environment = environment | {"NOTIFY_SOCKET": "@" + self._systemd.getsockname()[1:].decode()}

    def start(self, count: int, arguments: list[str], config: str) -> None:
        for number in range(count):
            name = f"member{number}"
            folder = self._folder / name
            folder.mkdir()
            (folder / "own.yml").write_text(config)
            own = {**self._environment, "AWS_ACCESS_KEY_ID": name}
            self.members[name] = self.announced.start(arguments, folder, **own)

    def exported(self, visibility: str) -> str:
        """Our configuration, with how long a message is hidden from others."""
        (self._folder / "s3logsbeat.yml").write_text(CONFIG)
        return exported(self._folder, self.announced.environment(**self._environment), visibility=visibility)

    def wait_until_ready(self) -> None:
        """Until each has told systemd: one that comes late would find little left to do."""
        with self._systemd:
            self._systemd.settimeout(120)
            assert [self._systemd.recv(100) for _ in self.members] == [b"READY=1"] * len(self.members)

    def wait_until_done(self) -> None:
        self.wait_for(lambda: not self.announced.left())

    def wait_for(self, is_so: Callable[[], bool], seconds: float = 240) -> None:
        end = time.monotonic() + seconds
        while not is_so():
            for name, member in self.members.items():
                assert member.poll() is None, self.said(name)
            assert time.monotonic() < end, [self.said(name) for name in self.members]
            time.sleep(0.05)

    def said(self, name: str) -> str:
        return (self._folder / name / "out.log").read_text()[-3000:]

    def kill(self, name: str) -> None:
        member = self.members.pop(name)
        member.send_signal(signal.SIGKILL)
        member.wait()

    def stop(self) -> None:
        for member in self.members.values():
            member.terminate()
        assert [member.wait(30) for member in self.members.values()] == [0] * len(self.members)

    @property
    def reads(self) -> Counter[str]:
        return self.announced.bucket.readers


def small_objects(announced: AnnouncedBucket) -> list[str]:
    """Of one line each, not announced yet; their keys."""
    return [
        announced.put(f"prod-shop/{number:05d}.log", (alb_line(number * DAYS_APART) + "\n").encode())
        for number in range(OBJECTS)
    ]


def assert_every_event_once(node: OpenSearch) -> None:
    documents = node.documents("s3logsbeat-*")
    assert node.call("GET", "/s3logsbeat-*/_count")[1]["count"] == len(documents)
    found = Counter(str(each["trace_id"]) for each in documents.values())
    expected = {f"Root=1-{number * DAYS_APART:08x}-36d228ad5d99923122bbe354" for number in range(OBJECTS)}
    assert found == dict.fromkeys(expected, 1)


@pytest.mark.parametrize("count", [*(pytest.param(count, marks=pytest.mark.slow) for count in (1, 2)), 4])
def test_001_9_processes_on_one_queue_share_the_work(
    count: int, announced: AnnouncedBucket, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    keys = small_objects(announced)
    fleet = Fleet(announced, tmp_path, OPENSEARCH=clean_opensearch.url)
    fleet.start(count, OWN, CONFIG)
    fleet.wait_until_ready()
    began = time.monotonic()
    announced.announce_all(keys, RECORDS)
    fleet.wait_until_done()
    print(f"{count} processes: {OBJECTS / (time.monotonic() - began):.0f} objects a second; {dict(fleet.reads)}")
    fleet.stop()
    assert_every_event_once(clean_opensearch)
    assert announced.bucket.reads.total() == OBJECTS  # each object was read once, by one of them
    assert set(fleet.reads) == set(fleet.members)
    assert min(fleet.reads.values()) > OBJECTS / count / 2, fleet.reads


@pytest.mark.parametrize(
    ("count", "visibility"),
    [
        pytest.param(2, "15s", marks=pytest.mark.slow),
        (4, "15s"),
        pytest.param(4, "", marks=pytest.mark.slow),  # the file as it is: two minutes
    ],
    ids=["two", "four", "four-unchanged"],
)
def test_001_3_what_a_killed_process_had_in_hand_comes_back_to_the_others(
    count: int, visibility: str, announced: AnnouncedBucket, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    keys = small_objects(announced)
    fleet = Fleet(announced, tmp_path, OPENSEARCH=clean_opensearch.url)
    if visibility:
        fleet.start(count, ["run", "own.yml"], fleet.exported(visibility))
    else:
        fleet.start(count, OWN, CONFIG)
    fleet.wait_until_ready()
    announced.announce_all(keys, RECORDS)
    fleet.wait_for(lambda: fleet.reads.total() > OBJECTS // 2)
    fleet.kill("member0")
    fleet.wait_until_done()
    fleet.stop()
    assert_every_event_once(clean_opensearch)
    again = announced.bucket.reads.total() - OBJECTS
    assert 0 < again <= IN_HAND
