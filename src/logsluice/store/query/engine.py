"""Questions to a store: search, histogram, top values, statistics, fields."""
# ruff: noqa: S608 - values are bound as parameters, names are quoted

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logsluice.errors import UsageError
from logsluice.formats.fields import Kind
from logsluice.formats.rows import EXTRA
from logsluice.query.backend import NEWEST, PERCENTILES, Backend
from logsluice.query.events import as_text, only, order
from logsluice.query.results import (
    SERIES,
    Count,
    FieldInfo,
    Found,
    Histogram,
    Hit,
    Stats,
    aware,
    bars,
    milliseconds,
)
from logsluice.query.syntax import Node, parse
from logsluice.query.values import to_millisecond
from logsluice.store.columns import Column
from logsluice.store.query.files import Files, FolderFiles
from logsluice.store.query.order import Place, first, kind_of, ordered
from logsluice.store.query.schema import Group, Inside, Schema, kind_of_values, resolve
from logsluice.store.query.sql import MACROS, NEVER, Compiler, each, exists, kind, leaves_at, quoted

if TYPE_CHECKING:
    import duckdb

TIME = "@timestamp"
MEMORY_LIMIT = "1GB"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question while it is answered: what was compiled so far, over which files.

    Attributes:
        groups: Those with files in the time range.
        matching: Those of them that can have an event which matches: the others need not be read.
    """

    compiler: Compiler
    node: Node
    groups: tuple[Group, ...]
    matching: tuple[Group, ...]
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


class SqlQuery(Backend):
    """Answers questions about a store's files; reads what is confirmed at the moment of each question.

    Args:
        files: Where they lie; closed with this.
        now: What `now` means in queries; the present by default.
    """

    def __init__(self, files: Files, now: datetime | None = None) -> None:
        self._files = files
        self._now = now
        self._lock = threading.Lock()
        self._duckdb: duckdb.DuckDBPyConnection | None = None

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
        sort: str = NEWEST,
        size: int = 100,
        fields: Sequence[str] = (),
        after: str = "",
    ) -> Found:
        """See `Backend`."""
        name, descending = order(sort)
        asked = self._ask(query, since, until, name, *fields)
        last = Place.read(after) if after else None
        keyed: list[tuple[Place, Hit]] = []
        for group in asked.matching:
            keyed += self._hits(_afresh(asked), group, name, descending, size, last, fields)
        keyed.sort(key=lambda pair: pair[0].id)
        keyed.sort(key=lambda pair: pair[0].rank, reverse=descending)
        keyed.sort(key=lambda pair: pair[0].value is None)
        del keyed[size:]
        hits = tuple(hit for _, hit in keyed)
        if fields:
            hits = tuple(Hit(hit.id, hit.format, only(hit.event, fields)) for hit in hits)
        return Found(hits, self._total(asked), keyed[-1][0].bookmark() if len(keyed) == size else "")

    def count(self, query: str = "", since: datetime | None = None, until: datetime | None = None) -> int:
        """How many events match."""
        asked = self._ask(query, since, until)
        return self._total(asked)

    def histogram(
        self,
        query: str,
        interval: timedelta,
        by: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Histogram:
        """See `Backend`."""
        width = milliseconds(interval)
        totals = self._bars(self._ask(query, since, until), width, None)
        if by is None:
            return Histogram(interval, bars({bar: sum(n.values()) for bar, n in totals.items()}, {}, (), interval))
        shown = [as_text(top.value) for top in self.top_values(query, by, SERIES, since, until)]
        series = self._bars(self._ask(query, since, until, by), width, by)
        return Histogram(interval, bars({bar: sum(n.values()) for bar, n in totals.items()}, series, shown, interval))

    def top_values(
        self, query: str, field: str, size: int = 10, since: datetime | None = None, until: datetime | None = None
    ) -> list[Count]:
        """See `Backend`."""
        asked = self._ask(query, since, until, field)
        table = _union(asked, field)
        if table is None:
            return []
        rows = self._run(
            f"SELECT value, count(*) AS n FROM ({table}) WHERE value IS NOT NULL GROUP BY value"
            f" ORDER BY n DESC, min(place) LIMIT {asked.compiler.bind(size)}",
            asked.compiler.parameters,
        )
        return [Count(aware(value), count) for value, count in rows]

    def stats(
        self,
        field: str,
        query: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        percentiles: Sequence[float] = PERCENTILES,
    ) -> Stats:
        """See `Backend`."""
        asked = self._ask(query, since, until, field)
        count = self._total(asked, field)
        table = _union(asked, field)
        if table is None or not count:
            return Stats(0, 0)
        [(type_,)] = self._run(f"SELECT typeof(any_value(value)) FROM ({table})", asked.compiler.parameters)
        shares = ", ".join(asked.compiler.bind(percent / 100) for percent in percentiles)
        numbers = f"sum(value), avg(value), quantile_cont(value, [{shares}])"
        [row] = self._run(
            f"SELECT count(DISTINCT value), arg_min(value, place), arg_max(value, place),"
            f" {numbers if type_ in ('BIGINT', 'DOUBLE') and percentiles else 'NULL, NULL, NULL'} FROM ({table})"
            f" WHERE value IS NOT NULL AND len([{shares}]) >= 0",
            asked.compiler.parameters,
        )
        distinct, least, greatest, total, mean, found = row
        if not distinct:  # an object, with fields below it only
            return Stats(0, 0)
        return Stats(
            count,
            distinct,
            aware(least),
            aware(greatest),
            None if total is None else float(total),
            mean,
            dict(zip(percentiles, found, strict=True)) if found else {},
        )

    def fields(self) -> list[FieldInfo]:
        """See `Backend`."""
        return Schema(self._files.snapshot(), self._files.location).fields(self._covered)

    def _covered(self, group: Group) -> tuple[int, dict[str, int]]:
        """How many events a group has, and how many have each plain column, by what its files say of themselves."""
        if not group.files:
            return 0, {}
        rows = self._run(
            "SELECT split_part(path_in_schema, ', ', 1), sum(num_values - stats_null_count)"
            " FROM parquet_metadata($1) GROUP BY ALL",
            [list(group.files)],
        )
        having = dict(rows)
        return having["_id"], having

    def get(self, event_id: str) -> Hit | None:
        """See `Backend`."""
        quoted_id = event_id.replace("\\", "\\\\").replace('"', '\\"')
        return next(iter(self.search(f'_id:"{quoted_id}"', size=1).hits), None)

    # ------------------------------------------------------------------------------------------------ helpers

    def _ask(self, query: str, since: datetime | None, until: datetime | None, *names: str) -> Asked:
        """Read a query and look up its fields, and others by `names`."""
        read = parse(query)
        since, until = (None if moment is None else to_millisecond(moment) for moment in (since, until))
        schema = Schema(self._files.snapshot(since, until), self._files.location)
        for name, text, position in (*((n, query, at) for n, at in read.fields), *((n, n, 0) for n in names)):
            schema.require(name, text, position)
        wanted = {*names, *(name for name, _ in read.fields)}
        groups = [replace(group, kinds=self._kinds(group, wanted)) for group in schema.groups]
        compiler = Compiler(query, self._now)
        compiler.check(read.node, groups)
        filled = tuple(group for group in groups if group.files)
        matching = tuple(group for group in filled if compiler.condition(read.node, group) != NEVER)
        compiler.parameters.clear()
        return Asked(compiler, read.node, filled, matching, since, until)

    def _kinds(self, group: Group, names: Iterable[str]) -> dict[str, Kind]:
        """What undeclared fields are in a group, by all their values."""
        kinds: dict[str, Kind] = {}
        for name in names:
            target = resolve(name, group)
            if group.files and isinstance(target, Inside) and target.column == EXTRA:
                rows = self._run(
                    f"SELECT DISTINCT json_type(v) FROM (SELECT unnest({leaves_at(target)}) AS v"
                    " FROM read_parquet($1, hive_partitioning = false))",
                    [list(group.files)],
                )
                kinds[name] = kind_of_values({type_ for (type_,) in rows})
        return kinds

    def _hits(
        self,
        asked: Asked,
        group: Group,
        sort: str,
        descending: bool,
        size: int,
        last: Place | None,
        fields: Sequence[str],
    ) -> list[tuple[Place, Hit]]:
        names = [column.name for column in group.columns.columns if not fields or _is_of(column.name, fields)]
        target = resolve(sort, group)
        key, of = first(target, descending) or "NULL", kind_of(target)
        later = "" if last is None else f" AND ({last.later(key, of, descending, asked.compiler.bind)})"
        rows = self._run(
            f"SELECT {key} AS sort_key, {', '.join(map(quoted, names))} FROM {asked.source(group)}"
            f' WHERE {asked.where(group)}{later} ORDER BY sort_key {"DESC" if descending else "ASC"} NULLS LAST, "_id"'
            f" LIMIT {asked.compiler.bind(size)}",
            asked.compiler.parameters,
        )
        at = names.index("_id") + 1
        return [
            (Place(of, row[0], row[at] or ""), Hit(row[at] or "", group.format, group.columns.event(names, row[1:])))
            for row in rows
        ]

    def _total(self, asked: Asked, field: str | None = None) -> int:
        """How many events there are, or how many with a field."""
        compiler = (asked := _afresh(asked)).compiler
        selects = [
            f"SELECT count(*) AS n FROM {asked.source(group)} WHERE {asked.where(group)}"
            + ("" if field is None else f" AND {exists(resolve(field, group))}")
            for group in asked.matching
        ]
        if not selects:
            return 0
        return int(self._run(f"SELECT sum(n) FROM ({' UNION ALL '.join(selects)})", compiler.parameters)[0][0])

    def _bars(self, asked: Asked, width: int, by: str | None) -> dict[int, dict[str, int]]:
        """Counts by the number of the bar and the value (of `by`, or "")."""
        table = _union(asked, by)
        counts: dict[int, dict[str, int]] = {}
        if table is not None:
            value = "''" if by is None else "value"
            for bar, name, count in self._run(
                f"SELECT epoch_us(time) // {asked.compiler.bind(width * 1000)} AS bar, {value} AS name, count(*)"
                f" FROM ({table}) WHERE time IS NOT NULL{'' if by is None else ' AND value IS NOT NULL'} GROUP BY ALL",
                asked.compiler.parameters,
            ):
                counts.setdefault(bar, {})[as_text(aware(name))] = count
        return counts

    def _run(self, sql: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        import duckdb

        try:
            return self._connection().cursor().execute(sql, parameters).fetchall()
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


class StoreQuery(SqlQuery):
    """`SqlQuery` over the store in a folder.

    Raises:
        UsageError: There is no store.
    """

    def __init__(self, path: Path | str, now: datetime | None = None) -> None:
        super().__init__(FolderFiles(Path(path)), now)


def _is_of(column: str, fields: Sequence[str]) -> bool:
    """Whether a column has anything of some fields."""
    return column in ("_id", EXTRA) or any(
        f"{name}.".startswith(f"{column}.") or column.startswith(f"{name}.") for name in fields
    )


def _afresh(asked: Asked) -> Asked:
    """The same question with no parameters bound yet: for a statement of its own."""
    return replace(asked, compiler=Compiler(asked.compiler.query, asked.compiler.now))


def _union(asked: Asked, field: str | None) -> str | None:
    """A table of `time`, `value` and what orders values over all groups; None where no file can have an answer."""
    targets = [(group, None if field is None else resolve(field, group)) for group in asked.groups]
    values = [(group, target, "NULL" if field is None else each(target)) for group, target in targets]
    found = [target for _, target, value in values if value is not None] if field else []
    cast = "CAST({} AS VARCHAR)" if len(set(map(kind, found))) > 1 else "{}"
    alike = len({target.kind if isinstance(target, (Column, Inside)) else "keyword" for target in found}) <= 1
    selects = [
        f"SELECT time, {cast.format('value')} AS value,"
        f" {ordered(target, 'value') if alike else 'CAST(value AS VARCHAR)'} AS place"
        f" FROM (SELECT {quoted(TIME)} AS time, {value} AS value FROM {asked.source(group)} WHERE {asked.where(group)})"
        for group, target, value in values
        if value is not None
    ]
    return " UNION ALL ".join(selects) or None
