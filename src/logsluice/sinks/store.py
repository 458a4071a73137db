"""Writes events to the embedded store: a folder of Parquet files with a catalog, for `logsluice search` and others.

    outputs:
      - store: {path: /var/lib/logsluice/store}

Every declared field of a format is a typed column; the rest is kept as JSON. Files are named
`format=alb/date=2026-01-31/….parquet`, so Athena, Spark, Trino and DuckDB read them as they are. An event under an
`_id` that the store has adds nothing. The folder must be on a local disk; several processes may write to it at once.

Small files are merged while the pipeline runs, days are dropped by `keep`, and the store's size is bounded by
`max_size` and `min_free`. `logsluice store info|compact|verify|rebuild` look after it; docs/store.md says how it works.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import Field

from logsluice import components
from logsluice.components import Context, Options
from logsluice.config.types import Duration, Size
from logsluice.lang.as_json import dumps, scrubbed_text
from logsluice.model import Encoded, Event, Origin, Sent
from logsluice.store.catalog import MOST_EXTRAS
from logsluice.store.chunk import Chunk, format_of
from logsluice.store.columns import EXTRA, Columns, assembled, paths
from logsluice.store.retention import Limits
from logsluice.store.upkeep import Upkeep
from logsluice.store.writer import Writer


class Config(Options):
    """Options of the `store` output."""

    path: Path = Field(
        Path("store"), description="Its folder, made when missing; relative ones start from the configuration's folder."
    )
    keep: Duration | None = Field(
        None, gt=0, description="Drop days (UTC, by the events' time) that ended longer ago than this, such as 30d."
    )
    max_size: Size | None = Field(None, gt=0, description="Bound on the bytes of all files.")
    min_free: Size = Field(0, description="Leave so much of the disk free.")
    when_full: Literal["drop_oldest", "pause"] = Field(
        "pause",
        description="At `max_size` or `min_free`: drop the oldest days, but never the newest; or pause the output.",
    )
    compact: bool = Field(True, description="Merge small files while running, in a process of low priority.")


def build(config: Config, context: Context) -> StoreSink:
    """The sink for a pipeline."""
    limits = Limits(config.keep, config.max_size, config.min_free, config.when_full)
    return StoreSink(context.base / config.path, context, limits, compact=config.compact)


class StoreSink:
    """A `Sink` into a `store.writer.Writer`.

    Attributes:
        misfits: How many values did not fit their column and were kept in `_extra`.
    """

    idempotent = True
    request_bytes = 8 * 1024 * 1024
    request_events = 16_384

    def __init__(self, folder: Path, context: Context, limits: Limits, *, compact: bool = True) -> None:
        self.folder = folder
        self.misfits = 0
        self._columns = {format_.name: Columns.of(format_.fields) for format_ in context.formats}
        self._writer = Writer(folder, limits)
        self._upkeep = Upkeep(folder, limits.keep, compact=compact)

    def open(self) -> None:
        """Make the store where there is none. Raises Sick, or UsageError for a store of a later version."""
        self._writer.open()
        self._upkeep.start()

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """Rows of NDJSON."""
        chunk, metadata = Chunk(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            about = event.get("@metadata") or {}
            try:
                self._add(chunk, event, about)
            except ValueError as error:
                refuse(index, str(error))
                continue
            metadata.append(about)
        return Encoded(chunk, metadata, len(chunk.lines))

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        chunk: Chunk = parts[0].body
        metadata = parts[0].metadata
        for part in parts[1:]:
            chunk.extend(part.body)
            part.body = None  # free at once: requests are large
            metadata += part.metadata
        return Encoded(chunk, metadata, len(chunk.lines))

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        chunk = encoded.body.pick(indexes)
        return Encoded(chunk, [encoded.metadata[index] for index in indexes], len(chunk.lines))

    def document(self, encoded: Encoded, index: int) -> bytes:
        """The event that the row was made from."""
        return dumps(assembled(orjson.loads(encoded.body.line(index)).items()))

    def send(self, encoded: Encoded) -> Sent:
        """All rows or none. Raises Sick or Busy."""
        return Sent(duplicates=self._writer.write(encoded.body, encoded.metadata))

    def close(self) -> None:
        """End the upkeep, close the catalog."""
        self._upkeep.stop()
        self._writer.close()

    def forget(self, origin: Origin) -> int:
        """See `logsluice.model.Replaces`. Events whose ids are of their content, or a user's own, are not found."""
        return self._writer.forget(origin.id_prefix)

    def _add(self, chunk: Chunk, event: Event, metadata: dict[str, Any]) -> None:
        name = format_of(metadata)
        columns = self._columns.get(name) or self._columns_of(name)
        row, misfits = columns.row(event)
        if metadata.get("_id"):
            row["_id"] = metadata["_id"]
        time: datetime | None = row.get("@timestamp")
        if time is not None and time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        chunk.add(dumps(row), time)
        chunk.columns[name] = columns
        self.misfits += misfits
        if EXTRA in row:
            self._note_extras(chunk, name, row[EXTRA])

    def _note_extras(self, chunk: Chunk, name: str, extra: dict[str, object]) -> None:
        """Names of undeclared data are entered beside the files, so that a misspelt field in a query can be told."""
        for path in paths(extra):
            if len(chunk.extras) < MOST_EXTRAS:
                chunk.extras.add((name, scrubbed_text(path)))

    def _columns_of(self, name: str) -> Columns:
        """Of a format that the configuration does not name: `auto` found it, or the events were read back."""
        try:
            fields = components.find("formats", name).build().fields
        except (components.UnknownComponent, TypeError, ValueError):  # unknown here, or not without its options
            fields = ()
        return self._columns.setdefault(name, Columns.of(fields))
