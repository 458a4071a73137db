"""Parquet files of a store: how they are made, how they get their final name, and what they say of themselves.

A file carries all that a catalog knows of it as JSON in its key-value metadata, under `logsluice`: format, date,
columns, ranges, the undeclared names in it, and the files that it took the place of.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from logsluice.errors import Busy, Sick
from logsluice.store.catalog import Catalog, Range
from logsluice.store.columns import Columns
from logsluice.store.database import Overtaken

if TYPE_CHECKING:
    import duckdb

KEY = "logsluice"
ROW_GROUP = 16_384
"""Rows of a group in rewritten files: what is in memory while one is written, and what a time range can skip."""

_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of itself.

    Attributes:
        replaces: Paths of the files that it was made from, and that count no more since it does.
    """

    format: str
    date: str
    columns: Columns
    ranges: Sequence[Range]
    extras: Sequence[str] = ()
    replaces: Sequence[str] = ()

    def dump(self) -> str:
        """As JSON."""
        entry = {
            "format": self.format,
            "date": self.date,
            "columns": orjson.Fragment(self.columns.dump()),
            "ranges": [[span.digest, span.first, span.last] for span in self.ranges],
            "extras": list(self.extras),
            "replaces": list(self.replaces),
        }
        return orjson.dumps(entry).decode()

    def options(self) -> str:
        """SQL options of COPY, for a file that says this of itself."""
        return f"FORMAT parquet, COMPRESSION zstd, KV_METADATA {{{KEY}: {literal(self.dump())}}}"

    @classmethod
    def load(cls, dumped: bytes) -> About:
        """What `dump` wrote. Raises ValueError, KeyError or TypeError where it is something else."""
        entry = orjson.loads(dumped)
        return cls(
            entry["format"],
            entry["date"],
            Columns.load(orjson.dumps(entry["columns"])),
            [Range(*span) for span in entry["ranges"]],
            entry.get("extras", ()),
            entry.get("replaces", ()),
        )


class Shelf:
    """Makes files in a store's folder so that what has its final name is whole, and survives a power cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lasting: set[Path] = set()

    def put(self, about: About, write: Callable[[Path, str], None]) -> tuple[str, int]:
        """Have a file written under `_tmp/` and give it its final name.

        Args:
            about: Decides the name; what the file is to say of itself.
            write: Makes the Parquet file of that path, with SQL options that carry `about`.

        Returns:
            Its path, relative to the store, and its bytes.
        """
        name = f"{about.columns.version}-{uuid.uuid4().hex}.parquet"
        relative = f"format={safe(about.format)}/date={about.date}/{name}"
        written, final = self.folder / "_tmp" / name, self.folder / relative
        try:
            write(written, about.options())
            sync(written)
            self._make_to_last(final.parent)
            written.rename(final)
            sync(final.parent)
        except BaseException:  # handed on: what is not whole must not lie about
            written.unlink(missing_ok=True)
            raise
        return relative, final.stat().st_size

    def discard(self, catalog: Catalog, paths: Iterable[str]) -> None:
        """Remove files that could not be entered, unless `rebuild` has entered them. What can't be removed is swept."""
        with contextlib.suppress(Overtaken, sqlite3.Error, OSError), catalog.kept() as kept:
            for path in set(paths) - kept:
                (self.folder / path).unlink(missing_ok=True)

    def _make_to_last(self, day: Path) -> None:
        """Make a day's folder, and sync its name even if it is there: who made it may have been killed before that."""
        try:
            day.mkdir(parents=True)
            self._lasting.discard(day)  # retention had removed it
        except FileExistsError:
            pass
        if day not in self._lasting:
            sync(day.parent)
            sync(self.folder)
            self._lasting.add(day)


def small_duckdb(folder: Path, memory_limit_mb: int) -> duckdb.DuckDBPyConnection:
    """A connection that takes little: one thread, and what does not fit into memory goes to the store's disk."""
    import duckdb

    return duckdb.connect(
        config={
            "threads": 1,
            "async_threads": 1,
            "memory_limit": f"{memory_limit_mb}MB",
            "temp_directory": spill(folder),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )


def spill(folder: Path) -> str:
    """A folder for what does not fit into memory: one a connection, as DuckDB always gives the same names.

    DuckDB makes it when it is needed, and removes it.
    """
    return str(folder / "_tmp" / f"spill-{uuid.uuid4().hex}")


def literal(text: str) -> str:
    """A string as SQL spells it, for the places where DuckDB takes no parameters."""
    return "'" + text.replace("'", "''") + "'"


def safe(name: str) -> str:
    """A format's name as part of a path."""
    return "".join(char if char in _SAFE else "_" for char in name) or "_"


def sync(path: Path) -> None:
    """Have a file's bytes, or a folder's names, on the disk before this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def as_sink_faults(folder: Path) -> Iterator[None]:
    """What the disk, SQLite and DuckDB raise, as the faults that outputs pause for."""
    import duckdb

    try:
        yield
    except sqlite3.OperationalError as error:
        kind = Busy if "locked" in str(error) or "busy" in str(error) else Sick
        raise kind(f"the catalog of the store in {folder}: {error}") from error
    except sqlite3.DatabaseError as error:
        raise Sick(
            f"the catalog of the store in {folder} is damaged: {error}; see `logsluice store rebuild`"
        ) from error
    except OSError as error:
        raise Sick(f"the store in {folder} can't be written: {error.strerror or error}") from error
    except duckdb.Error as error:
        raise Sick(f"the store in {folder} can't be written: {str(error).splitlines()[0]}") from error
