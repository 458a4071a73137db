"""Notices an output that refuses nearly everything: a wrong mapping must not empty the source into the dead letter."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from logsluice.errors import Sick

REQUESTS = 4
DOCUMENTS = 1000


class RejectShare:
    """Speaks up when the share is over the limit in several requests in a row, and for many documents.

    One bad object among good ones never pauses an output.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._requests = 0
        self._documents = 0
        self._lock = threading.Lock()

    def judge(self, count: int, rejected: Mapping[int, str]) -> Sick | None:
        """Count one request; the fault that stands for its rejects, or None to let them go to the dead letter."""
        with self._lock:
            if len(rejected) <= count * self._limit:
                self._requests = self._documents = 0
                return None
            self._requests += 1
            self._documents += len(rejected)
            if self._requests < REQUESTS or self._documents < DOCUMENTS:
                return None
        example = next(iter(rejected.values()))
        return Sick(f"more than {self._limit:.0%} of the recent documents are refused, such as: {example}")
