"""The tables of an archive for Athena and Trino, generated from the formats' declarations.

The days are projected for Athena (Amazon Athena User Guide, "Use partition projection"), so that no crawler has to find
them. DuckDB writes times as TIMESTAMP in microseconds and JSON as text; both read such files.
"""

from __future__ import annotations

from collections.abc import Iterable

from logsluice.archive import Place
from logsluice.formats.fields import Kind
from logsluice.model import Format
from logsluice.store.columns import Column, Columns
from logsluice.store.parquet import safe

ATHENA: dict[Kind, str] = {
    "keyword": "string",
    "text": "string",
    "ip": "string",
    "integer": "bigint",
    "float": "double",
    "boolean": "boolean",
    "time": "timestamp",
    "geo_point": "struct<lat:double,lon:double>",
    "object": "string",
}
TRINO: dict[Kind, str] = {
    **ATHENA,
    "keyword": "varchar",
    "text": "varchar",
    "ip": "varchar",
    "time": "timestamp(6)",
    "geo_point": "row(lat double, lon double)",
    "object": "varchar",
}


def athena(place: Place, form: Format, first_day: str) -> str:
    """`CREATE EXTERNAL TABLE` for Athena; `first_day` (YYYY-MM-DD) is where the projected days begin."""
    where = f"{place}format={safe(form.name)}/"
    columns = ",\n".join(f"  `{c.name.lower()}` {_athena_type(c)}" for c in Columns.of(form.fields).columns)
    return (
        f"CREATE EXTERNAL TABLE IF NOT EXISTS `{safe(form.name)}` (\n{columns}\n)\n"
        "PARTITIONED BY (`date` string)\n"
        "STORED AS PARQUET\n"
        f"LOCATION '{_quoted(where)}'\n"
        "TBLPROPERTIES (\n"
        "  'projection.enabled' = 'true',\n"
        "  'projection.date.type' = 'date',\n"
        "  'projection.date.format' = 'yyyy-MM-dd',\n"
        f"  'projection.date.range' = '{first_day},NOW+1DAY',\n"
        f"  'storage.location.template' = '{_quoted(where)}date=${{date}}/'\n"
        ");\n"
    )


def trino(place: Place, form: Format) -> str:
    """`CREATE TABLE` for Trino's Hive connector, and the call that finds the days."""
    columns = [f'  "{c.name.lower()}" {_trino_type(c)}' for c in Columns.of(form.fields).columns]
    table = safe(form.name)
    return (
        f'CREATE TABLE IF NOT EXISTS "{table}" (\n' + ",\n".join((*columns, '  "date" varchar')) + "\n) WITH (\n"
        f"  external_location = '{_quoted(f'{place}format={table}/')}',\n"
        "  format = 'PARQUET',\n"
        "  partitioned_by = ARRAY['date']\n"
        ");\n"
        f"CALL system.sync_partition_metadata(CURRENT_SCHEMA, '{table}', 'ADD');\n"
    )


def tables(place: Place, formats: Iterable[Format], engine: str, first_day: str) -> str:
    """The tables of several formats, for the engine `athena` or `trino`."""
    return "\n".join(athena(place, form, first_day) if engine == "athena" else trino(place, form) for form in formats)


def _athena_type(column: Column) -> str:
    base = ATHENA[column.kind]
    return f"array<{base}>" if column.many and column.kind != "object" else base


def _trino_type(column: Column) -> str:
    base = TRINO[column.kind]
    return f"array({base})" if column.many and column.kind != "object" else base


def _quoted(text: str) -> str:
    return text.replace("'", "''")
