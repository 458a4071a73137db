"""A process that writes events to a store and says what was confirmed; see test_store_kills.py.

Arguments: folder, first number, last number (exclusive).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from logsluice.components import Context
from logsluice.model import Event
from logsluice.sinks import store

CHUNK = 50


def event(number: int) -> Event:
    """Every fifth is of the next day, so that a chunk makes two files."""
    return {
        "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(days=number % 5 == 0),
        "number": number,
        "@metadata": {"_id": f"20260131.child.{number * 100}", "position": number * 100, "format": "lines"},
    }


def main(folder: str, first: str, last: str) -> None:
    sink = store.build(store.Config(path=Path(folder)), Context())
    sink.open()
    for start in range(int(first), int(last), CHUNK):
        numbers = range(start, min(start + CHUNK, int(last)))
        sink.send(sink.encode([event(number) for number in numbers], lambda _index, _reason: None))
        print(numbers.stop, flush=True)
    sink.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
