"""What was confirmed survives kills at random moments; several processes write at once. See test_store_steps.py too."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from logsluice.store.query import StoreQuery
from tests.integration import store_child

TOTAL = 1000


def child(folder: Path, first: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, store_child.__file__, str(folder), str(first), str(TOTAL)],
        stdout=subprocess.PIPE,
        text=True,
    )


def confirmed(process: subprocess.Popen[str]) -> int:
    """Wait for the end; up to which number the process said that events are safe."""
    output, _ = process.communicate(timeout=60)
    return max(map(int, output.split()), default=0)


def stored(folder: Path) -> Counter[int]:
    with StoreQuery(folder) as query:
        return Counter(hit.event["number"] for hit in query.search(size=10 * TOTAL).hits)


def test_ten_kills_at_random_moments(tmp_path: Path) -> None:
    folder, chance = tmp_path / "store", random.Random(7)
    safe = 0
    for _ in range(10):
        process = child(folder)
        time.sleep(0.25 + chance.random() * 0.5)
        process.kill()
        safe = max(safe, confirmed(process))
        if safe:
            assert set(range(safe)) <= set(stored(folder))
    assert confirmed(child(folder)) == TOTAL
    assert stored(folder) == Counter(range(TOTAL))


def test_processes_that_write_the_same_events_at_once_add_them_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    processes = [child(folder), child(folder, 30), child(folder, 500)]
    assert [confirmed(process) for process in processes] == [TOTAL] * 3
    assert stored(folder) == Counter(range(TOTAL))
