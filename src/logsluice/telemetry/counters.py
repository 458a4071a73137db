"""Counters of what a pipeline did: for summaries, logs and, later, Prometheus."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict

LABELS = 200
"""Labels may come from input (reasons of rejects): past this many of one name, new ones are counted as `other`."""


class Counters:
    """Named, thread-safe sums, each by one label: `add("rejects", 3, "bad JSON")`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: defaultdict[str, Counter[str]] = defaultdict(Counter)

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
