"""A catalog made again from a store's files, which say themselves what they hold: `logsluice store rebuild`.

Files that another file says it replaces are left out. What two files both hold, since a process was killed between
writing and entering, is kept in one of them. A file that can't be read is set aside under `_damaged/`.
"""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from logsluice.errors import UsageError
from logsluice.store.catalog import FILE_NAME, Catalog, Entry, Range
from logsluice.store.parquet import About, as_sink_faults, sync
from logsluice.store.rewriting import Rewriter

MEMORY_LIMIT_MB = 512


@dataclass(slots=True)
class Rebuilt:
    """What became of a store's files.

    Attributes:
        files: How many are entered.
        rows: In them.
        repeated: Rows that two files held.
        replaced: Paths of files that others took the place of.
        damaged: Paths of files that can't be read, now under `_damaged/`.
    """

    files: int = 0
    rows: int = 0
    repeated: int = 0
    replaced: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


def rebuild(folder: Path) -> Rebuilt:
    """Make the catalog again, all of it or nothing; other processes may go on.

    One that can be read is filled again in one transaction. One that is missing or damaged is made beside and then put
    in its place; who writes by the old one finds out before it enters anything more.

    Raises:
        UsageError: There is no store.
        Sick: The folder can't be read or written.
        Busy: Another process holds the catalog for too long.
    """
    if not folder.is_dir() or not ((folder / FILE_NAME).exists() or any(_files(folder))):
        raise UsageError(f"there is no store in {folder}")
    with as_sink_faults(folder), contextlib.closing(Rewriter(folder, MEMORY_LIMIT_MB)) as rewriter:
        (folder / "_tmp").mkdir(exist_ok=True)
        catalog = _readable(folder)
        if catalog is not None:
            with contextlib.closing(catalog):
                return _refill(catalog, folder, rewriter)
        return _beside(folder, rewriter)


def _readable(folder: Path) -> Catalog | None:
    if not (folder / FILE_NAME).exists():
        return None
    try:
        catalog = Catalog(folder)
    except sqlite3.OperationalError:  # locked, or the disk is full: not damaged
        raise
    except sqlite3.DatabaseError:
        return None
    with contextlib.suppress(sqlite3.DatabaseError):
        if not catalog.damage():
            return catalog
    catalog.close()
    return None


def _beside(folder: Path, rewriter: Rewriter) -> Rebuilt:
    place = folder / "_tmp" / f"rebuild-{uuid.uuid4().hex}"
    place.mkdir()
    catalog = Catalog(place, create=True)
    try:
        result = _refill(catalog, folder, rewriter)
    finally:
        catalog.close()  # the last connection leaves one file, without a log beside it
    sync(place / FILE_NAME)
    for suffix in ("-wal", "-shm"):  # of the damaged one: SQLite would take them for the new one's
        (folder / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
    (place / FILE_NAME).replace(folder / FILE_NAME)
    sync(folder)
    place.rmdir()
    return result


def _refill(catalog: Catalog, folder: Path, rewriter: Rewriter) -> Rebuilt:
    collected = _Collected(folder, rewriter)
    catalog.refill(collected.entries)
    return collected.result


class _Collected:
    """The files of a store, in the order in which they were written."""

    def __init__(self, folder: Path, rewriter: Rewriter) -> None:
        self._folder = folder
        self._rewriter = rewriter
        self._held: dict[str, list[tuple[Range, str]]] = {}
        self.result = Rebuilt()

    def entries(self, dropped: Collection[str]) -> tuple[list[Entry], set[tuple[str, str]]]:
        """What the catalog is to have, without files that are known to be dropped."""
        abouts = dict(self._abouts(path for path in _files(self._folder) if path not in dropped))
        replaced = {path for about in abouts.values() for path in about.replaces}
        entries = [
            entry
            for path, about in abouts.items()
            if path not in replaced and (entry := self._entry(path, about)) is not None
        ]
        self.result.files = len(entries)
        self.result.rows = sum(file.rows for file, _, _ in entries)
        self.result.replaced = tuple(path for path in abouts if path in replaced)
        extras = {(about.format, name) for about in abouts.values() for name in about.extras}
        return entries, extras

    def _abouts(self, paths: Iterable[str]) -> Iterator[tuple[str, About]]:
        for path in paths:
            with (self._folder / path).open("rb"):
                pass  # a file that this user or process can't open is not damaged: the caller is told
            try:
                yield path, self._rewriter.about(path)
            except (duckdb.Error, ValueError):
                aside = self._folder / "_damaged" / path.replace("/", ".")
                aside.parent.mkdir(exist_ok=True)
                (self._folder / path).rename(aside)
                self.result.damaged += (path,)

    def _entry(self, path: str, about: About) -> Entry | None:
        """A file as it is, or without the rows that another one has; None where that is all."""
        overlapping = {
            other
            for span in about.ranges
            for held, other in self._held.get(span.digest, ())
            if span.first <= held.last and held.first <= span.last
        }
        file = self._rewriter.described(path, about, (self._folder / path).stat().st_size)
        entry: Entry = (file, about.ranges, about.columns)
        if overlapping and (repeated := self._rewriter.count_shared(path, overlapping)):
            self.result.repeated += repeated
            if repeated == file.rows:
                return None
            entry = self._rewriter.merge([file], about.columns, about.ranges, without_ids_of=overlapping)
        for span in about.ranges:
            self._held.setdefault(span.digest, []).append((span, entry[0].path))
        return entry


def _files(folder: Path) -> list[str]:
    paths = sorted(folder.glob("format=*/date=*/*.parquet"), key=lambda path: (path.stat().st_mtime_ns, path))
    return [path.relative_to(folder).as_posix() for path in paths]
