"""Writing to a store: a chunk of rows becomes Parquet files, entered in the catalog in one transaction.

A file is written under `_tmp/`, synced, renamed to `format=<format>/date=<day>/<schema>-<name>.parquet`, its folder
synced, and then entered: what is entered is there, and what is not entered does not exist. A process that is killed in
between leaves a file that nobody sees; `open` removes such orphans once they are older than `GRACE_SECONDS`.

A row whose id the store has is skipped. The catalog's ranges say in which files that can be; those files say which.
DuckDB turns the rows' JSON into Parquet: one connection, one thread and a small memory limit, one file at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from logsluice.errors import UsageError
from logsluice.store.catalog import FILE_NAME, Catalog, DataFile, Entry, Range
from logsluice.store.chunk import Chunk, Part
from logsluice.store.converting import Converter
from logsluice.store.database import Overtaken
from logsluice.store.forgetting import forget
from logsluice.store.parquet import About, Shelf, as_sink_faults
from logsluice.store.retention import GRACE_SECONDS, Limits, make_room, remove_unfinished, written_before

_log = structlog.get_logger("store")


class Writer:
    """Writes to the store in a folder; shared by all threads of a process, beside other processes that do the same."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self._limits = limits
        self._shelf = Shelf(folder)
        self._catalog: Catalog | None = None
        self._converter: Converter | None = None

    def open(self) -> None:
        """Make the folder and the catalog where there are none, and remove the orphans of killed processes.

        Raises:
            Sick: The folder can't be made or written to.
            UsageError: A later version of logsluice wrote this store, or it has lost its catalog.
        """
        with as_sink_faults(self.folder):
            (self.folder / "_tmp").mkdir(parents=True, exist_ok=True)
            catalog = self.folder / FILE_NAME
            known = catalog.exists() and catalog.stat().st_size
            if not known and any(self.folder.glob("format=*/date=*/*.parquet")):
                raise UsageError(
                    f"the store in {self.folder} has lost its catalog",
                    f"`logsluice store rebuild --store {self.folder}` makes it again from the files",
                )
            self._catalog = Catalog(self.folder, create=True)
            self._converter = Converter(self.folder)
            self._sweep(self._catalog)

    def write(self, chunk: Chunk, metadata: Sequence[Mapping[str, Any]]) -> int:
        """Write the rows that the store doesn't have; when this returns, all of them survive a kill and a power cut.

        Args:
            chunk: The rows.
            metadata: The `_id` and `format` of each.

        Returns:
            How many were there already.

        Raises:
            Sick: No space, no permission, a limit is reached: for the operator to mend.
            Busy: The catalog was locked for too long.
        """
        catalog = self._catalog
        assert catalog is not None, "open() comes first"
        parts = chunk.parts(metadata)
        with as_sink_faults(self.folder):
            if dropped := make_room(catalog, self.folder, self._limits):
                days = sorted({file.date for file in dropped})
                _log.warning("the store is full: oldest days dropped", store=str(self.folder), days=days)
            while True:
                since = catalog.latest()
                new = self._new(catalog, parts)
                try:
                    self._write_new(catalog, new, chunk.extras, since)
                except Overtaken:
                    continue
                return len(metadata) - sum(len(part.ids) for part in new)

    def forget(self, id_prefix: str) -> int:
        """Delete the rows of an origin, see `forgetting`; how many there were. Raises as `write` does."""
        assert self._catalog is not None, "open() comes first"
        with as_sink_faults(self.folder):
            return forget(self._catalog, self.folder, id_prefix)

    def close(self) -> None:
        """Close the connections; what was written stays."""
        if self._converter is not None:
            self._converter.close()
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
                assert self._converter is not None, "open() comes first"
                found = self._converter.execute(
                    "SELECT _id FROM read_parquet(?) WHERE _id IN (SELECT unnest(?))", [held, part.ids]
                )
                known.update(event_id for (event_id,) in found)
        new = [part.without(known) for part in parts]
        return [part for part in new if part.ids]

    # ------------------------------------------------------------------------------------------ files

    def _write_new(
        self, catalog: Catalog, parts: Sequence[Part], extras: Iterable[tuple[str, str]], since: int
    ) -> None:
        files: list[Entry] = []
        try:
            for part in parts:
                ranges = part.ranges()
                names = sorted(name for format_, name in extras if format_ == part.format)
                files.append((self._write_file(part, ranges, names), ranges, part.columns))
            catalog.enter(files, extras, since)
        except BaseException:  # handed on: what was not entered must not lie about
            self._shelf.discard(catalog, [file.path for file, _, _ in files])
            raise

    def _write_file(self, part: Part, ranges: Sequence[Range], extras: Sequence[str]) -> DataFile:
        about = About(part.format, part.date, part.columns, ranges, extras)
        converter = self._converter
        assert converter is not None, "open() comes first"

        def convert(target: Path, options: str) -> None:
            # Level 1 takes less time and, for log lines, no more room; compaction uses the usual level.
            converter.to_parquet(target, part, f"{options}, COMPRESSION_LEVEL 1")

        path, size = self._shelf.put(about, convert)
        return DataFile(
            path=path,
            format=part.format,
            date=part.date,
            schema=part.columns.version,
            rows=len(part.ids),
            bytes=size,
            min_time=part.min_time,
            max_time=part.max_time,
        )

    def _sweep(self, catalog: Catalog) -> None:
        before = time.time() - GRACE_SECONDS
        remove_unfinished(self.folder, before)
        renamed = [path for path in self.folder.glob("format=*/date=*/*.parquet") if written_before(path, before)]
        self._shelf.discard(catalog, [path.relative_to(self.folder).as_posix() for path in renamed])
