"""Events a second a core, from gzip bytes to bulk bytes, against the bare prototype loop in the same run.

    python -m bench.run                      all formats
    python -m bench.run alb --events 50000 --rounds 3 --no-results

Our side is the way that a pipeline takes: decompression, framing with offsets, the format's parser, ids and
`[@metadata]`, `origin`, an index name from format and day, and the sink's `encode`, a piece at a time. Both sides run
in processes of their own, in turn, bound to one core; each warms up once and is then measured once, in CPU time. The
ratio is the median of the ratios of the rounds, for a shared machine's speed changes from minute to minute.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from bench import data
from logsluice.model import Origin, Payload

ROOT = Path(__file__).parent.parent
EVENTS = {"alb": 100_000, "cloudfront": 100_000, "cloudtrail": 40_000, "vpc_flow": 300_000, "waf": 60_000}


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process found: events a CPU second, and the most memory that it held, in MB."""

    speed: float
    memory: float


def ours(name: str, path: Path) -> tuple[int, int]:
    """The number of events and of bulk bytes of an object, by logsluice."""
    from logsluice.components import Context
    from logsluice.decode import Decoder
    from logsluice.formats import load
    from logsluice.hosts import memory
    from logsluice.sinks import opensearch

    memory.settle()  # as the program does
    chosen = load(name)
    config = opensearch.Config(hosts=["http://127.0.0.1:9200"])
    sink = opensearch.build(config, Context(formats=(chosen,)))
    count = size = 0
    for piece in Decoder(chosen).decode(payload_of(path)):
        if piece.rejects:
            raise SystemExit(piece.rejects[0].reason)
        encoded = sink.encode(piece.events, _refuse)
        count += len(encoded)
        size += encoded.size
    return count, size


def payload_of(path: Path) -> Payload:
    """A file as if it were an object in S3."""
    return _File(
        path,
        Origin(
            uri=f"s3://logs/{path.name}",
            version="9b2cf535f27731c974343645a3985328",
            attributes={"s3": {"bucket": "logs", "key": path.name}},
            name=f"AWSLogs/{path.name}",
        ),
    )


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    origin: Origin
    size: int | None = None

    def open(self) -> AbstractContextManager[BinaryIO]:
        return self.path.open("rb")

    def modified(self) -> None:
        return None


def _refuse(index: int, reason: str) -> None:
    raise SystemExit(f"event {index} refused: {reason}")


def prototype(name: str, path: Path) -> tuple[int, int]:
    """The same by the bare loop."""
    from bench.prototype import RUN

    return RUN[name](path)


SIDES: dict[str, Callable[[str, Path], tuple[int, int]]] = {"prototype": prototype, "ours": ours}


def measure_here(side: str, name: str, path: Path, events: int) -> Measured:
    """In this process: one run to warm up, one that counts."""
    run = SIDES[side]
    for _ in range(2):
        before = _cpu_seconds()
        count, _ = run(name, path)
        seconds = _cpu_seconds() - before
        if count != events:
            raise SystemExit(f"{side} found {count} events of {events}")
    return Measured(count / seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(side: str, name: str, events: int) -> Measured:
    """In a new process on one core."""
    core = max(os.sched_getaffinity(0))
    answer = subprocess.run(
        [sys.executable, "-m", "bench.run", name, "--events", str(events), "--side", side],
        capture_output=True,
        text=True,
        cwd=ROOT,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
        check=False,
    )
    if answer.returncode:
        raise SystemExit(answer.stderr or answer.stdout)
    return Measured(**json.loads(answer.stdout))


def compare(name: str, events: int, rounds: int) -> str:
    """One row of the table."""
    pairs = [(measure("prototype", name, events), measure("ours", name, events)) for _ in range(rounds)]
    theirs, own = zip(*pairs, strict=True)
    ratios = [b.speed / a.speed for a, b in pairs]
    speed, bare = (statistics.median(m.speed for m in side) for side in (own, theirs))
    return (
        f"| {name} | {speed:,.0f} | {bare:,.0f} "
        f"| {statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}) "
        f"| {max(m.memory for m in own):.0f} | {max(m.memory for m in theirs):.0f} |"
    )


def machine() -> str:
    """The processor's name."""
    found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    return found[1] if found else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("formats", nargs="*", help=f"of {', '.join(data.FORMATS)}; all by default")
    parser.add_argument("--events", type=int, help="events an object; each format has its own default")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-results", action="store_true", help="print the table only")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        (name,) = options.formats
        found = measure_here(options.side, name, data.path_of(name, options.events), options.events)
        print(json.dumps({"speed": found.speed, "memory": found.memory}))
        return
    lines = [
        ", ".join((f"{datetime.now(UTC):%Y-%m-%d}", machine(), f"Python {platform.python_version()}", "one core")),
        "",
        "| format | events/s | prototype | ratio (min-max) | peak MB | prototype's |",
        "|---|---|---|---|---|---|",
    ]
    print("\n".join(lines))
    for name in options.formats or data.FORMATS:
        events = options.events or EVENTS[name]
        data.path_of(name, events)
        lines.append(compare(name, events, options.rounds))
        print(lines[-1], flush=True)
    if not options.no_results:
        processor = re.sub(r"[^a-z0-9]+", "-", machine().lower()).strip("-")
        path = ROOT / "bench" / "results" / f"{datetime.now(UTC):%Y-%m-%d}-{processor}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"\nwritten to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
