"""Where the SQL engine finds a store's files: beside their catalog in a folder, or wherever else they lie."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from logsluice.errors import SinkFault, UsageError
from logsluice.store.catalog import Catalog, DataFile, Snapshot
from logsluice.store.parquet import as_sink_faults, spill

if TYPE_CHECKING:
    import duckdb


class Files(Protocol):
    """What the engine asks of a place that holds a store's files. Several threads call it at once."""

    def __str__(self) -> str:
        """As messages name it: `the store in /var/lib/logs`."""

    def snapshot(self, since: datetime | None = None, until: datetime | None = None) -> Snapshot:
        """What is there now; files whose events all lie outside of the time range may be left out.

        Raises:
            UsageError: The place can't be read.
        """

    def location(self, file: DataFile) -> str:
        """What DuckDB's `read_parquet` takes for a file."""

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Called once for a fresh connection: register a file system, say where to spill."""

    def close(self) -> None:
        """After the last question."""


class FolderFiles:
    """The files of a store on a local disk; its catalog knows them (`Files`).

    Raises:
        UsageError: There is no store in the folder, or its catalog can't be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with _readable(folder):
            self._catalog = Catalog(folder)

    def __str__(self) -> str:
        return f"the store in {self._folder}"

    def snapshot(self, since: datetime | None = None, until: datetime | None = None) -> Snapshot:
        """As the catalog has it."""
        with _readable(self._folder):
            return self._catalog.snapshot(since, until)

    def location(self, file: DataFile) -> str:
        """Its path."""
        return str(self._folder / file.path)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """What does not fit into memory goes where the writer's unfinished files are: on the store's own disk."""
        connection.execute("SET temp_directory = ?", [spill(self._folder)])

    def close(self) -> None:
        """Close the catalog."""
        self._catalog.close()


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    """A catalog that is damaged, locked for long or of somebody else is said in a sentence."""
    try:
        with as_sink_faults(folder):
            yield
    except SinkFault as fault:
        raise UsageError(str(fault)) from fault
