"""The state of a running program as a value: for `/health/…`, `/metrics`, `logsluice health` and a parent process."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from logsluice._version import __version__
from logsluice.telemetry.metrics import Sample

FRESH_SECONDS = 30.0
"""A status that was written longer ago is of a program that hangs or is gone; it is written every two seconds."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not as it should be.

    Attributes:
        pipeline: Its name, "" when it is about the process.
        what: `worker`, `source`, `output`, `bucket`, `parking`, `pipeline` or `process`.
        name: Which one, such as `opensearch/alb-2026.01.31`.
        reason: One sentence.
        since: When it began; None when that is not known.
        process: Which of several, "" when there is one.
    """

    pipeline: str
    what: str
    name: str
    reason: str
    since: datetime | None = None
    process: str = ""

    @property
    def seconds(self) -> float:
        """For how long it has been so; 0 when not known."""
        return 0.0 if self.since is None else (datetime.now(UTC) - self.since).total_seconds()

    def __str__(self) -> str:
        process = f"process {self.process}" if self.process else ""
        subject = " ".join(part for part in (process, self.pipeline, self.what, self.name) if part)
        since = f" since {self.since:%Y-%m-%d %H:%M:%S}Z" if self.since else ""
        return f"{subject}: {self.reason}{since}"


@dataclass(frozen=True, slots=True)
class Status:
    """What is known of a process, or of several together.

    Attributes:
        dead: Why it had better be started anew; empty while it lives.
        unready: Why it does not receive or deliver; empty when it is ready.
        urgent: Outages that will cost events unless they are ended soon.
        samples: Its metrics.
        at: `time.time()` of this status.
    """

    dead: Sequence[Reason] = ()
    unready: Sequence[Reason] = ()
    urgent: Sequence[Reason] = ()
    samples: Sequence[Sample] = ()
    at: float = 0.0

    def of_process(self, process: str) -> Status:
        """The same, as one of several."""
        return Status(
            dead=[replace(reason, process=process) for reason in self.dead],
            unready=[replace(reason, process=process) for reason in self.unready],
            urgent=[replace(reason, process=process) for reason in self.urgent],
            samples=[sample.of(process=process) for sample in self.samples],
            at=self.at,
        )

    def answer(self, question: str) -> tuple[bool, dict[str, Any]]:
        """Whether it is `live` or `ready`, and the document that says so."""
        reasons = self.dead if question == "live" else [*self.dead, *self.unready]
        told = {
            "status": question if not reasons else f"not {question}",
            "reasons": [_as_json(reason) for reason in reasons],
            "warnings": [_as_json(reason) for reason in self.urgent],
        }
        return not reasons, told

    def dump(self, with_samples: bool = True) -> bytes:
        """As one line of JSON."""
        return orjson.dumps(
            {
                "pid": os.getpid(),
                "at": self.at,
                "dead": [_as_json(reason) for reason in self.dead],
                "unready": [_as_json(reason) for reason in self.unready],
                "urgent": [_as_json(reason) for reason in self.urgent],
                "samples": [sample.as_json() for sample in self.samples] if with_samples else [],
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )


def load(line: bytes) -> Status:
    """What `dump` wrote. Raises ValueError."""
    told = orjson.loads(line)
    return Status(
        dead=[_reason(each) for each in told["dead"]],
        unready=[_reason(each) for each in told["unready"]],
        urgent=[_reason(each) for each in told["urgent"]],
        samples=[Sample(*each) for each in told["samples"]],
        at=told["at"],
    )


def together(parts: Mapping[str, Status]) -> Status:
    """Several processes as one: what is wrong with any is wrong with all, and every metric says whose it is."""
    told = [status.of_process(process) for process, status in parts.items()]
    return Status(
        dead=[reason for status in told for reason in status.dead],
        unready=[reason for status in told for reason in status.unready],
        urgent=[reason for status in told for reason in status.urgent],
        samples=[sample for status in told for sample in status.samples],
        at=time.time(),
    )


def of_this_process() -> Iterator[Sample]:
    """What the operating system knows of us; memory and descriptors only where there is a /proc (Linux)."""
    yield Sample("build_info", {"version": __version__}, 1)
    used = resource.getrusage(resource.RUSAGE_SELF)
    yield Sample("process_cpu_seconds_total", {}, round(used.ru_utime + used.ru_stime, 3))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        yield Sample("process_resident_memory_bytes", {}, pages * resource.getpagesize())
        yield Sample("process_open_fds", {}, sum(1 for _ in Path("/proc/self/fd").iterdir()))


def _as_json(reason: Reason) -> dict[str, Any]:
    told = {name: getattr(reason, name) for name in ("process", "pipeline", "what", "name", "reason")}
    since = {} if reason.since is None else {"since": reason.since.isoformat(timespec="seconds")}
    return {name: value for name, value in told.items() if value} | since


def _reason(told: Mapping[str, str]) -> Reason:
    since = datetime.fromisoformat(told["since"]) if "since" in told else None
    texts = {name: told.get(name, "") for name in ("pipeline", "what", "name", "reason", "process")}
    return Reason(**texts, since=since)
