"""Parquet: a file of columns, whose end says what lies where, so all of it must be there before the first row."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import orjson

from logsluice.errors import Corrupt, TooLarge
from logsluice.framing.limits import GIB
from logsluice.model import EXCERPT_BYTES, Broken, Records

if TYPE_CHECKING:
    import duckdb

    from logsluice.framing.limits import Limits

MAGIC = b"PAR1"
MOST_BYTES = 4 * GIB
"""What is put on the disk of one file at most."""

MEMORY_LIMIT_MB = 256
_ROWS = 64
"""How many are taken at once; a batch has as many of these as fit `Limits.batch`."""


class Parquet:
    """Each row is a record: a JSON object by column. Its position is its number, counted from 1.

    Before the rows there is a record at 0: `{"columns": {name: type of DuckDB}, "metadata": {key: text}}`. The stream
    is kept in a temporary file while it is read. Times come as `2026-01-31 12:00:00.123`.
    """

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """See `logsluice.model.Framing`. Raises TooLarge as well, over MOST_BYTES."""
        import duckdb

        with tempfile.TemporaryFile() as spooled:  # without a name: nothing is left of it when the process is killed
            size = 0
            for chunk in chunks:
                size += len(chunk)
                if size > MOST_BYTES:
                    raise TooLarge(f"a Parquet file of more than {MOST_BYTES >> 30} GiB")
                spooled.write(chunk)
            spooled.flush()
            if not size:
                return
            path = f"/dev/fd/{spooled.fileno()}"
            try:
                with duckdb.connect(config=_CONFIG) as connection:
                    yield _header(connection, path, size)
                    yield from _rows(connection, path, limits)
            except duckdb.Error as error:
                raise Corrupt(f"no Parquet file: {str(error).splitlines()[0]}") from error


_CONFIG: dict[str, Any] = {
    "threads": 1,
    "memory_limit": f"{MEMORY_LIMIT_MB}MB",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_FROM = "FROM read_parquet(?, hive_partitioning = false)"


def _header(connection: duckdb.DuckDBPyConnection, path: str, size: int) -> Records:
    described = connection.execute(f"DESCRIBE {_FROM}", [path]).fetchall()
    said = connection.execute("SELECT key, value FROM parquet_kv_metadata(?)", [path]).fetchall()
    metadata = {key.decode(errors="replace"): value.decode(errors="replace") for key, value in said}
    header = {"columns": {row[0]: row[1] for row in described}, "metadata": metadata}
    return Records([orjson.dumps(header)], [0], [b""], size)


def _rows(connection: duckdb.DuckDBPyConnection, path: str, limits: Limits) -> Iterator[Records]:
    connection.execute(f"SELECT to_json(stored) {_FROM} AS stored", [path])
    position, records, size = 1, Records([], []), 0
    while rows := connection.fetchmany(_ROWS):
        for (text,) in rows:
            record = text.encode()
            if len(record) > limits.record:
                reason = f"a row of {len(record)} bytes, more than {limits.record}"
                records.broken.append(Broken(position, record[:EXCERPT_BYTES], len(record), reason))
            else:
                records.records.append(record)
                records.positions.append(position)
                size += len(record)
            position += 1
        if size >= limits.batch:
            yield records
            records, size = Records([], []), 0
    yield records
