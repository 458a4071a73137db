"""Notices an output that refuses nearly everything: a wrong mapping must not empty the source into the dead letter."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from logsluice.errors import Sick

REQUESTS = 4
DOCUMENTS = 1000
ORIGINS = 3


class RejectShare:
    """Speaks up when the share is over the limit in several requests in a row, for many documents of several origins.

    One bad object among good ones never pauses an output, however large it is.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._requests = 0
        self._documents = 0
        self._origins: set[str] = set()
        self._lock = threading.Lock()

    def judge(self, metadata: Sequence[Mapping[str, Any]], rejected: Mapping[int, str]) -> Sick | None:
        """Count one request; the fault that stands for its rejects, or None to let them go to the dead letter.

        Args:
            metadata: Of each document of the request.
            rejected: Index to reason.
        """
        with self._lock:
            if len(rejected) <= len(metadata) * self._limit:
                self._requests = self._documents = 0
                self._origins.clear()
                return None
            self._requests += 1
            self._documents += len(rejected)
            for index in rejected:
                if len(self._origins) == ORIGINS:
                    break
                self._origins.add(_origin_of(metadata[index]))
            if self._requests < REQUESTS or self._documents < DOCUMENTS or len(self._origins) < ORIGINS:
                return None
        example = next(iter(rejected.values()))
        return Sick(f"more than {self._limit:.0%} of the recent documents are refused, such as: {example}")


def _origin_of(metadata: Mapping[str, Any]) -> str:
    """What the ids of one origin begin with: its day and digest."""
    return ".".join(str(metadata.get("_id", "")).split(".", 2)[:2])
