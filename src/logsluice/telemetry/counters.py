"""Counters of what a pipeline did: for summaries, logs and metrics."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, defaultdict
from dataclasses import dataclass, field

LABELS = 200
"""Labels may come from input (reasons of rejects): past this many of one name, new ones are counted as `other`."""

BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600, 21600, 86400)
"""Seconds: from one request to an outage of a day."""


@dataclass(slots=True)
class Distribution:
    """How often durations were at most each of BOUNDS.

    Attributes:
        counts: Of each interval between two bounds; the last one is of what is longer than all.
        total: The sum of all durations, in seconds.
    """

    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BOUNDS, seconds)] += 1
        self.total += seconds


class Counters:
    """Named, thread-safe sums, each by one label: `add("rejects", 3, "bad JSON")`; and distributions of durations."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._durations: defaultdict[str, dict[str, Distribution]] = defaultdict(dict)

    def add(self, name: str, amount: int = 1, label: str = "") -> None:
        """Add to a sum; adding nothing leaves no trace."""
        if amount:
            with self._lock:
                sums = self._sums[name]
                sums[label if label in sums or len(sums) < LABELS else "other"] += amount

    def total(self, name: str) -> int:
        """Over all labels; 0 for a name that was never added to."""
        with self._lock:
            return sum(self._sums[name].values()) if name in self._sums else 0

    def by_label(self, name: str) -> dict[str, int]:
        """Label to sum, the largest first."""
        with self._lock:
            return dict(self._sums[name].most_common()) if name in self._sums else {}

    def totals(self) -> dict[str, int]:
        """Every name that was added to, with its sum over all labels."""
        with self._lock:
            return {name: sum(sums.values()) for name, sums in self._sums.items()}

    def took(self, name: str, seconds: float, label: str = "") -> None:
        """Note a duration. Labels are of our own making (an output's name), so their number is not bounded here."""
        with self._lock:
            self._durations[name].setdefault(label, Distribution()).add(seconds)

    def durations(self, name: str) -> dict[str, Distribution]:
        """Label to distribution, as they are now."""
        with self._lock:
            known = self._durations.get(name, {})
            return {label: Distribution(list(each.counts), each.total) for label, each in known.items()}
