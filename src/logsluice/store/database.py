"""One connection to the SQLite file of a catalog: waiting for others, migrating, and noticing that it was replaced."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logsluice.errors import UsageError
from logsluice.store.tables import VERSION, migrate, version_of

BUSY_SECONDS = 30.0
"""How long a process waits for another one's transaction."""


class Overtaken(Exception):
    """Somebody else changed what this was about meanwhile: look again."""


class Database:
    """For all threads of a process.

    Raises:
        UsageError: A later version of logsluice wrote it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._connect()

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def damage(self) -> str:
        """What SQLite finds wrong with the file; "" when nothing."""
        with self._lock:
            (found,) = self._db.execute("PRAGMA quick_check(1)").fetchone()
        return "" if found == "ok" else str(found)

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
        """All of it or nothing. Raises Overtaken, before anything is done, where the file is another one by now."""
        with self._lock:
            with self._begun(begin):
                if self.path.stat().st_ino == self._inode:
                    yield
                    return
            old = self._db  # `rebuild` has put another catalog in this one's place
            self._connect()
            old.close()
        raise Overtaken

    @contextmanager
    def _begun(self, begin: str) -> Iterator[None]:
        self._db.execute(begin)
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:  # handed on: whatever it was, the next transaction must find none open
            if self._db.in_transaction:  # SQLite itself has ended it where the disk was full
                self._db.execute("ROLLBACK")
            raise

    def _connect(self) -> None:
        self._db = sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._inode = self.path.stat().st_ino
        self._use_wal()
        self._db.execute("PRAGMA synchronous = FULL")  # what is confirmed must outlive a power cut
        self._migrate()

    def _use_wal(self) -> None:
        # Two processes that switch at once: SQLite refuses one of them without waiting.
        for wait in (0.05, 0.1, 0.2, 0.5, 1.0, None):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError:
                if wait is None:
                    raise
                time.sleep(wait)

    def _migrate(self) -> None:
        if version_of(self._db) == VERSION:
            return
        with self._begun("BEGIN IMMEDIATE"):
            version = version_of(self._db)
            if version > VERSION:
                raise UsageError(
                    f"the store in {self.path.parent} was written by a later logsluice (catalog version {version}, this"
                    f" knows {VERSION})",
                    "use that version, or another folder",
                )
            migrate(self._db)
