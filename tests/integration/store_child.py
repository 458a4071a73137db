"""A process that writes events to a store, says what was confirmed, and may die on the way; see test_store_kills.py.

Arguments: folder, first number, last number (exclusive), and where to die: "", or "sync:3", "rename:1", "enter:2",
"entered:1" (the third sync, the first rename, before the second entry, after the first).
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from logsluice.components import Context
from logsluice.model import Event
from logsluice.sinks import store
from logsluice.store import catalog, parquet

CHUNK = 50


def event(number: int) -> Event:
    """Every fifth is of the next day, so that a chunk makes two files."""
    return {
        "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC) + timedelta(days=number % 5 == 0),
        "number": number,
        "@metadata": {"_id": f"20260131.child.{number * 100}", "position": number * 100, "format": "lines"},
    }


def dying(where: str, at: str, original: Callable[..., Any], after: bool = False) -> Callable[..., Any]:
    """The original, or death at its n-th call."""
    name, _, count = at.partition(":")
    left = int(count) if name == where else 0

    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return call


def main(folder: str, first: str, last: str, at: str = "") -> None:
    parquet.sync = dying("sync", at, parquet.sync)
    Path.rename = dying("rename", at, Path.rename)  # type: ignore[method-assign]
    catalog.Catalog.enter = dying("enter", at, catalog.Catalog.enter)  # type: ignore[method-assign]
    catalog.Catalog.enter = dying("entered", at, catalog.Catalog.enter, after=True)  # type: ignore[method-assign]
    sink = store.build(store.Config(path=Path(folder)), Context())
    sink.open()
    for start in range(int(first), int(last), CHUNK):
        numbers = range(start, min(start + CHUNK, int(last)))
        sink.send(sink.encode([event(number) for number in numbers], lambda _index, _reason: None))
        print(numbers.stop, flush=True)
    sink.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
