"""Parquet files: our own come back as the events that they were, others by their rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from logsluice.decode import Decoder
from logsluice.errors import Corrupt
from logsluice.formats import load
from logsluice.framing.limits import Limits
from logsluice.framing.parquet import Parquet
from logsluice.model import Event
from logsluice.testing.formats import sample_of
from tests.unit.doubles import WRITTEN, MemoryPayload


def written(folder: Path, select: str) -> bytes:
    path = folder / "some.parquet"
    duckdb.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def events(data: bytes, **options: Any) -> list[Event]:
    decoder = Decoder(load("auto"), **options)
    return [event for piece in decoder.decode(MemoryPayload(data)) for event in piece.events]


@pytest.mark.parametrize("options", [{}, {"document_id": "content"}, {"with_origin": False}])
def test_what_was_ours_keeps_its_id_its_format_and_its_origin(options: dict[str, Any]) -> None:
    back = events(sample_of("parquet"), **options)
    stored = MemoryPayload(b"", "s3://alb-logs/AWSLogs/2026/01/28/a.log").origin
    positions = [event["origin"]["position"] for event in back]
    assert len(positions) == 3
    assert [event["origin"]["uri"] for event in back] == [stored.uri] * 3
    assert [event["@metadata"] for event in back] == [
        {
            "_id": stored.id_of(position),
            "position": row,
            "format": "alb",
            "s3": {"bucket": "logs", "key": "a"},
        }
        for row, position in enumerate(positions, 1)
    ]


def test_a_row_of_any_other_file_is_an_event(tmp_path: Path) -> None:
    rows = (
        "SELECT 1 AS n, TIMESTAMP '2026-01-31 12:00:00.5' AS time, NULL AS gone, [1, 2] AS list, {'a': 'b'} AS object"
    )
    (event,) = events(written(tmp_path, rows))
    noon = datetime(2026, 1, 31, 12, 0, 0, 500_000, tzinfo=UTC)
    origin = MemoryPayload(b"").origin
    assert event == {
        "n": 1,
        "time": noon,
        "@timestamp": noon,
        "list": [1, 2],
        "object": {"a": "b"},
        "origin": {"uri": origin.uri, "version": "v1", "position": 1},
        "@metadata": {
            "_id": origin.id_of(1),
            "position": 1,
            "format": "parquet",
            "s3": {"bucket": "logs", "key": "a"},
        },
    }


def test_a_row_without_a_time_is_as_old_as_its_file(tmp_path: Path) -> None:
    (event,) = events(written(tmp_path, """SELECT 'soon' AS "@timestamp", 'x' AS "@metadata" """))
    assert (event["@timestamp"], event["_@timestamp"]) == (WRITTEN, "soon")


def test_rows_come_in_bounded_batches_and_a_huge_one_is_refused(tmp_path: Path) -> None:
    data = written(
        tmp_path, "SELECT i, repeat('x', CASE WHEN i = 500 THEN 5000 ELSE 10 END) AS x FROM range(1000) t(i)"
    )
    header, *batches = Parquet().frame([data], Limits(record=1000, batch=2000))
    assert header.positions == [0]
    assert len(batches) > 5
    assert [at for batch in batches for at in batch.positions] == [at for at in range(1, 1001) if at != 501]
    assert [(b.position, b.length) for batch in batches for b in batch.broken] == [(501, 5016)]


def test_what_only_begins_as_parquet_is_corrupt() -> None:
    with pytest.raises(Corrupt, match="no Parquet file"):
        events(sample_of("parquet")[:5000])
