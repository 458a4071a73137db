"""Is a store as its catalog says? `logsluice store verify` and `logsluice store info`."""
# ruff: noqa: S608 - values are bound or spelt by `literal`

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from logsluice.store.catalog import FILE_NAME, Catalog, DataFile, Range
from logsluice.store.columns import Column
from logsluice.store.compaction import plan
from logsluice.store.parquet import KEY, About, as_sink_faults, small_duckdb

MEMORY_LIMIT_MB = 512

PLACE = r"""CASE WHEN regexp_matches(_id, '^[^.]*\.[^.]*\.[0-9]{1,18}(\.|$)')
    THEN {'digest': split_part(_id, '.', 1) || '.' || split_part(_id, '.', 2),
          'position': CAST(split_part(_id, '.', 3) AS BIGINT)}
    ELSE {'digest': _id, 'position': CAST(0 AS BIGINT)} END"""
"""`chunk.place_of` in SQL."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check found.

    Attributes:
        files: How many were read.
        rows: In them.
        problems: What is wrong, a sentence each; none in a clean store.
        leftovers: Paths of files that are not entered: of killed processes, or replaced and not removed yet. They do no
            harm and go by themselves.
    """

    files: int
    rows: int
    problems: tuple[str, ...]
    leftovers: tuple[str, ...]


def verify(folder: Path) -> Verdict:
    """Read everything: files, row counts, times, columns, positions, and that no id is there twice.

    Raises:
        UsageError: There is no store.
        Sick: The folder can't be read, or its catalog is no database any more.
        Busy: Another process holds the catalog for too long.
    """
    with (
        as_sink_faults(folder),
        contextlib.closing(Catalog(folder)) as catalog,
        contextlib.closing(small_duckdb(folder, MEMORY_LIMIT_MB)) as connection,
    ):
        if damage := catalog.damage():
            return Verdict(0, 0, (f"the catalog is damaged: {damage}",), ())
        lying = sorted(path.relative_to(folder).as_posix() for path in folder.glob("format=*/date=*/*.parquet"))
        snapshot = catalog.snapshot()
        entered = {file.path for file in snapshot.files}
        check = _Check(folder, catalog, connection)
        problems = list(check.files(snapshot.files))
        problems += check.repeated(snapshot.files)
        leftovers = tuple(path for path in lying if path not in entered)
        return Verdict(len(snapshot.files), sum(file.rows for file in snapshot.files), tuple(problems), leftovers)


class _Check:
    def __init__(self, folder: Path, catalog: Catalog, connection: duckdb.DuckDBPyConnection) -> None:
        self._folder = folder
        self._catalog = catalog
        self._duckdb = connection
        self._unreadable: set[str] = set()

    def files(self, files: Sequence[DataFile]) -> Iterator[str]:
        for file in files:
            found = self._problems_of(file)
            # replaced meanwhile, and removed after its grace period
            if found and file.path not in {left.path for left in self._catalog.snapshot().files}:
                self._unreadable.add(file.path)
                continue
            yield from (f"{file.path}: {problem}" for problem in found)

    def repeated(self, files: Sequence[DataFile]) -> Iterator[str]:
        """Ids that are there more than once."""
        readable = [file for file in files if file.path not in self._unreadable]
        groups = {(file.format, file.schema): list[str]() for file in readable}
        for file in readable:
            groups[(file.format, file.schema)].append(str(self._folder / file.path))
        if not groups:
            return
        rows = " UNION ALL ".join("SELECT _id FROM read_parquet(?, hive_partitioning = false)" for _ in groups)
        for event_id, count in self._duckdb.execute(
            f"SELECT _id, count(*) AS n FROM ({rows}) WHERE _id IS NOT NULL GROUP BY _id HAVING n > 1"
            " ORDER BY _id LIMIT 10",
            list(groups.values()),
        ).fetchall():
            yield f"the id {event_id} is there {count} times"

    def _problems_of(self, file: DataFile) -> list[str]:
        path = self._folder / file.path
        try:
            size = path.stat().st_size
            about = self._about(path)
            described = self._duckdb.execute("DESCRIBE FROM read_parquet(?, hive_partitioning = false)", [str(path)])
            types = {name: kind for name, kind, *_ in described.fetchall()}
            rows, first, last = self._one(
                'SELECT count(*), min("@timestamp"), max("@timestamp") FROM read_parquet(?, hive_partitioning = false)',
                path,
            )
            places = self._duckdb.execute(
                f"SELECT p.digest, min(p.position), max(p.position) FROM (SELECT {PLACE} AS p"
                " FROM read_parquet(?, hive_partitioning = false) WHERE _id IS NOT NULL) GROUP BY ALL",
                [str(path)],
            ).fetchall()
        except FileNotFoundError:
            self._unreadable.add(file.path)
            return ["it is missing"]
        except (duckdb.Error, ValueError) as error:
            self._unreadable.add(file.path)
            return [f"it can't be read: {str(error).splitlines()[0]}"]
        ranges = {span.digest: span for span in self._catalog.ranges_of([file.path])}
        return [
            problem
            for wrong, problem in (
                (size != file.bytes, f"it has {size} bytes instead of {file.bytes}"),
                (rows != file.rows, f"it has {rows} rows instead of {file.rows}"),
                (not _within(file, first, last), f"its events are of {first} to {last}, outside of what is entered"),
                ((about.format, about.date) != (file.format, file.date), "it is of another format or date"),
                (about.columns.version != file.schema, "it has other columns than are entered"),
                (types != _types(about.columns.columns), "its columns are not of the types that it names"),
                (not all(_covers(ranges.get(d), low, high) for d, low, high in places), "it has positions not entered"),
            )
            if wrong
        ]

    def _about(self, path: Path) -> About:
        [value] = self._one(f"SELECT value FROM parquet_kv_metadata(?) WHERE key = '{KEY}'::BLOB", path) or [b""]
        return About.load(value)

    def _one(self, sql: str, path: Path) -> Any:
        return self._duckdb.execute(sql, [str(path)]).fetchone()


def _types(columns: Sequence[Column]) -> dict[str, str]:
    return {column.name: column.sql_type for column in columns}


def _covers(span: Range | None, first: int, last: int) -> bool:
    return span is not None and span.first <= first and last <= span.last


def _within(file: DataFile, first: datetime | None, last: datetime | None) -> bool:
    """The catalog's times may be wider: some of the rows may have been repeats."""
    if first is None or last is None:
        return True
    if file.min_time is None or file.max_time is None:
        return False
    return file.min_time <= first.replace(tzinfo=UTC) and last.replace(tzinfo=UTC) <= file.max_time


def info(folder: Path) -> dict[str, Any]:
    """Sizes and numbers of a store, for people and programs.

    Raises:
        UsageError: There is no store.
        Sick: The folder can't be read, or its catalog is no database any more.
        Busy: Another process holds the catalog for too long.
    """
    with as_sink_faults(folder), contextlib.closing(Catalog(folder)) as catalog:
        files = catalog.snapshot().files
        gone = catalog.gone(float("inf"))
    times = [time for file in files for time in (file.min_time, file.max_time) if time is not None]
    formats: dict[str, dict[str, int]] = {}
    for file in files:
        of = formats.setdefault(file.format, {"events": 0, "files": 0, "bytes": 0})
        of["events"] += file.rows
        of["files"] += 1
        of["bytes"] += file.bytes
    return {
        "path": str(folder),
        "events": sum(file.rows for file in files),
        "files": len(files),
        "bytes": sum(file.bytes for file in files),
        "formats": formats,
        "days": len({file.date for file in files}),
        "oldest": min(times).isoformat() if times else None,
        "newest": max(times).isoformat() if times else None,
        "schemas": len({(file.format, file.schema) for file in files}),
        "files_to_compact": sum(map(len, plan(files, whole=True))),
        "replaced_files": len(gone),
        "replaced_bytes": sum(file.bytes for file in gone),
        "catalog_bytes": sum(path.stat().st_size for path in folder.glob(f"{FILE_NAME}*")),
    }
