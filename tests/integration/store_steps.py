"""A process that does something to a store and is killed before its n-th step, for every n; see test_store_kills.py.

Steps are the calls that change what another process, or this machine after a power cut, would find: syncs, renames,
removals, and the commits of SQLite. Arguments: scenario, a folder with the store to begin from, a folder for the
results. Each round is a fork of this process with a copy of the store. Prints a JSON line for each: the folder, and
which numbers were confirmed before the kill; the last round is the one that came to its end.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb  # noqa: F401 - loaded once, not in each fork

from logsluice.store import rebuilding, retention
from logsluice.store.catalog import Catalog
from logsluice.store.compaction import compact
from logsluice.testing.sinks import must_not_refuse, opened
from tests.integration.test_store_compaction import DAY, NOON, ONE, event, sink

CONFIRMED = "confirmed"


def write(folder: Path, confirm: Callable[[int], None]) -> None:
    """Two chunks, the first of two days, the second partly a repeat."""
    with opened(sink(folder, compact=False)) as target:
        for numbers in ((20, 21), (21, 22)):
            events = [event(number, days=number % 2) for number in numbers]
            target.send(target.encode(events, must_not_refuse))
            for number in numbers:
                confirm(number)


def compacting(folder: Path, confirm: Callable[[int], None]) -> None:
    list(compact(folder, whole=True))


def dropping(folder: Path, confirm: Callable[[int], None]) -> None:
    """The days of 2026-01-31 and before; then, as if the grace period were over, their files."""
    catalog = Catalog(folder)
    retention.drop_old(catalog, 0, NOON + DAY)
    retention.remove_gone(catalog, folder, time.time() + retention.GRACE_SECONDS + 5)


def forgetting(folder: Path, confirm: Callable[[int], None]) -> None:
    target = sink(folder, compact=False)
    with opened(target):
        target.forget(ONE)


def rebuilding_in_place(folder: Path, confirm: Callable[[int], None]) -> None:
    rebuilding.rebuild(folder)


def rebuilding_damaged(folder: Path, confirm: Callable[[int], None]) -> None:
    for path in folder.glob("catalog.sqlite-*"):
        path.unlink()
    (folder / "catalog.sqlite").write_bytes(b"damaged " * 1000)
    STEPS.on = True
    rebuilding.rebuild(folder)


SCENARIOS = {
    function.__name__: function
    for function in (write, compacting, dropping, forgetting, rebuilding_in_place, rebuilding_damaged)
}


class Steps:
    """Counts steps, and kills this process before the one that was asked for."""

    def __init__(self) -> None:
        self.left = -1
        self.on = True

    def take(self) -> None:
        if self.on:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def wrapped(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self.take()
            return original(*args, **kwargs)

        return call


STEPS = Steps()


class Connection(sqlite3.Connection):
    """Kills before a commit."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        if sql == "COMMIT":
            STEPS.take()
        return super().execute(sql, *parameters)


def instrument() -> None:
    for name in ("fsync", "rename", "replace", "unlink"):
        setattr(os, name, STEPS.wrapped(getattr(os, name)))
    connect = sqlite3.connect
    setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, factory=Connection, **kwargs))  # noqa: B010


def main(scenario: str, begin: str, results: str) -> None:
    instrument()
    for number in range(1, 200):
        folder = Path(results, str(number))
        shutil.copytree(begin, folder)
        child = os.fork()
        if child == 0:
            STEPS.on = scenario != "rebuilding_damaged"
            STEPS.left = number
            with (folder / CONFIRMED).open("a", buffering=1) as log:
                SCENARIOS[scenario](folder, lambda done: print(done, file=log, flush=True))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        done = [int(line) for line in (folder / CONFIRMED).read_text().split()]
        (folder / CONFIRMED).unlink()
        killed = os.waitstatus_to_exitcode(status)
        print(json.dumps({"folder": str(folder), "confirmed": done, "exit": killed}), flush=True)
        if killed != -signal.SIGKILL:
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
