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

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from logsluice.components import Context, Options
from logsluice.config.types import Duration, Size
from logsluice.model import Encoded, Origin, Sent
from logsluice.sinks._rows import RowSink
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

    @property
    def writes(self) -> tuple[str, ...]:
        """The folder, as it is written."""
        return (str(self.path),)


def build(config: Config, context: Context) -> StoreSink:
    """The sink for a pipeline."""
    limits = Limits(config.keep, config.max_size, config.min_free, config.when_full)
    return StoreSink(context.base / config.path, context, limits, compact=config.compact)


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:
    """Live: whether the folder can be written."""
    folder = context.base.resolve() / config.path
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        yield "path", f"{there} is no folder that this user may write to: nothing could be stored"


class StoreSink(RowSink):
    """A `Sink` into a `store.writer.Writer`."""

    def __init__(self, folder: Path, context: Context, limits: Limits, *, compact: bool = True) -> None:
        super().__init__(context.formats)
        self.folder = folder
        self._writer = Writer(folder, limits)
        self._upkeep = Upkeep(folder, limits.keep, compact=compact)

    def open(self) -> None:
        """Make the store where there is none. Raises Sick, or UsageError for a store of a later version."""
        self._writer.open()
        self._upkeep.start()

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
