"""A bucket is listed and read while it fills, and killed five times: every event once, and a ledger that stays small.

The bucket is one of the tests' own, for its times of writing are what this is about.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from logsluice.state.local import FILE_NAME, LocalKeeper
from tests.end_to_end.cloud import LOGSLUICE
from tests.parts.large_bucket import LargeBucket
from tests.parts.moto_server import CREDENTIALS

KILLS = 5
MORE_ROUNDS = 10
PATIENCE_SECONDS = 600.0

CONFIG = """
pipelines:
  - name: listing
    source: {type: s3_objects, bucket: logs, prefix: app/, interval: 200ms}
    format: json
    outputs:
      - store: {path: store}
"""


class Lister:
    """The program over a large bucket, with what can be seen of it from outside."""

    def __init__(self, bucket: LargeBucket, folder: Path) -> None:
        self.bucket = bucket
        self.folder = folder
        self.program: subprocess.Popen[bytes] | None = None
        (folder / "logsluice.yaml").write_text(CONFIG)

    def start(self) -> subprocess.Popen[bytes]:
        own = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        with (self.folder / "out.log").open("ab") as output:
            self.program = subprocess.Popen(
                [*LOGSLUICE, "run", "logsluice.yaml"],
                cwd=self.folder,
                env={**own, **CREDENTIALS, "AWS_ENDPOINT_URL": self.bucket.url, "AWS_EC2_METADATA_DISABLED": "true"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return self.program

    def wait_for(self, what: str, reached: Iterator[bool]) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        for done in reached:
            if done:
                return
            assert self.program is not None
            said = (self.folder / "out.log").read_text()[-3000:]
            assert self.program.poll() is None, f"the program ended: {said}"
            assert time.monotonic() < end, f"it was never so: {what}: {said}"
            time.sleep(0.05)

    def has_read(self, count: int) -> Iterator[bool]:
        while True:
            yield len(self.bucket.reads) >= count

    def has_settled(self, count: int) -> Iterator[bool]:
        while True:
            yield self.ledger("s3_objects/listing/logs/2")[0] >= count

    def has_listed(self, requests: int) -> Iterator[bool]:
        wanted = self.bucket.listings.total() + requests
        while True:
            yield self.bucket.listings.total() >= wanted

    def ledger(self, beginning: str = "s3_objects/") -> tuple[int, int]:
        """Entries, and bytes of the file after what is in its log was taken over."""
        keeper = LocalKeeper(self.folder / "state")
        try:
            entries = sum(len(keeper.entries(name)) for name in keeper.names(beginning))
        finally:
            keeper.close()
        return entries, (self.folder / "state" / FILE_NAME).stat().st_size

    def events(self) -> list[int]:
        done = subprocess.run(
            [*LOGSLUICE, "search", "*", "--store", "store", "--json", "--size", "1000000"],
            cwd=self.folder,
            check=True,
            capture_output=True,
        )
        return sorted(json.loads(line)["n"] for line in done.stdout.splitlines())


@pytest.fixture
def lister(tmp_path: Path) -> Iterator[Lister]:
    with LargeBucket() as bucket:
        lister = Lister(bucket, tmp_path)
        yield lister
        if lister.program is not None:
            lister.program.kill()
            lister.program.wait()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("objects", [1_000, pytest.param(20_000, marks=pytest.mark.slow)])
def test_killed_five_times_every_event_is_there_once(lister: Lister, objects: int) -> None:
    chance = random.Random(objects)
    now = float(int(time.time()))
    same_second, late = objects // 20, 50
    # half of those of one second, and some that are older than what is done by then
    later = [*range(same_second // 2), *range(same_second, same_second + late)]

    def put(number: int) -> None:
        hours = chance.uniform(1, 40)
        age = 1800 if number < same_second else hours * 3600  # these were all written within one second
        content = b'{"n": %d, "@timestamp": "2026-01-31T12:00:00Z"}\n' % number
        lister.bucket.put(f"app/{chance.getrandbits(32):08x}-{number}.json", content, now - age)

    for number in set(range(objects)) - set(later):
        put(number)
    for kill in range(KILLS):
        program = lister.start()
        lister.wait_for("a part is read", lister.has_read((kill + 1) * objects // (KILLS + 2)))
        if kill == KILLS - 1:
            for number in later:
                put(number)
        time.sleep(chance.uniform(0, 0.3))
        assert program.poll() is None
        program.send_signal(signal.SIGKILL)
        program.wait()

    program = lister.start()
    lister.wait_for("everything is settled", lister.has_settled(objects))
    entries, size = lister.ledger()
    reads = dict(lister.bucket.reads)
    pages = objects // 1000 + 1
    lister.wait_for("ten more rounds", lister.has_listed((MORE_ROUNDS + 1) * pages))
    entries_after, size_after = lister.ledger()
    print(f"\n{objects} objects: the ledger has {entries} entries in {size} bytes;", end=" ")
    print(f"after {MORE_ROUNDS} more rounds {entries_after} in {size_after};", end=" ")
    print(f"{sum(reads.values()) - objects} objects were read again after kills")

    assert lister.bucket.reads == reads
    assert (entries_after, size_after) == (
        objects + 3,
        size,
    )  # a hash each; the floor, the last sweep, and that it is running
    program.terminate()
    assert program.wait(30) == 0
    assert lister.events() == list(range(objects))
    assert list((lister.folder / "dead-letter").rglob("*.ndjson")) == []
