"""The catalog of a store: which files belong to it, and which positions of which origins they hold.

A SQLite file beside the data is the authority: a Parquet file that is not entered here does not exist. One transaction
enters files together with their positions. Several threads and processes use it at once (WAL mode, so on local disks
only).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

from logsluice.errors import UsageError
from logsluice.store.columns import Columns
from logsluice.store.database import Database, Overtaken

FILE_NAME = "catalog.sqlite"
MOST_EXTRAS = 2000
"""How many names of undeclared data a writer enters; where there are so many, no query is refused for its names."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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


Entry: TypeAlias = "tuple[DataFile, Sequence[Range], Columns]"
"""What the catalog is told of a file."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A file that is no longer entered and still lies in the folder, for those who read by an older snapshot."""

    id: int
    path: str
    bytes: int


class Catalog(Database):
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
        super().__init__(path)
        self._folder = folder

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
        files: Sequence[Entry],
        extras: Iterable[tuple[str, str]],
        since: int,
    ) -> None:
        """Enter files, their ranges, their columns and the undeclared names in them: all or nothing.

        Args:
            files: Already complete under their final names.
            extras: (format, dotted name).
            since: What `latest` said before the rows were compared with `overlapping`.

        Raises:
            Overtaken: A file entered after `since` shares positions with these, or a file is not there any more;
                nothing was entered.
        """
        with self._transaction():
            files = [entry for entry in files if not self._is_entered(entry[0].path)]  # by `rebuild`, meanwhile
            for file, ranges, _ in files:
                if not (self._folder / file.path).exists():
                    raise Overtaken  # taken for an orphan: this process slept for longer than the grace period
                for wanted in ranges:
                    if self._db.execute(
                        "SELECT 1 FROM ranges WHERE digest = ? AND first <= ? AND last >= ? AND file > ?",
                        (wanted.digest, wanted.last, wanted.first, since),
                    ).fetchone():
                        raise Overtaken
            self._insert(files, extras, int(time.time()))

    def replace(self, old: Sequence[str], new: Sequence[Entry], forgotten: str = "") -> None:
        """Put new files in the place of old ones, which `gone` has from then on: all or nothing.

        Args:
            old: Paths of files; their ranges go.
            new: Complete under their final names; with what is left of those ranges.
            forgotten: A digest of which nothing is to be left.

        Raises:
            Overtaken: An old file is no longer entered, or another one has rows of the forgotten digest.
        """
        with self._transaction():
            ids = self._ids(old)
            if forgotten:
                for (file,) in self._db.execute(
                    "SELECT file FROM ranges JOIN files ON files.id = file WHERE digest = ?", (forgotten,)
                ).fetchall():
                    if file not in ids:
                        raise Overtaken
            written = 0
            for number in ids:
                (moment,) = self._db.execute("SELECT written FROM files WHERE id = ?", (number,)).fetchone()
                written = max(written, moment)
                self._db.execute("DELETE FROM ranges WHERE file = ?", (number,))
            self._db.execute("DELETE FROM ranges WHERE digest = ?", (forgotten,))
            self._take_out(ids)
            self._insert(new, (), written)

    def drop(self, paths: Sequence[str]) -> None:
        """Take files out; their ranges stay, so that what was in them does not come back.

        Raises:
            Overtaken: One is no longer entered.
        """
        with self._transaction():
            self._take_out(self._ids(paths))
            self._db.execute("DELETE FROM schemas WHERE (format, version) NOT IN (SELECT format, schema FROM files)")

    def refill(self, files: Callable[[set[str]], tuple[Sequence[Entry], Iterable[tuple[str, str]]]]) -> None:
        """Forget what is entered, and enter other files and undeclared names instead. What is gone stays known.

        Args:
            files: Called with the paths of what is gone, while nobody else can enter anything.
        """
        with self._transaction():
            found, extras = files({path for (path,) in self._db.execute("SELECT path FROM gone")})
            self._db.execute("DELETE FROM ranges WHERE file NOT IN (SELECT id FROM gone)")
            for table in ("files", "schemas", "extras"):
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608
            self._insert(found, extras, int(time.time()))

    def ranges_of(self, paths: Iterable[str]) -> list[Range]:
        """What files hold, one range for each origin, from its first to its last position in any of them."""
        found: dict[str, Range] = {}
        with self._lock:
            for path in paths:
                for digest, first, last in self._db.execute(
                    "SELECT digest, first, last FROM ranges JOIN files ON files.id = ranges.file WHERE path = ?",
                    (path,),
                ):
                    known = found.get(digest)
                    if known is not None:
                        first, last = min(first, known.first), max(last, known.last)
                    found[digest] = Range(digest, first, last)
        return list(found.values())

    def holding(self, digest: str) -> list[DataFile]:
        """The files that have rows of an origin."""
        with self._lock:
            rows = self._db.execute(
                "SELECT DISTINCT path, format, date, schema, rows, bytes, min_time, max_time"
                " FROM ranges JOIN files ON files.id = ranges.file WHERE digest = ? ORDER BY files.id",
                (digest,),
            ).fetchall()
        return [_file(*row) for row in rows]

    def written_before(self, date: str, moment: float) -> list[str]:
        """Paths of the files of one date whose rows were all written before a moment (seconds since 1970)."""
        with self._lock:
            return [
                path
                for (path,) in self._db.execute(
                    "SELECT path FROM files WHERE date = ? AND written < ?", (date, int(moment))
                )
            ]

    def gone(self, before: float) -> list[Gone]:
        """Files that were replaced or dropped before a moment (seconds since 1970) and not removed yet."""
        with self._lock:
            rows = self._db.execute("SELECT id, path, bytes FROM gone WHERE NOT removed AND since < ?", (before,))
            return [Gone(*row) for row in rows]

    def removed(self, files: Sequence[Gone]) -> None:
        """These are no longer in the folder. Those of which ranges are left stay known, for `prune`."""
        with self._transaction():
            for file in files:
                self._db.execute("UPDATE gone SET removed = 1 WHERE id = ?", (file.id,))
                self._db.execute(
                    "DELETE FROM gone WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM ranges WHERE file = ?1)", (file.id,)
                )

    def prune(self, before: float) -> None:
        """Forget what was in files that were dropped before a moment (seconds since 1970)."""
        with self._transaction():
            old = "SELECT id FROM gone WHERE removed AND since < ?"
            self._db.execute(f"DELETE FROM ranges WHERE file IN ({old})", (before,))  # noqa: S608
            self._db.execute("DELETE FROM gone WHERE removed AND since < ?", (before,))

    def size(self) -> int:
        """Bytes of all entered files."""
        with self._lock:
            return int(self._db.execute("SELECT ifnull(sum(bytes), 0) FROM files").fetchone()[0])

    @contextmanager
    def kept(self) -> Iterator[set[str]]:
        """The paths of all files, entered and gone; nobody enters another one meanwhile."""
        with self._transaction():
            yield {path for (path,) in self._db.execute("SELECT path FROM files UNION SELECT path FROM gone")}

    def snapshot(self, since: datetime | None = None, until: datetime | None = None) -> Snapshot:
        """What the store holds now.

        Args:
            since: Leave out files whose events are all older.
            until: Leave out files whose events are all at this time or later.
        """
        try:
            return self._snapshot(since, until)
        except Overtaken:  # the catalog was rebuilt, and is open again
            return self._snapshot(since, until)

    def _snapshot(self, since: datetime | None, until: datetime | None) -> Snapshot:
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

    def _is_entered(self, path: str) -> bool:
        return self._db.execute("SELECT 1 FROM files WHERE path = ?", (path,)).fetchone() is not None

    def _ids(self, paths: Iterable[str]) -> list[int]:
        ids = []
        for path in paths:
            found = self._db.execute("SELECT id FROM files WHERE path = ?", (path,)).fetchone()
            if found is None:
                raise Overtaken
            ids.append(int(found[0]))
        return ids

    def _take_out(self, ids: Iterable[int]) -> None:
        now = int(time.time())
        for number in ids:
            self._db.execute(
                "INSERT INTO gone (id, path, bytes, since) SELECT id, path, bytes, ? FROM files WHERE id = ?",
                (now, number),
            )
            self._db.execute("DELETE FROM files WHERE id = ?", (number,))

    def _insert(self, files: Iterable[Entry], extras: Iterable[tuple[str, str]], written: int) -> None:
        for file, ranges, columns in files:
            number = self._db.execute(
                "INSERT INTO files (path, format, date, schema, rows, bytes, min_time, max_time, written)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    file.path,
                    file.format,
                    file.date,
                    file.schema,
                    file.rows,
                    file.bytes,
                    _micros(file.min_time),
                    _micros(file.max_time),
                    written,
                ),
            ).lastrowid
            self._db.executemany(
                "INSERT INTO ranges VALUES (?, ?, ?, ?)", [(r.digest, r.first, r.last, number) for r in ranges]
            )
            self._db.execute(
                "INSERT OR IGNORE INTO schemas VALUES (?, ?, ?)", (file.format, file.schema, columns.dump().decode())
            )
        self._db.executemany("INSERT OR IGNORE INTO extras VALUES (?, ?)", extras)


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
