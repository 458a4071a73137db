from __future__ import annotations

import re
from pathlib import Path

import pytest

from logsluice.telemetry.counters import BOUNDS, Counters
from logsluice.telemetry.metrics import METRICS, Sample, counted, exposition

PAGE = Path(__file__).parent.parent.parent / "docs" / "metrics.md"


def test_every_metric_is_documented_and_every_documented_metric_exists() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (?:`(\w+)` )?\|", PAGE.read_text(), re.MULTILINE)
    assert sorted(rows) == sorted((name, metric.kind, metric.label) for name, metric in METRICS.items())


def test_what_is_not_documented_can_not_be_exposed() -> None:
    with pytest.raises(KeyError):
        exposition([Sample("unheard_of", {}, 1)])


def test_samples_of_one_metric_stand_together_after_what_they_are() -> None:
    samples = [
        Sample("events_sent_total", {"pipeline": "a", "output": 'a "quoted"\nname\\'}, 3),
        Sample("budget_used_bytes", {"pipeline": "a"}, 1.5),
        Sample("events_sent_total", {"pipeline": "b", "output": "store"}, 4),
        Sample("processes", {}, 2),
    ]
    assert exposition(samples) == (
        "# HELP logsluice_budget_used_bytes Encoded events that are not confirmed yet.\n"
        "# TYPE logsluice_budget_used_bytes gauge\n"
        'logsluice_budget_used_bytes{pipeline="a"} 1.5\n'
        "# HELP logsluice_events_sent_total Events that an output confirmed.\n"
        "# TYPE logsluice_events_sent_total counter\n"
        'logsluice_events_sent_total{pipeline="a",output="a \\"quoted\\"\\nname\\\\"} 3\n'
        'logsluice_events_sent_total{pipeline="b",output="store"} 4\n'
        "# HELP logsluice_processes Processes that are running, of `processes: N`.\n"
        "# TYPE logsluice_processes gauge\n"
        "logsluice_processes 2\n"
    )


def test_a_histogram_counts_what_is_at_most_each_bound() -> None:
    counters = Counters()
    for seconds in (0.01, 0.02, 200_000.0):
        counters.took("send_seconds", seconds, "store")
    found = [sample for sample in counted(counters, "alb") if sample.name == "request_seconds"]
    labels = {"pipeline": "alb", "output": "store"}
    counts = [1, *[2] * (len(BOUNDS) - 1), 3]
    bounds = [*map(str, BOUNDS), "+Inf"]
    assert found == [
        *(
            Sample("request_seconds", {**labels, "le": bound}, count, "_bucket")
            for bound, count in zip(bounds, counts, strict=True)
        ),
        Sample("request_seconds", labels, 200_000.03, "_sum"),
        Sample("request_seconds", labels, 3, "_count"),
    ]


def test_counters_become_samples_by_their_label() -> None:
    counters = Counters()
    counters.add("events", 5, "alb")
    counters.add("events", 2, "waf")
    counters.add("rejects", 1, "no time")
    found = {(s.name, tuple(s.labels.items())): s.value for s in counted(counters, "main") if s.value}
    assert found == {
        ("events_read_total", (("pipeline", "main"), ("format", "alb"))): 5,
        ("events_read_total", (("pipeline", "main"), ("format", "waf"))): 2,
        ("reject_reasons_total", (("pipeline", "main"), ("reason", "no time"))): 1,
    }


def test_labels_that_come_from_input_are_bounded() -> None:
    counters = Counters()
    for number in range(1000):
        counters.add("rejects", 1, f"reason {number}")
    found = [sample for sample in counted(counters, "main") if sample.name == "reject_reasons_total"]
    assert len(found) == 201
    assert sum(sample.value for sample in found) == 1000
    assert len(exposition([Sample("reject_reasons_total", {"reason": "x" * 10_000}, 1)])) < 500
