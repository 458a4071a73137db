"""Start times and peak memory of the program as people run it.

    python -m bench.memory                   everything: some minutes, and 2 GB of disk while it runs
    python -m bench.memory start             only how long it takes to start

Peak memory is the resident set of the whole process (`ru_maxrss`). The bounds are those of the project's promises.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import data

MB = 1_000_000
STARTS = 10
PROGRAM = (str(Path(sys.executable).with_name("logsluice")),)


def start_rows() -> list[str]:
    """How long `import logsluice` and `logsluice --help` take, beyond the bare interpreter for the import."""
    bare = _fastest([sys.executable, "-c", "pass"])
    imported = _fastest([sys.executable, "-c", "import logsluice"]) - bare
    return [
        f"| import logsluice | {imported * 1000:.0f} ms | 150 ms |",
        f"| logsluice --help | {_fastest([*PROGRAM, '--help']) * 1000:.0f} ms | 300 ms |",
    ]


def _fastest(command: Sequence[str]) -> float:
    times = []
    for _ in range(STARTS):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return min(times)


def memory_rows() -> None:
    """Print the most memory that shipping one large object takes."""
    for name, size, what in (("alb", 1000 * MB, "1 GB of ALB lines"), ("cloudtrail", 300 * MB, "CloudTrail, 300 MB")):
        path = data.large_path_of(name, size)
        for target, bound in (("stdout", 120), ("store", 160)):
            with tempfile.TemporaryDirectory() as folder:
                most, seconds = peak([str(path), "--format", name, "--to", target], Path(folder))
            print(f"| {what} to {target} | {most:.0f} MB in {seconds:.0f} s | {bound} MB |", flush=True)


def peak(arguments: Sequence[str], folder: Path) -> tuple[float, float]:
    """Ship within a folder: peak memory in MB, and seconds."""
    began = time.perf_counter()
    child = subprocess.Popen([*PROGRAM, "ship", *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"ship ended with {child.returncode}")
    return used.ru_maxrss * 1024 / MB, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("start", "memory"), help="both by default")
    what = parser.parse_args().what
    print("| what | measured | bound |\n|---|---|---|")
    if what != "memory":
        print("\n".join(start_rows()))
    if what != "start":
        memory_rows()


if __name__ == "__main__":
    main()
