"""The tables of an archive have the columns that its files have, in types that say the same."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from logsluice.archive import Place
from logsluice.archive.ddl import athena, tables, trino
from logsluice.components import Context, names
from logsluice.formats import load
from logsluice.formats.fields import Field
from logsluice.model import Format
from logsluice.sinks import store
from logsluice.store.converting import Converter
from logsluice.testing.sinks import FIRST

ALIKE = {
    "VARCHAR": ("string", "varchar"),
    "JSON": ("string", "varchar"),
    "BIGINT": ("bigint", "bigint"),
    "DOUBLE": ("double", "double"),
    "BOOLEAN": ("boolean", "boolean"),
    "TIMESTAMP": ("timestamp", "timestamp(6)"),
    "STRUCT(lat DOUBLE, lon DOUBLE)": ("struct<lat:double,lon:double>", "row(lat double, lon double)"),
}
"""By the type in the file: Athena's and Trino's (Athena's "Data types", Trino's Hive connector)."""


def in_the_file(form: Format, folder: Path) -> dict[str, str]:
    """The columns of a real Parquet file of a format, as DuckDB reads them."""
    (folder / "_tmp").mkdir()
    sink = store.build(store.Config(), Context(formats=(form,)))
    event = {"@timestamp": FIRST, "@metadata": {"_id": "1", "format": form.name}}
    encoded = sink.encode([event], lambda index, reason: pytest.fail(f"{index}: {reason}"))
    (part,) = encoded.body.parts(encoded.metadata)
    converter = Converter(folder)
    converter.to_parquet(folder / "file.parquet", part, "FORMAT parquet")
    converter.close()
    described = duckdb.execute("DESCRIBE FROM read_parquet(?)", [str(folder / "file.parquet")]).fetchall()
    return {name: kind for name, kind, *_ in described}


def expected(kind: str) -> tuple[str, str]:
    if kind.endswith("[]"):
        one, other = expected(kind.removesuffix("[]"))
        return f"array<{one}>", f"array({other})"
    return ALIKE[kind]


@pytest.mark.parametrize("name", [name for name in names("formats") if name != "auto"])
def test_the_tables_have_the_columns_of_the_files(name: str, tmp_path: Path) -> None:
    form, place = load(name), Place("archive", "all/")
    kinds = in_the_file(form, tmp_path)
    in_athena = re.findall(r"^  `(.*)` (.*?),?$", athena(place, form, "2026-01-01"), re.MULTILINE)
    in_trino = re.findall(r'^  "(.*)" (.*?),?$', trino(place, form), re.MULTILINE)
    assert in_athena == [(column.lower(), expected(kind)[0]) for column, kind in kinds.items()]
    assert in_trino == [*((column.lower(), expected(kind)[1]) for column, kind in kinds.items()), ("date", "varchar")]


class Own:
    name = "my format"
    fields = (Field("list", "time", many=True), Field("where", "geo_point"))


def test_a_table_is_written_as_the_engines_want_it() -> None:
    said = tables(Place("a'b", ""), [Own()], "athena", "2026-01-01")  # type: ignore[list-item]
    assert said.startswith("CREATE EXTERNAL TABLE IF NOT EXISTS `my_format` (\n  `_id` string,\n")
    assert said.endswith(
        """  `list` array<timestamp>,
  `where` struct<lat:double,lon:double>,
  `_extra` string
)
PARTITIONED BY (`date` string)
STORED AS PARQUET
LOCATION 's3://a''b/format=my_format/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.date.type' = 'date',
  'projection.date.format' = 'yyyy-MM-dd',
  'projection.date.range' = '2026-01-01,NOW+1DAY',
  'storage.location.template' = 's3://a''b/format=my_format/date=${date}/'
);
"""
    )
