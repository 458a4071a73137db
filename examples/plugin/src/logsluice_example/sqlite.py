"""Documents in a table of SQLite: `id`, `time`, `document`. An event that comes twice is there once.

Options:

- `path` (required): the file; it is made when it is not there. Relative to the configuration.
- `table`: default `events`.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import Field

from logsluice.components import Context, Options
from logsluice.errors import Busy, UsageError
from logsluice.lang.as_json import json_of
from logsluice.model import Encoded, Event, Sent


class Config(Options):
    """See this module's docstring."""

    path: str = Field(min_length=1, description="The file.")
    table: str = Field(default="events", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="The table.")


class SqliteSink:
    """The sink. Workers encode side by side and send one after the other."""

    idempotent = True
    request_bytes = 8 * 1024 * 1024
    request_events = 5_000

    def __init__(self, config: Config, context: Context) -> None:
        self._path: Path = context.base / config.path
        self._document = json_of(context.timestamps).document
        self._create = f"CREATE TABLE IF NOT EXISTS {config.table} (id TEXT PRIMARY KEY, time TEXT, document TEXT)"
        self._insert = f"INSERT OR IGNORE INTO {config.table} VALUES (?, ?, ?)"  # noqa: S608 - a checked name
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def open(self) -> None:
        """Make the table."""
        try:
            self._connection = sqlite3.connect(self._path, check_same_thread=False)
            self._connection.execute(self._create)
        except sqlite3.Error as error:
            raise UsageError(
                f"{self._path} can't be opened: {error}", "name a file in a folder that is there"
            ) from None

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:  # noqa: ARG002 - all can be
        """To rows."""
        rows = [(e["@metadata"]["_id"], e["@timestamp"].isoformat(), self._document(e).decode()) for e in events]
        return Encoded(rows, [event["@metadata"] for event in events], sum(len(row[2]) for row in rows))

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        return Encoded(
            [row for part in parts for row in part.body],
            [metadata for part in parts for metadata in part.metadata],
            sum(part.size for part in parts),
        )

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        rows = [encoded.body[index] for index in indexes]
        return Encoded(rows, [encoded.metadata[index] for index in indexes], sum(len(row[2]) for row in rows))

    def document(self, encoded: Encoded, index: int) -> bytes:
        """See `logsluice.model.Sink`."""
        document: str = encoded.body[index][2]
        return document.encode()

    def send(self, encoded: Encoded) -> Sent:
        """One transaction. A locked file is tried again."""
        assert self._connection is not None, "send before open"
        try:
            with self._lock, self._connection:
                added = self._connection.executemany(self._insert, encoded.body).rowcount
        except sqlite3.OperationalError as error:
            raise Busy(f"{self._path}: {error}") from None
        return Sent(duplicates=len(encoded.body) - added)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()


def build(config: Config, context: Context) -> SqliteSink:
    """The sink; it opens its file in `open`."""
    return SqliteSink(config, context)
