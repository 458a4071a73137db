"""Questions to a store: search, histogram, top values, statistics, fields."""
# ruff: noqa: S608 - values are bound as parameters, names are quoted

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from logsluice.errors import QueryError, UsageError
from logsluice.model import Event
from logsluice.query.results import Count, Found, Histogram, Hit, Stats, aware, bars
from logsluice.query.syntax import Node, parse
from logsluice.store.catalog import Snapshot
from logsluice.store.columns import put
from logsluice.store.query.files import Files, FolderFiles
from logsluice.store.query.schema import FieldInfo, Group, Schema, resolve
from logsluice.store.query.sql import MACROS, Compiler, each, first, kind, quoted

if TYPE_CHECKING:
    import duckdb

TIME = "@timestamp"
MEMORY_LIMIT = "1GB"
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """One question while it is answered: what was compiled so far, over which files."""

    compiler: Compiler
    node: Node
    groups: tuple[Group, ...]
    since: datetime | None
    until: datetime | None

    def where(self, group: Group) -> str:
        """The condition for one group, the time range in it."""
        limits = [self.compiler.condition(self.node, group)]
        if self.since is not None:
            limits.append(f"{quoted(TIME)} >= {self.compiler.bind(self.since)}")
        if self.until is not None:
            limits.append(f"{quoted(TIME)} < {self.compiler.bind(self.until)}")
        return " AND ".join(limits)

    def source(self, group: Group) -> str:
        """The group's files as a table."""
        return f"read_parquet({self.compiler.bind(list(group.files))}, hive_partitioning = false)"


class SqlQuery:
    """Answers questions about a store's files; reads what is confirmed at the moment of each question.

    Threads may share one. Every method raises QueryError for a query that can't be read or names an unknown field, and
    UsageError where the store can't answer.

    Args:
        files: Where they lie; closed with this.
        now: What `now` means in queries; the present by default.
    """

    def __init__(self, files: Files, now: datetime | None = None) -> None:
        self._files = files
        self._now = now
        self._lock = threading.Lock()
        self._duckdb: duckdb.DuckDBPyConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        if self._duckdb is not None:
            self._duckdb.close()
        self._files.close()

    def search(
        self,
        query: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        sort: str = f"{TIME}:desc",
        size: int = 100,
        fields: Sequence[str] = (),
    ) -> Found:
        """The first events in an order.

        Args:
            query: Lucene syntax; "" finds all.
            since: Events of this moment or later.
            until: Events before this moment.
            sort: `FIELD`, `FIELD:asc` or `FIELD:desc`; a name with a colon in it needs either. Events without the field
                come last, equal ones by `_id`.
            size: How many at the most.
            fields: Only these fields of the events; all by default.
        """
        name, _, direction = sort.rpartition(":") if ":" in sort else (sort, "", "asc")
        if direction not in ("asc", "desc"):
            raise QueryError(f"{direction!r} is no order; it is asc or desc", sort, len(name) + 1)
        asked, schema = self._ask(query, since, until)
        for wanted in (name, *fields):
            schema.require(wanted, wanted, 0)
        keyed: list[tuple[Any, Hit]] = []
        for group in asked.groups:
            keyed += self._hits(_afresh(asked), group, name, direction, size)
        keyed.sort(key=lambda pair: pair[1].id)
        keyed.sort(key=lambda pair: _sortable(pair[0]), reverse=direction == "desc")
        keyed.sort(key=lambda pair: pair[0] is None)
        hits = [hit for _, hit in keyed[:size]]
        if fields:
            hits = [Hit(hit.id, hit.format, _only(hit.event, fields)) for hit in hits]
        return Found(tuple(hits), self._total(asked))

    def count(self, query: str = "", since: datetime | None = None, until: datetime | None = None) -> int:
        """How many events match."""
        asked, _ = self._ask(query, since, until)
        return self._total(asked)

    def histogram(
        self,
        query: str,
        interval: timedelta,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Histogram:
        """Events over time, in bars that start at multiples of the interval since 1970 (UTC).

        Args:
            query: Lucene syntax.
            interval: Of one bar.
            by: Count the most frequent values of this field apart.
            since: As in `search`.
            until: Likewise.
        """
        micros = interval // _MICROSECOND
        if micros <= 0:
            raise UsageError("the interval of a histogram must be longer than nothing")
        totals = self._bars(*self._ask(query, since, until), micros, None)
        series = {} if by is None else self._bars(*self._ask(query, since, until), micros, by)
        return Histogram(interval, bars(totals, series, interval))

    def top_values(
        self,
        query: str,
        field: str,
        size: int = 10,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Count]:
        """The most frequent values of a field, the frequent first, equal ones by value. Lists count for each item."""
        asked, schema = self._ask(query, since, until)
        schema.require(field, field, 0)
        table = _union(asked, field)
        if table is None:
            return []
        rows = self._run(
            f"SELECT value, count(*) AS n FROM ({table}) WHERE value IS NOT NULL GROUP BY value"
            f" ORDER BY n DESC, value LIMIT {asked.compiler.bind(size)}",
            asked.compiler,
        )
        return [Count(aware(value), count) for value, count in rows]

    def stats(self, field: str, query: str = "", since: datetime | None = None, until: datetime | None = None) -> Stats:
        """Count, distinct values, least, greatest; for numbers also sum, mean and percentiles."""
        asked, schema = self._ask(query, since, until)
        schema.require(field, field, 0)
        table = _union(asked, field)
        if table is None:
            return Stats(0, 0)
        [(type_,)] = self._run(f"SELECT typeof(any_value(value)) FROM ({table})", asked.compiler)
        numbers = "sum(value), avg(value), quantile_cont(value, [0.5, 0.95, 0.99])"
        [row] = self._run(
            f"SELECT count(value), count(DISTINCT value), min(value), max(value),"
            f" {numbers if type_ in ('BIGINT', 'DOUBLE') else 'NULL, NULL, NULL'} FROM ({table})",
            asked.compiler,
        )
        count, distinct, least, greatest, total, mean, percentiles = row
        return Stats(
            count,
            distinct,
            aware(least),
            aware(greatest),
            None if total is None else float(total),
            mean,
            dict(zip((50, 95, 99), percentiles, strict=True)) if percentiles else {},
        )

    def fields(self) -> list[FieldInfo]:
        """Every field that a query can name."""
        return Schema(self._files.snapshot()).fields()

    # ------------------------------------------------------------------------------------------------ helpers

    def _ask(self, query: str, since: datetime | None, until: datetime | None) -> tuple[Asked, Schema]:
        read = parse(query)
        snapshot = self._files.snapshot(since, until)
        schema = Schema(snapshot)
        for name, position in read.fields:
            schema.require(name, query, position)
        compiler = Compiler(query, self._now)
        compiler.check(read.node, schema.groups)
        asked = Asked(compiler, read.node, self._groups(snapshot), since, until)
        return asked, schema

    def _hits(self, asked: Asked, group: Group, sort: str, direction: str, size: int) -> list[tuple[Any, Hit]]:
        names = [column.name for column in group.columns.columns]
        key = first(resolve(sort, group)) or "NULL"
        order = "DESC" if direction == "desc" else "ASC"
        rows = self._run(
            f"SELECT {key} AS sort_key, {', '.join(map(quoted, names))} FROM {asked.source(group)}"
            f' WHERE {asked.where(group)} ORDER BY sort_key {order} NULLS LAST, "_id"'
            f" LIMIT {asked.compiler.bind(size)}",
            asked.compiler,
        )
        at = names.index("_id") + 1
        return [(row[0], Hit(row[at] or "", group.format, group.columns.event(names, row[1:]))) for row in rows]

    def _total(self, asked: Asked) -> int:
        table = _union(asked := _afresh(asked), None)
        return int(self._run(f"SELECT count(*) FROM ({table})", asked.compiler)[0][0]) if table else 0

    def _bars(self, asked: Asked, schema: Schema, micros: int, by: str | None) -> dict[int, dict[Any, int]]:
        if by is not None:
            schema.require(by, by, 0)
        table = _union(asked, by)
        counts: dict[int, dict[Any, int]] = {}
        if table is not None:
            value = "NULL" if by is None else "CAST(value AS VARCHAR)"
            for bar, name, count in self._run(
                f"SELECT epoch_us(time) // {asked.compiler.bind(micros)} AS bar, {value} AS name, count(*)"
                f" FROM ({table}) WHERE time IS NOT NULL{'' if by is None else ' AND value IS NOT NULL'} GROUP BY ALL",
                asked.compiler,
            ):
                counts.setdefault(bar, {})[name] = count
        return counts

    def _run(self, sql: str, compiler: Compiler) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._connection().cursor().execute(sql, compiler.parameters).fetchall()
        except duckdb.Error as error:
            raise UsageError(f"{self._files} can't answer: {str(error).splitlines()[0]}") from error

    def _connection(self) -> duckdb.DuckDBPyConnection:
        import duckdb

        with self._lock:
            if self._duckdb is None:
                self._duckdb = duckdb.connect(
                    config={
                        "memory_limit": MEMORY_LIMIT,
                        "preserve_insertion_order": False,
                        "autoinstall_known_extensions": False,
                        "autoload_known_extensions": False,
                    }
                )
                for macro in MACROS:
                    self._duckdb.execute(macro)
                self._files.prepare(self._duckdb)
            return self._duckdb

    def _groups(self, snapshot: Snapshot) -> tuple[Group, ...]:
        files: dict[tuple[str, str], list[str]] = {}
        for file in snapshot.files:
            files.setdefault((file.format, file.schema), []).append(self._files.location(file))
        return tuple(
            Group(name, snapshot.columns[(name, version)], snapshot.extras.get(name, frozenset()), tuple(paths))
            for (name, version), paths in sorted(files.items())
        )


class StoreQuery(SqlQuery):
    """`SqlQuery` over the store in a folder.

    Raises:
        UsageError: There is no store.
    """

    def __init__(self, path: Path | str, now: datetime | None = None) -> None:
        super().__init__(FolderFiles(Path(path)), now)


def _afresh(asked: Asked) -> Asked:
    """The same question with no parameters bound yet: for a statement of its own."""
    return replace(asked, compiler=Compiler(asked.compiler.query, asked.compiler.now))


def _union(asked: Asked, field: str | None) -> str | None:
    """A table of `time` and `value` over all groups; None where no file can have an answer."""
    values = [(group, "NULL" if field is None else each(resolve(field, group))) for group in asked.groups]
    kinds = {kind(resolve(field, group)) for group, value in values if value is not None} if field else set()
    cast = "CAST({} AS VARCHAR)" if len(kinds) > 1 else "{}"
    selects = [
        f"SELECT {quoted(TIME)} AS time, {cast.format(value)} AS value"
        f" FROM {asked.source(group)} WHERE {asked.where(group)}"
        for group, value in values
        if value is not None
    ]
    return " UNION ALL ".join(selects) or None


def _sortable(value: Any) -> tuple[str, Any]:
    """Numbers before text, and so on: formats may disagree about a field's type."""
    if value is None:
        return "", 0
    return ("number" if isinstance(value, (int, float)) else type(value).__name__), value


def _only(event: Event, fields: Sequence[str]) -> Event:
    """The named fields of an event."""
    chosen: Event = {}
    for name in fields:
        value: Any = event
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            value = event.get(name)
        if value is not None:
            put(chosen, name, value)
    return chosen
