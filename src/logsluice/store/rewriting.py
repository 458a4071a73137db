"""Making one file of a store out of several: to compact them, or to leave rows out."""
# ruff: noqa: S608 - values are bound or spelt by `literal`

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from logsluice.store.catalog import Catalog, DataFile, Entry, Range
from logsluice.store.columns import Columns
from logsluice.store.database import Overtaken
from logsluice.store.parquet import KEY, ROW_GROUP, About, Shelf, literal, small_duckdb

MEMORY_LIMIT_MB = 128


class Rewriter:
    """Reads files of a store and writes them anew; one thread at a time. Enters nothing.

    Rows keep the order of the files, which are taken by their earliest time: logs come in nearly in order, so groups of
    rows cover short times. (DuckDB 2.0 can't sort a million wide rows in this little memory, not even by way of the
    disk.)
    """

    def __init__(self, folder: Path, memory_limit_mb: int = MEMORY_LIMIT_MB) -> None:
        self._folder = folder
        self._shelf = Shelf(folder)
        self._duckdb = small_duckdb(folder, memory_limit_mb)

    def close(self) -> None:
        """Close the connection."""
        self._duckdb.close()

    def merge(
        self,
        files: Sequence[DataFile],
        columns: Columns,
        ranges: Sequence[Range],
        without: str = "",
        without_ids_of: Iterable[str] = (),
    ) -> Entry:
        """One new file with the rows of several of one format, date and schema.

        Args:
            files: At least one.
            columns: Theirs.
            ranges: What the new one holds.
            without: Leave out the rows whose ids begin with this.
            without_ids_of: Leave out the rows that these files have.
        """
        ordered = sorted(files, key=lambda file: (file.min_time is None, file.min_time or 0, file.path))
        about = About(
            files[0].format,
            files[0].date,
            columns,
            ranges,
            sorted({name for file in ordered for name in self.about(file.path).extras}),
            [file.path for file in ordered],
        )
        limits = []
        if without:
            limits.append(f"(_id IS NULL OR NOT starts_with(_id, {literal(without)}))")
        if others := list(without_ids_of):
            limits.append(f"(_id IS NULL OR _id NOT IN {self._ids(others)})")
        where = f"WHERE {' AND '.join(limits)}" if limits else ""
        rows = f"SELECT * FROM {self._read(file.path for file in ordered)} {where}"

        def write(target: Path, options: str) -> None:
            self._duckdb.execute(f"COPY ({rows}) TO {literal(str(target))} ({options}, ROW_GROUP_SIZE {ROW_GROUP})")

        path, size = self._shelf.put(about, write)
        return self.described(path, about, size), ranges, columns

    def count_shared(self, path: str, others: Iterable[str]) -> int:
        """How many rows of a file are in others too, by their ids."""
        found = self._duckdb.execute(
            f"SELECT count(*) FROM {self._read([path])} WHERE _id IN {self._ids(others)}"
        ).fetchone()
        return int(found[0]) if found else 0

    def replace(self, catalog: Catalog, old: Sequence[DataFile], new: Sequence[Entry], forgotten: str = "") -> bool:
        """`Catalog.replace`; when it can't be done, the new files are removed. False when somebody came first."""
        try:
            catalog.replace([file.path for file in old], new, forgotten)
        except BaseException as error:  # handed on: what was not entered must not lie about
            self._shelf.discard(catalog, [file.path for file, _, _ in new])
            if isinstance(error, Overtaken):
                return False
            raise
        return True

    def about(self, path: str) -> About:
        """What a file says of itself.

        Raises:
            ValueError: It says nothing that a store's file would say.
            duckdb.Error: It is no Parquet file.
        """
        found = self._duckdb.execute(
            "SELECT value FROM parquet_kv_metadata(?) WHERE key = ?", [str(self._folder / path), KEY.encode()]
        ).fetchone()
        try:
            return About.load(found[0] if found else b"")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path} does not say what it holds") from error

    def described(self, path: str, about: About, size: int) -> DataFile:
        """What the catalog is to know of a file that is there."""
        found = self._duckdb.execute(
            'SELECT count(*), min("@timestamp"), max("@timestamp") FROM read_parquet(?, hive_partitioning = false)',
            [str(self._folder / path)],
        ).fetchone()
        assert found is not None
        rows, first, last = found
        return DataFile(path, about.format, about.date, about.columns.version, rows, size, _utc(first), _utc(last))

    def _read(self, paths: Iterable[str]) -> str:
        listed = ", ".join(literal(str(self._folder / path)) for path in paths)
        return f"read_parquet([{listed}], hive_partitioning = false)"

    def _ids(self, paths: Iterable[str]) -> str:
        selects = (f"SELECT _id FROM {self._read([path])} WHERE _id IS NOT NULL" for path in paths)
        return f"({' UNION ALL '.join(selects)})"


def _utc(naive: datetime | None) -> datetime | None:
    return None if naive is None else naive.replace(tzinfo=UTC)
