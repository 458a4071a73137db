"""Parquet files: those of logsluice's own store and archive, and any other.

Events that logsluice wrote come back as they were: with their `_id`, `[@metadata][format]`, `@timestamp` and `origin`.
So an archive can be sent anywhere else, and meets what was delivered there directly.

In any other file each row is an event, columns are fields, and times become ISO 8601 text. `@timestamp` is that of a
column `@timestamp`, `timestamp` or `time` which holds times. Files are recognised by their first bytes.

The whole file is kept in the temporary folder while it is read. It needs DuckDB, so it does not work in Lambda.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from logsluice.errors import Unparsable
from logsluice.formats.rows import assembled
from logsluice.framing.parquet import MAGIC, Parquet

if TYPE_CHECKING:
    from logsluice.formats.fields import Field
    from logsluice.model import Event, Format, Framing, Origin, Parsed, Parser, Records

_OURS = "logsluice"
"""The key of what our own files say of themselves."""

_TIMES = ("@timestamp", "timestamp", "time")


@dataclass(frozen=True, slots=True)
class ParquetFormat:
    """The format; `Restores` for what is our own."""

    name: str = "parquet"
    fields: Sequence[Field] = ()
    restores_ids: bool = True

    @property
    def framing(self) -> Framing:
        """Rows."""
        return Parquet()

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """For one file: it keeps what the header says."""
        return ParquetParser()


class ParquetParser:
    """Rows to events, by the kind of file that the first record tells of."""

    def __init__(self) -> None:
        self._times: tuple[str, ...] = ()
        self._event: Callable[[dict[str, Any]], Event] = self._foreign
        self._format = ""

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        return [
            self._row(record) if position else self._header(record)
            for record, position in zip(records.records, records.positions, strict=True)
        ]

    def _header(self, record: bytes) -> Parsed:
        header = _object(record)
        columns, metadata = header.get("columns"), header.get("metadata")
        if not isinstance(columns, dict) or not isinstance(metadata, dict):
            return Unparsable("no header of a Parquet file")
        self._times = tuple(name for name, kind in columns.items() if str(kind).startswith("TIMESTAMP"))
        self._format = str(_object(metadata.get(_OURS, "")).get("format", ""))
        if self._format:
            self._event = self._own
        return None

    def _row(self, record: bytes) -> Parsed:
        stored = _object(record)
        if not stored:  # such as one with an infinity, which JSON doesn't have
            return Unparsable("a row that is no JSON")
        row = {name: value for name, value in stored.items() if value is not None}
        try:
            for name in self._times:
                if name in row:
                    row[name] = _times(row[name])
            return self._event(row)
        except ValueError as error:  # a time before the year 1, or after 9999
            return Unparsable(f"a row that can't be read: {error}")

    def _own(self, row: dict[str, Any]) -> Event:
        event = assembled(row.items())
        event["@metadata"] = {"_id": row.get("_id", ""), "format": self._format}
        return event

    def _foreign(self, row: dict[str, Any]) -> Event:
        row.pop("@metadata", None)
        time = next((row[name] for name in _TIMES if isinstance(row.get(name), datetime)), None)
        if time is not None:
            row["@timestamp"] = time
        elif "@timestamp" in row:
            row["_@timestamp"] = row.pop("@timestamp")
        return row


def _object(text: bytes | str) -> dict[str, Any]:
    """A JSON object; an empty one where it is none."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _times(value: Any) -> Any:
    """One time, or a list of them; aware UTC."""
    if isinstance(value, list):
        return [None if each is None else _times(each) for each in value]
    moment = datetime.fromisoformat(value)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def build() -> Format:
    """The format; it has no options."""
    return ParquetFormat()


def recognise(name: str, head: bytes) -> float:  # noqa: ARG001 - the contract's
    """By its first bytes, whatever its key says: an archive's key may name another format."""
    return 1.5 if head.startswith(MAGIC) else 0.0
