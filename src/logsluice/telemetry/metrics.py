"""Metrics in Prometheus' text format: their names, and how samples of them are written.

A `Sample` is made where the value is known, from live objects at the moment of asking, and can be sent to another
process as JSON. The format is "Exposition formats, Text-based format" of the Prometheus documentation; writing it takes
no library (importing prometheus-client costs 70 ms).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, Literal

from logsluice.telemetry.counters import BOUNDS, Counters

PREFIX = "logsluice_"
LABEL_LENGTH = 200
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Metric:
    """One documented name.

    Attributes:
        kind: As Prometheus calls it.
        help: One sentence.
        label: What it is told apart by, beside the pipeline; "" when by nothing.
        counter: Its name among the pipeline's `Counters`, "" for what is read from live objects.
    """

    kind: Literal["counter", "gauge", "histogram"]
    help: str
    label: str = ""
    counter: str = ""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric; `suffix` is that of a histogram's parts."""

    name: str
    labels: Mapping[str, str]
    value: float
    suffix: str = ""

    def of(self, **labels: str) -> Sample:
        """The same with more labels."""
        return replace(self, labels={**self.labels, **labels})

    def as_json(self) -> list[Any]:
        """For another process."""
        return [self.name, dict(self.labels), self.value, self.suffix]


METRICS: dict[str, Metric] = {
    "events_read_total": Metric("counter", "Events that were parsed.", "format", "events"),
    "events_sent_total": Metric("counter", "Events that an output confirmed.", "output", "events_sent"),
    "events_filtered_total": Metric("counter", "Events that filters dropped.", "", "filtered_out"),
    "events_unrouted_total": Metric("counter", "Events that matched no output.", "", "unrouted"),
    "events_left_out_total": Metric("counter", "Events an optional output did not take.", "output", "left_out"),
    "duplicates_total": Metric("counter", "Events that an output had already.", "output", "duplicates"),
    "bytes_read_total": Metric("counter", "Decompressed bytes that were parsed.", "", "bytes"),
    "stored_bytes_read_total": Metric("counter", "Bytes as stored, of payloads read to their end.", "", "stored_bytes"),
    "bytes_sent_total": Metric("counter", "Encoded bytes in requests to an output.", "output", "bytes_sent"),
    "payloads_total": Metric("counter", "Objects or files that were read to their end.", "", "payloads"),
    "deliveries_total": Metric("counter", "Deliveries by what became of them.", "outcome", "deliveries"),
    "rejects_total": Metric("counter", "Records and events that could not be used.", "stage", "reject_stages"),
    "reject_reasons_total": Metric("counter", "The same by reason.", "reason", "rejects"),
    "source_faults_total": Metric("counter", "Inputs that could not be read.", "kind", "source_faults"),
    "retries_total": Metric("counter", "Rounds in which an output took less than all.", "output", "retries"),
    "requests_failed_total": Metric("counter", "Requests that failed as a whole.", "output", "requests_failed"),
    "crashes_total": Metric("counter", "Batches that failed by an error in logsluice.", "", "crashes"),
    "heartbeats_total": Metric("counter", "Extensions of visibility by result.", "result", "heartbeats"),
    "source_total": Metric("counter", "What the source counts, such as messages.", "what"),
    "request_seconds": Metric("histogram", "Duration of one request to an output.", "output", "send_seconds"),
    "delivery_age_seconds": Metric("histogram", "From when a payload was written to its delivery.", "", "age_seconds"),
    "lag_seconds": Metric("gauge", "Now minus the time of the newest event delivered."),
    "oldest_delivery_seconds": Metric("gauge", "For how long the oldest delivery has been in hand; 0 without one."),
    "deliveries_in_hand": Metric("gauge", "Deliveries that were received and are not settled."),
    "deliveries_parked": Metric("gauge", "Of these, those that wait for a cure."),
    "budget_used_bytes": Metric("gauge", "Encoded events that are not confirmed yet."),
    "budget_limit_bytes": Metric("gauge", "The pipeline's `budget`."),
    "workers": Metric("gauge", "Worker threads that are alive."),
    "output_failing_seconds": Metric("gauge", "For how long an output has been failing; 0 when it works.", "output"),
    "paused_buckets": Metric("gauge", "Buckets of which nothing is read for now."),
    "ready": Metric("gauge", "Whether /health/ready would say so: 1 or 0."),
    "build_info": Metric("gauge", "Always 1; the version is a label.", "version"),
    "process_resident_memory_bytes": Metric("gauge", "Resident memory of the process."),
    "process_cpu_seconds_total": Metric("counter", "User and system time of the process."),
    "process_open_fds": Metric("gauge", "Open file descriptors of the process."),
    "processes": Metric("gauge", "Processes that are running, of `processes: N`."),
    "process_restarts_total": Metric("counter", "Processes that died and were started again."),
}
"""By name without PREFIX; docs/metrics.md says the same, and a test compares them."""


def counted(counters: Counters, pipeline: str) -> Iterator[Sample]:
    """The samples of everything that one pipeline counts."""
    for name, metric in METRICS.items():
        if metric.kind == "histogram":
            for label, distribution in counters.durations(metric.counter).items():
                labels = {"pipeline": pipeline, **({metric.label: label} if metric.label else {})}
                yield from _histogram(name, labels, distribution.counts, distribution.total)
        elif metric.counter and metric.label:
            for label, value in counters.by_label(metric.counter).items():
                yield Sample(name, {"pipeline": pipeline, metric.label: label}, value)
        elif metric.counter:
            yield Sample(name, {"pipeline": pipeline}, counters.total(metric.counter))


def _histogram(name: str, labels: Mapping[str, str], counts: Sequence[int], total: float) -> Iterator[Sample]:
    sums = list(accumulate(counts))
    for bound, count in zip((*map(str, BOUNDS), "+Inf"), sums, strict=True):
        yield Sample(name, {**labels, "le": bound}, count, "_bucket")
    yield Sample(name, labels, total, "_sum")
    yield Sample(name, labels, sums[-1], "_count")


def exposition(samples: Iterable[Sample]) -> str:
    """The text that Prometheus reads: samples of one metric together, after what kind they are."""
    families: dict[str, list[Sample]] = {}
    for sample in samples:
        families.setdefault(sample.name, []).append(sample)
    return "".join(line for name, family in sorted(families.items()) for line in _family(name, family))


def _family(name: str, samples: Iterable[Sample]) -> Iterator[str]:
    metric = METRICS[name]
    yield f"# HELP {PREFIX}{name} {metric.help}\n"
    yield f"# TYPE {PREFIX}{name} {metric.kind}\n"
    for sample in samples:
        labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in sample.labels.items())
        value = int(sample.value) if float(sample.value).is_integer() else sample.value
        yield f"{PREFIX}{name}{sample.suffix}{{{labels}}} {value}\n" if labels else f"{PREFIX}{name} {value}\n"


def _escaped(value: str) -> str:
    cut = value if len(value) <= LABEL_LENGTH else f"{value[: LABEL_LENGTH - 1]}…"
    return cut.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
