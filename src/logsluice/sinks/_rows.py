"""Events as rows of a format's columns: what the outputs that make Parquet files have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from logsluice import components
from logsluice.formats.rows import EXTRA, assembled
from logsluice.lang.as_json import dumps, scrubbed_text
from logsluice.model import Encoded, Event, Format
from logsluice.store.catalog import MOST_EXTRAS
from logsluice.store.chunk import Chunk, format_of
from logsluice.store.columns import Columns, paths


class RowSink:
    """The half of a `Sink` that does no I/O: an `Encoded` has a `store.chunk.Chunk` as its body.

    Attributes:
        misfits: How many values did not fit their column and were kept in `_extra`.
    """

    idempotent = True
    request_bytes = 8 * 1024 * 1024
    request_events = 16_384

    def __init__(self, formats: Iterable[Format]) -> None:
        self.misfits = 0
        self._columns = {format_.name: Columns.of(format_.fields) for format_ in formats}

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
