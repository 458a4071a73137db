"""State in a folder: one SQLite file in WAL mode, so on local disks only. Several processes may use it at once."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import structlog

from logsluice.errors import Unavailable, UsageError
from logsluice.state import Changes

FILE_NAME = "state.sqlite"
VERSION = 1
"""Of the tables below; kept in the database as `user_version`."""

BUSY_SECONDS = 30.0
"""How long a process waits for another one's transaction."""

_TABLES = """
CREATE TABLE partitions (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE entries (partition INTEGER NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (partition, key))
    WITHOUT ROWID;
"""

log = structlog.get_logger("state")


class LocalKeeper:
    """Entries in a SQLite file (`state.Keeper`). Every `write` is one transaction, and durable when it returns.

    Raises:
        UsageError: The folder can't be written, or holds the state of a later version of logsluice.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._held: list[int] = []
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(
                folder / FILE_NAME, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise UsageError(f"state can't be kept in {folder}: {error}", "name another folder as `state`") from error

    def _prepare(self) -> None:
        self._db.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only a new file takes it
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")  # what is settled must outlive a power cut
        with self._transaction():
            version = self._db.execute("PRAGMA user_version").fetchone()[0]
            if version > VERSION:
                raise UsageError(f"the state in {self._folder} is of a later version of logsluice", "use that version")
            if version == 0:
                for statement in _TABLES.strip().split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")

    def hold(self, partition: str) -> None:
        """Lock a file beside the database; the system lets it go when the process ends, however it ends."""
        path = self._folder / f"{hashlib.blake2b(partition.encode(), digest_size=8).hexdigest()}.lock"
        try:
            lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise UsageError(f"{path} can't be locked: {error.strerror}", "let one user own the state") from error
        self._held.append(lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip()
            log.warning(
                "another process works on the same: each input may be read twice; end one of the two",
                what=partition,
                process=holder,
            )
            return
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)

    def names(self, beginning: str) -> list[str]:
        """The partitions whose names begin so, sorted."""
        with self._reading():
            rows = self._db.execute(
                "SELECT name FROM partitions WHERE substr(name, 1, ?) = ? ORDER BY name", (len(beginning), beginning)
            )
            return [name for (name,) in rows]

    def entries(self, partition: str) -> dict[bytes, bytes]:
        """All of a partition."""
        with self._reading():
            return dict(
                self._db.execute(
                    "SELECT key, value FROM entries WHERE partition = (SELECT id FROM partitions WHERE name = ?)",
                    (partition,),
                )
            )

    def find(self, partition: str, keys: Collection[bytes]) -> set[bytes]:
        """Which of these keys a partition has."""
        with self._reading():
            row = self._db.execute("SELECT id FROM partitions WHERE name = ?", (partition,)).fetchone()
            if row is None:
                return set()
            ask = "SELECT 1 FROM entries WHERE partition = ? AND key = ?"
            return {key for key in keys if self._db.execute(ask, (row[0], key)).fetchone() is not None}

    def write(self, changes: Changes, drop: Iterable[str] = ()) -> None:
        """One transaction."""
        gone = list(drop)
        try:
            with self._lock, self._transaction():
                for name, entries in changes.items():
                    self._change(name, entries)
                for name in gone:
                    self._drop(name)
            if gone:
                with self._lock:
                    self._db.executescript("PRAGMA incremental_vacuum")  # a step a page: `execute` would make one
        except sqlite3.Error as error:
            raise Unavailable(f"the state in {self._folder} can't be written: {error}") from error

    def _change(self, name: str, entries: Mapping[bytes, bytes | None]) -> None:
        self._db.execute("INSERT OR IGNORE INTO partitions (name) VALUES (?)", (name,))
        (number,) = self._db.execute("SELECT id FROM partitions WHERE name = ?", (name,)).fetchone()
        self._db.executemany(
            "INSERT OR REPLACE INTO entries VALUES (?, ?, ?)",
            [(number, key, value) for key, value in entries.items() if value is not None],
        )
        self._db.executemany(
            "DELETE FROM entries WHERE partition = ? AND key = ?",
            [(number, key) for key, value in entries.items() if value is None],
        )

    def _drop(self, name: str) -> None:
        self._db.execute("DELETE FROM entries WHERE partition = (SELECT id FROM partitions WHERE name = ?)", (name,))
        self._db.execute("DELETE FROM partitions WHERE name = ?", (name,))

    def flush(self) -> None:
        """Nothing is put off."""

    def sync(self) -> None:
        """Nothing is put off."""

    def close(self) -> None:
        """Close the file and let go what is held."""
        with self._lock:
            self._db.close()
        for lock in self._held:
            os.close(lock)
        self._held.clear()

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except sqlite3.Error as error:
            raise Unavailable(f"the state in {self._folder} can't be read: {error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._db.execute("COMMIT")
        except BaseException:  # handed on: the next transaction must find none open
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
