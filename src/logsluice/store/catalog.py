"""The catalog of a store: which files belong to it, and which positions of which origins they hold.

A SQLite file beside the data is the authority: a Parquet file that is not entered here does not exist. One transaction
enters files together with their positions. Several threads and processes use it at once (WAL mode, so on local disks
only).
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from logsluice.errors import UsageError
from logsluice.store.columns import Columns

FILE_NAME = "catalog.sqlite"
VERSION = 1
"""Of the tables below; kept in the database as `user_version`."""

BUSY_SECONDS = 30.0
"""How long a process waits for another one's transaction."""

MOST_EXTRAS = 2000
"""How many names of undeclared data a writer enters; where there are so many, no query is refused for its names."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TABLES = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE, format TEXT NOT NULL, date TEXT NOT NULL, schema TEXT NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, min_time INTEGER, max_time INTEGER
);
CREATE TABLE ranges (
    digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, file INTEGER NOT NULL,
    PRIMARY KEY (digest, first, last, file)
) WITHOUT ROWID;
CREATE TABLE schemas (
    format TEXT NOT NULL, version TEXT NOT NULL, columns TEXT NOT NULL, PRIMARY KEY (format, version)
) WITHOUT ROWID;
CREATE TABLE extras (format TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (format, path)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Range:
    """The positions of one origin that one file took from: some from `first` to `last`, both inclusive."""

    digest: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class DataFile:
    """One Parquet file. `path` is relative to the store; times are aware UTC, None when no event has one."""

    path: str
    format: str
    date: str
    schema: str
    rows: int
    bytes: int
    min_time: datetime | None
    max_time: datetime | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the store held at one moment.

    Attributes:
        files: Those asked for.
        columns: By format and schema version, of every file in the store.
        extras: By format, the dotted names of undeclared data seen.
    """

    files: tuple[DataFile, ...]
    columns: dict[tuple[str, str], Columns]
    extras: dict[str, frozenset[str]]


class Overtaken(Exception):
    """Somebody else entered positions of the same origins meanwhile: look again at what is new."""


class Catalog:
    """One connection to a store's catalog, for all threads of a process.

    Args:
        folder: The store's folder.
        create: Make the catalog when there is none.

    Raises:
        UsageError: There is no store, or one of a later version of logsluice.
    """

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        path = folder / FILE_NAME
        if not create and not path.exists():
            raise UsageError(f"there is no store in {folder}", "`logsluice ship PATH` or `logsluice demo` makes one")
        self._lock = threading.Lock()
        self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._use_wal()
        self._db.execute("PRAGMA synchronous = FULL")  # what is confirmed must outlive a power cut
        self._migrate(folder)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._db.close()

    def latest(self) -> int:
        """The number of the newest file: what is entered from now on has a higher one."""
        with self._lock:
            return self._latest()

    def overlapping(self, ranges: Iterable[Range]) -> dict[str, list[Range]]:
        """Committed ranges that share positions with the given ones, by the path of the file ("" when it is gone)."""
        found: dict[str, list[Range]] = {}
        with self._lock:
            for wanted in ranges:
                for path, first, last in self._db.execute(
                    "SELECT ifnull(path, ''), first, last FROM ranges LEFT JOIN files ON files.id = ranges.file"
                    " WHERE digest = ? AND first <= ? AND last >= ?",
                    (wanted.digest, wanted.last, wanted.first),
                ):
                    found.setdefault(path, []).append(Range(wanted.digest, first, last))
        return found

    def enter(
        self,
        files: Sequence[tuple[DataFile, Sequence[Range], Columns]],
        extras: Iterable[tuple[str, str]],
        since: int,
    ) -> None:
        """Enter files, their ranges, their columns and the undeclared names in them: all or nothing.

        Args:
            files: Already complete under their final names.
            extras: (format, dotted name).
            since: What `latest` said before the rows were compared with `overlapping`.

        Raises:
            Overtaken: A file entered after `since` shares positions with these; nothing was entered.
        """
        with self._transaction():
            for _, ranges, _ in files:
                for wanted in ranges:
                    if self._db.execute(
                        "SELECT 1 FROM ranges WHERE digest = ? AND first <= ? AND last >= ? AND file > ?",
                        (wanted.digest, wanted.last, wanted.first, since),
                    ).fetchone():
                        raise Overtaken
            for file, ranges, columns in files:
                number = self._db.execute(
                    "INSERT INTO files (path, format, date, schema, rows, bytes, min_time, max_time)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        file.path,
                        file.format,
                        file.date,
                        file.schema,
                        file.rows,
                        file.bytes,
                        _micros(file.min_time),
                        _micros(file.max_time),
                    ),
                ).lastrowid
                self._db.executemany(
                    "INSERT INTO ranges VALUES (?, ?, ?, ?)", [(r.digest, r.first, r.last, number) for r in ranges]
                )
                self._db.execute(
                    "INSERT OR IGNORE INTO schemas VALUES (?, ?, ?)",
                    (file.format, file.schema, columns.dump().decode()),
                )
            self._db.executemany("INSERT OR IGNORE INTO extras VALUES (?, ?)", extras)

    def paths(self) -> set[str]:
        """Of all files."""
        with self._lock:
            return {path for (path,) in self._db.execute("SELECT path FROM files")}

    def snapshot(self, since: datetime | None = None, until: datetime | None = None) -> Snapshot:
        """What the store holds now.

        Args:
            since: Leave out files whose events are all older.
            until: Leave out files whose events are all at this time or later.
        """
        with self._transaction("BEGIN"):
            rows = self._db.execute(
                "SELECT path, format, date, schema, rows, bytes, min_time, max_time FROM files"
                " WHERE (?1 IS NULL OR max_time >= ?1) AND (?2 IS NULL OR min_time < ?2) ORDER BY id",
                (_micros(since), _micros(until)),
            ).fetchall()
            schemas = self._db.execute("SELECT format, version, columns FROM schemas").fetchall()
            extras: dict[str, set[str]] = {}
            for name, path in self._db.execute("SELECT format, path FROM extras"):
                extras.setdefault(name, set()).add(path)
        return Snapshot(
            tuple(_file(*row) for row in rows),
            {(name, version): Columns.load(columns) for name, version, columns in schemas},
            {name: frozenset(found) for name, found in extras.items()},
        )

    def _latest(self) -> int:
        (number,) = self._db.execute("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'files'").fetchone()
        return int(number)

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

    def _migrate(self, folder: Path) -> None:
        if self._db.execute("PRAGMA user_version").fetchone() == (VERSION,):
            return
        with self._transaction():
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise UsageError(
                    f"the store in {folder} was written by a later logsluice (catalog version {version}, this knows"
                    f" {VERSION})",
                    "use that version, or another folder",
                )
            if version == 0:
                for statement in filter(str.strip, _TABLES.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
        with self._lock:
            self._db.execute(begin)
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:  # handed on: whatever it was, the next transaction must find none open
                if self._db.in_transaction:  # SQLite itself has ended it where the disk was full
                    self._db.execute("ROLLBACK")
                raise


def _file(
    path: str, name: str, date: str, schema: str, rows: int, size: int, first: int | None, last: int | None
) -> DataFile:
    return DataFile(path, name, date, schema, rows, size, _time(first), _time(last))


def _micros(moment: datetime | None) -> int | None:
    if moment is None:
        return None
    passed = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1_000_000 + passed.microseconds


def _time(micros: int | None) -> datetime | None:
    if micros is None:
        return None
    seconds, rest = divmod(micros, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest)
