"""Writing to a store: a chunk of rows becomes Parquet files, entered in the catalog in one transaction.

A file is written under `_tmp/`, synced, renamed to `format=<format>/date=<day>/<schema>-<name>.parquet`, its folder
synced, and then entered: what is entered is there, and what is not entered does not exist. A process that is killed in
between leaves a file that nobody sees; `open` removes such orphans once they are older than `GRACE_SECONDS`.

A row whose id the store has is skipped. The catalog's ranges say in which files that can be; those files say which.
DuckDB turns the rows' JSON into Parquet: one connection, one thread and a small memory limit, one file at a time.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from logsluice.errors import Busy, Sick
from logsluice.store.catalog import Catalog, DataFile, Overtaken, Range
from logsluice.store.chunk import Chunk, Part
from logsluice.store.columns import Columns

if TYPE_CHECKING:
    import duckdb

GRACE_SECONDS = 600.0
"""Files without an entry are left alone for so long: another process may be about to enter them."""

MEMORY_LIMIT_MB = 64
_USUAL_LINE = 1024 * 1024
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


class Writer:
    """Writes to the store in a folder; shared by all threads of a process, beside other processes that do the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._one_at_a_time = threading.Lock()
        self._lasting: set[Path] = set()
        self._catalog: Catalog | None = None
        self._duckdb: duckdb.DuckDBPyConnection | None = None

    def open(self) -> None:
        """Make the folder and the catalog where there are none, and remove the orphans of killed processes.

        Raises:
            Sick: The folder can't be made or written to.
            UsageError: A later version of logsluice wrote this store.
        """
        with _as_sink_faults(self.folder):
            (self.folder / "_tmp").mkdir(parents=True, exist_ok=True)
            self._catalog = Catalog(self.folder, create=True)
            self._duckdb = _small_duckdb(self.folder)
            self._sweep(self._catalog)

    def write(self, chunk: Chunk, metadata: Sequence[Mapping[str, Any]]) -> int:
        """Write the rows that the store doesn't have; when this returns, all of them survive a kill and a power cut.

        Args:
            chunk: The rows.
            metadata: The `_id` and `format` of each.

        Returns:
            How many were there already.

        Raises:
            Sick: No space, no permission: for the operator to mend.
            Busy: The catalog was locked for too long.
        """
        catalog = self._catalog
        assert catalog is not None, "open() comes first"
        parts = chunk.parts(metadata)
        with _as_sink_faults(self.folder):
            while True:
                since = catalog.latest()
                new = self._new(catalog, parts)
                try:
                    self._write_new(catalog, new, chunk.extras, since)
                except Overtaken:
                    continue
                return len(metadata) - sum(len(part.ids) for part in new)

    def close(self) -> None:
        """Close the connections; what was written stays."""
        if self._duckdb is not None:
            self._duckdb.close()
        if self._catalog is not None:
            self._catalog.close()

    # ------------------------------------------------------------------------------------------ what is new

    def _new(self, catalog: Catalog, parts: Sequence[Part]) -> list[Part]:
        """The rows whose ids are neither in the store nor earlier in the chunk."""
        known: set[str] = set()
        for part in parts:
            overlapping = catalog.overlapping(part.ranges())
            # Ranges outlive the files that retention dropped: what lies in such a range was committed once.
            for span in overlapping.pop("", ()):
                known |= part.ids_in(span)
            held = [str(path) for name in overlapping if (path := self.folder / name).exists()]
            if held:
                found = self._execute(
                    "SELECT _id FROM read_parquet(?) WHERE _id IN (SELECT unnest(?))", [held, part.ids]
                )
                known.update(event_id for (event_id,) in found)
        new = [part.without(known) for part in parts]
        return [part for part in new if part.ids]

    # ------------------------------------------------------------------------------------------ files

    def _write_new(
        self, catalog: Catalog, parts: Sequence[Part], extras: Iterable[tuple[str, str]], since: int
    ) -> None:
        files: list[tuple[DataFile, Sequence[Range], Columns]] = []
        try:
            for part in parts:
                ranges = part.ranges()
                files.append((self._write_file(part, ranges), ranges, part.columns))
            catalog.enter(files, extras, since)
        except BaseException:  # handed on: what was not entered must not lie about
            for file, _, _ in files:
                (self.folder / file.path).unlink(missing_ok=True)
            raise

    def _write_file(self, part: Part, ranges: Sequence[Range]) -> DataFile:
        name = f"{part.columns.version}-{uuid.uuid4().hex}.parquet"
        relative = f"format={safe(part.format)}/date={part.date}/{name}"
        written, final = self.folder / "_tmp" / name, self.folder / relative
        try:
            self._to_parquet(written, part, _metadata(part, ranges))
            _sync(written)
            self._make_to_last(final.parent)
            written.rename(final)
            _sync(final.parent)
        except BaseException:  # handed on, as above
            written.unlink(missing_ok=True)
            raise
        return DataFile(
            path=relative,
            format=part.format,
            date=part.date,
            schema=part.columns.version,
            rows=len(part.ids),
            bytes=final.stat().st_size,
            min_time=part.min_time,
            max_time=part.max_time,
        )

    def _make_to_last(self, day: Path) -> None:
        """Make a day's folder, and sync its name even if it is there: who made it may have been killed before that."""
        day.mkdir(parents=True, exist_ok=True)
        if day not in self._lasting:
            _sync(day.parent)
            _sync(self.folder)
            self._lasting.add(day)

    def _to_parquet(self, target: Path, part: Part, metadata: str) -> None:
        """By way of a file: DuckDB's Python API reads memory only through packages that nothing else here needs."""
        ndjson = target.with_suffix(".ndjson")
        types = ", ".join(f"{literal(column.name)}: {literal(column.sql_type)}" for column in part.columns.columns)
        read = (
            f"read_json({literal(str(ndjson))}, format = 'newline_delimited', columns = {{{types}}},"
            f" maximum_object_size = {max(part.longest, _USUAL_LINE) + 1024})"
        )
        write = f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{logsluice: {literal(metadata)}}}"
        copy = f"COPY (FROM {read}) TO {literal(str(target))} ({write})"
        # DuckDB's buffers are made for the longest line; only a chunk with a huge one gets more memory.
        room = MEMORY_LIMIT_MB + (12 * part.longest >> 20 if part.longest > _USUAL_LINE else 0)
        try:
            ndjson.write_bytes(part.lines)
            self._execute(copy, memory_limit_mb=room)
        finally:
            ndjson.unlink(missing_ok=True)

    def _execute(
        self, sql: str, parameters: Sequence[object] = (), memory_limit_mb: int = MEMORY_LIMIT_MB
    ) -> list[tuple[Any, ...]]:
        assert self._duckdb is not None, "open() comes first"
        with self._one_at_a_time:
            if memory_limit_mb == MEMORY_LIMIT_MB:
                return self._duckdb.execute(sql, parameters).fetchall()
            self._duckdb.execute(f"SET memory_limit = '{memory_limit_mb}MB'")
            try:
                return self._duckdb.execute(sql, parameters).fetchall()
            finally:
                self._duckdb.execute(f"SET memory_limit = '{MEMORY_LIMIT_MB}MB'")

    def _sweep(self, catalog: Catalog) -> None:
        before = time.time() - GRACE_SECONDS
        old = [path for path in self.folder.glob("_tmp/*") if _written_before(path, before)]
        renamed = [path for path in self.folder.glob("format=*/date=*/*.parquet") if _written_before(path, before)]
        entered = catalog.paths()  # asked after listing: a file entered in between is kept
        old += [path for path in renamed if path.relative_to(self.folder).as_posix() not in entered]
        for path in old:
            path.unlink(missing_ok=True)


def literal(text: str) -> str:
    """A string as SQL spells it, for the places where DuckDB takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def safe(name: str) -> str:
    """A format's name as part of a path."""
    return "".join(char if char in _SAFE else "_" for char in name) or "_"


def _small_duckdb(folder: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    return duckdb.connect(
        config={
            "threads": 1,
            "async_threads": 1,
            "memory_limit": f"{MEMORY_LIMIT_MB}MB",
            "temp_directory": str(folder / "_tmp"),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def _metadata(part: Part, ranges: Sequence[Range]) -> str:
    """What a catalog can be made from again, kept in the file itself."""
    entry = {
        "format": part.format,
        "date": part.date,
        "columns": orjson.Fragment(part.columns.dump()),
        "ranges": [[span.digest, span.first, span.last] for span in ranges],
    }
    return orjson.dumps(entry).decode()


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _written_before(path: Path, moment: float) -> bool:
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


@contextmanager
def _as_sink_faults(folder: Path) -> Iterator[None]:
    """What the disk, SQLite and DuckDB raise, as the faults that outputs pause for."""
    import duckdb

    try:
        yield
    except sqlite3.OperationalError as error:
        kind = Busy if "locked" in str(error) or "busy" in str(error) else Sick
        raise kind(f"the catalog of the store in {folder}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Sick(f"the catalog of the store in {folder} is damaged: {error}") from error
    except OSError as error:
        raise Sick(f"the store in {folder} can't be written: {error.strerror or error}") from error
    except duckdb.Error as error:
        raise Sick(f"the store in {folder} can't be written: {str(error).splitlines()[0]}") from error
