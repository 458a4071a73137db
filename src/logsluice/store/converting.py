"""Rows of NDJSON become a Parquet file: one DuckDB connection, one thread, a small memory limit, one file at a time."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logsluice.store.chunk import Part
from logsluice.store.parquet import literal, small_duckdb

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT_MB = 64
_USUAL_LINE = 1024 * 1024


class Converter:
    """DuckDB at work for the threads of a process.

    Args:
        folder: What does not fit into memory goes to `_tmp/` in it.
    """

    def __init__(self, folder: Path) -> None:
        self._one_at_a_time = threading.Lock()
        self._duckdb: duckdb.DuckDBPyConnection = small_duckdb(folder, MEMORY_LIMIT_MB)

    def to_parquet(self, target: Path, part: Part, options: str) -> None:
        """Write the rows of a part.

        By way of a file beside the target: DuckDB's Python API reads memory only through packages that nothing else
        here needs.

        Args:
            target: The Parquet file to make.
            part: Its rows.
            options: SQL options of COPY, such as `FORMAT parquet`.
        """
        ndjson = target.with_suffix(".ndjson")
        types = ", ".join(f"{literal(column.name)}: {literal(column.sql_type)}" for column in part.columns.columns)
        read = (
            f"read_json({literal(str(ndjson))}, format = 'newline_delimited', columns = {{{types}}},"
            f" maximum_object_size = {max(part.longest, _USUAL_LINE) + 1024})"
        )
        copy = f"COPY (FROM {read}) TO {literal(str(target))} ({options})"
        # DuckDB's buffers are made for the longest line; only a chunk with a huge one gets more memory.
        room = MEMORY_LIMIT_MB + (12 * part.longest >> 20 if part.longest > _USUAL_LINE else 0)
        try:
            ndjson.write_bytes(part.lines)
            self.execute(copy, memory_limit_mb=room)
        finally:
            ndjson.unlink(missing_ok=True)

    def execute(
        self, sql: str, parameters: Sequence[object] = (), memory_limit_mb: int = MEMORY_LIMIT_MB
    ) -> list[tuple[Any, ...]]:
        """Run a statement. Raises duckdb.Error."""
        with self._one_at_a_time:
            if memory_limit_mb == MEMORY_LIMIT_MB:
                return self._duckdb.execute(sql, parameters).fetchall()
            self._duckdb.execute(f"SET memory_limit = '{memory_limit_mb}MB'")
            try:
                return self._duckdb.execute(sql, parameters).fetchall()
            finally:
                self._duckdb.execute(f"SET memory_limit = '{MEMORY_LIMIT_MB}MB'")

    def close(self) -> None:
        """Close the connection."""
        self._duckdb.close()
