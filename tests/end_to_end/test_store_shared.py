"""Two processes ship into one store while a third searches and a fourth compacts; each is killed in turn."""

from __future__ import annotations

import gzip
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from logsluice.store.checking import verify
from logsluice.store.query import StoreQuery
from tests.end_to_end.cloud import LOGSLUICE, alb_line

OBJECTS, LINES = 60, 100
DAYS = 28
"""Of `alb_line`: every such line is of the same day."""

COMPACTS = """
import sys
from logsluice.store.compaction import compact
while True:
    for merged, rows in compact(__import__("pathlib").Path(sys.argv[1]), whole=True):
        print(merged, flush=True)
"""
SEARCHES = """
import sys
from logsluice.store.query import StoreQuery
with StoreQuery(sys.argv[1]) as query:
    while True:
        print(query.count("elb_status_code:[0 TO 599]"), flush=True)
"""


def start(folder: Path, *command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_processes_that_are_killed_in_turn_leave_the_store_clean_and_exact(tmp_path: Path) -> None:
    for folder in ("left", "right"):
        (tmp_path / folder).mkdir()
    for number in range(OBJECTS):
        lines = range(number * LINES, (number + 1) * LINES)
        data = gzip.compress("".join(alb_line(line * DAYS) + "\n" for line in lines).encode(), 1)
        for folder in ("left", "right") if number % 3 == 0 else ("left",) if number % 3 == 1 else ("right",):
            (tmp_path / folder / f"{number}.log.gz").write_bytes(data)
    ship = [*LOGSLUICE, "ship", "--format", "alb", "--to", "store", "--store", "store"]
    first = subprocess.run([*ship, "left/0.log.gz"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    chance = random.Random(11)
    counts: list[int] = []
    merged = 0
    for victim in range(4):
        programs = [
            start(tmp_path, *ship, "left"),
            start(tmp_path, *ship, "right"),
            start(tmp_path, sys.executable, "-c", SEARCHES, "store"),
            start(tmp_path, sys.executable, "-c", COMPACTS, "store"),
        ]
        time.sleep(chance.uniform(0.8, 1.6))
        programs[victim].send_signal(signal.SIGKILL)
        for program in programs[:2]:
            _, said = program.communicate(timeout=60)
            assert program.returncode == (-9 if program is programs[victim] else 0), said
        for program in programs[2:]:
            assert program.poll() is None or program is programs[victim], program.communicate()
            program.kill()
        found, _ = programs[2].communicate()
        counts += map(int, found.split("\n")[:-1])
        merged += sum(map(int, programs[3].communicate()[0].split("\n")[:-1]))
        assert verify(tmp_path / "store").problems == ()
    for folder in ("left", "right"):
        subprocess.run([*ship, folder], cwd=tmp_path, check=True, capture_output=True)
    subprocess.run([*LOGSLUICE, "store", "compact"], cwd=tmp_path, check=True, capture_output=True)
    done = subprocess.run([*LOGSLUICE, "store", "verify", "--json"], cwd=tmp_path, check=True, capture_output=True)
    verdict = json.loads(done.stdout)
    assert (verdict["clean"], verdict["files"], verdict["events"]) == (True, 1, OBJECTS * LINES)
    with StoreQuery(tmp_path / "store") as query:
        traces = Counter(hit.event["trace_id"] for hit in query.search(size=OBJECTS * LINES * 2).hits)
    assert traces == Counter(f"Root=1-{line * DAYS:08x}-36d228ad5d99923122bbe354" for line in range(OBJECTS * LINES))
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    assert merged > 0
