"""Growing files, rotated in every way while the program is killed and started again: every line once in the store."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from tests.parts import wait_until

LOGSLUICE = [sys.executable, "-m", "logsluice"]
LINES, KILLS, ROTATE_EVERY = 24_000, 6, 1_700

CONFIG = """
pipelines:
  - source: {type: files, paths: ["logs/app.log*"], follow: true, interval: 100ms, range_bytes: 64KiB}
    format: json
    outputs:
      - store: {path: store}
      - file: {path: "archive/%{kind}.ndjson", rotate_size: 300KiB}
"""


class Writer(threading.Thread):
    """A program that logs, and its logrotate: by renaming or by copying and truncating, the one before compressed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._path = folder / "app.log"
        self._rotations = 0

    def run(self) -> None:
        chance = random.Random(3)
        file = self._path.open("a")
        for number in range(LINES):
            file.write(json.dumps({"n": number, "kind": "even" if number % 2 == 0 else "odd"}) + "\n")
            if number % 97 == 0:
                file.flush()
                time.sleep(0.035)
            if number % ROTATE_EVERY == ROTATE_EVERY - 1:
                file.flush()
                self._compress()
                if chance.random() < 0.5:
                    file.close()
                    self._path.rename(self._rotated())
                    file = self._path.open("a")
                else:
                    shutil.copy(self._path, self._rotated())
                    os.truncate(self._path, 0)
        file.close()

    def _rotated(self) -> Path:
        self._rotations += 1
        return self._path.with_name(f"app.log.{self._rotations}")

    def _compress(self) -> None:
        plain = self._path.with_name(f"app.log.{self._rotations}")
        if plain.exists():
            plain.with_name(f"{plain.name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
            plain.unlink()


def found_in_store(folder: Path) -> list[int]:
    command = [*LOGSLUICE, "search", "*", "--store", "store", "--json", "--size", str(2 * LINES)]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return [json.loads(line)["n"] for line in done.stdout.splitlines()]


def holds(folder: Path, count: int) -> bool:
    return wait_until(lambda: len(found_in_store(folder)) >= count, 30, 0.5)


def start(folder: Path, **environ: str) -> subprocess.Popen[bytes]:
    command = [*LOGSLUICE, "run", "logsluice.yaml"]
    with (folder / "out.log").open("ab") as log:
        return subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env={**os.environ, **environ})


def test_every_line_is_in_the_store_once_and_whole_in_files(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logsluice.yaml").write_text(CONFIG)
    writer = Writer(tmp_path / "logs")
    writer.start()
    chance = random.Random(5)
    for _ in range(KILLS):
        program = start(tmp_path)
        time.sleep(chance.uniform(1.0, 2.2))
        assert program.poll() is None, (tmp_path / "out.log").read_text()
        program.send_signal(signal.SIGKILL)
        program.wait()
    program = start(tmp_path)
    try:
        writer.join()
        assert holds(tmp_path, LINES)
    finally:
        program.terminate()
        assert program.wait(30) == 0
    counts = Counter(found_in_store(tmp_path))
    assert {number: count for number, count in counts.items() if count > 1} == {}
    assert sorted(counts) == list(range(LINES))
    written = [line for path in (tmp_path / "archive").iterdir() for line in path.read_bytes().splitlines()]
    assert {json.loads(line)["n"] for line in written} == set(range(LINES))
    assert list((tmp_path / "dead-letter").rglob("*.ndjson")) == []


def test_the_example_follows_and_resumes(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples" / "follow.yaml"
    (tmp_path / "logsluice.yaml").write_text(example.read_text())

    def archived() -> list[int]:
        contents = [gzip.decompress(path.read_bytes()) for path in tmp_path.glob("archive/json/*.gz")]
        return [json.loads(line)["n"] for content in contents for line in content.splitlines()]

    def follows(number: int) -> bool:
        with (tmp_path / "app.log").open("a") as file:
            file.write(json.dumps({"n": number}) + "\n")
        return wait_until(lambda: archived() == list(range(1, number + 1)), 30)

    for first in (1, 3):
        program = start(tmp_path, LOGS="app.log*")
        try:
            assert follows(first)
            assert follows(first + 1)
        finally:
            program.terminate()
            assert program.wait(30) == 0
    assert sorted(found_in_store(tmp_path)) == [1, 2, 3, 4]
