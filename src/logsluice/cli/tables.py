"""How `search` shows what it found: tables for people, NDJSON and CSV for programs."""

from __future__ import annotations

import csv
import itertools
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Protocol

import click

from logsluice.cli import render
from logsluice.model import Event
from logsluice.query.results import Count, FieldInfo, Found, Histogram, Hit, Stats

FEWEST_COLUMNS = 3
MOST_EMPTY = 3
"""So many empty bars of a histogram stand one below the other."""

MOST_FORMATS = 4
"""So many formats that have a field are named."""

_TELLING = (
    ("client_ip", "srcaddr", "sourceip", "c_ip", "client", "source", "remote"),
    ("status", "action", "severity", "level", "rcode"),
    ("verb", "method", "eventname", "type", "protocol"),
    ("url", "uri", "path", "dstaddr", "domain", "query_name", "message", "title"),
    ("user_agent", "arn", "user", "dstport", "rule", "bytes"),
)
"""What people look for first, as parts of field names: who, outcome, what, where to, and more."""


class Output(Protocol):
    """One way to show answers on standard output."""

    def hits(self, found: Found, fields: Sequence[str]) -> None:
        """Events; `fields` are the columns asked for, none for a choice of our own."""

    def counts(self, field: str, counts: Sequence[Count]) -> None:
        """The frequent values of a field."""

    def histogram(self, histogram: Histogram) -> None:
        """Events over time."""

    def stats(self, field: str, stats: Stats) -> None:
        """What the values of a field look like."""

    def fields(self, fields: Sequence[FieldInfo]) -> None:
        """What a query can name."""


class Table:
    """For people, as wide as the terminal."""

    def hits(self, found: Found, fields: Sequence[str]) -> None:
        """Time, format where there are several, and the most telling fields."""
        from rich import box
        from rich.console import Console
        from rich.table import Table as RichTable
        from rich.text import Text

        if found.hits:
            columns: list[tuple[str, Callable[[Hit], Any]]] = []
            if "@timestamp" not in fields:
                columns.append(("time", lambda hit: hit.event.get("@timestamp", "")))
            if len({hit.format for hit in found.hits}) > 1 and not {"format", "_format"} & set(fields):
                columns.append(("format", lambda hit: hit.format))
            columns += [(name, _getter(name)) for name in fields or telling([hit.event for hit in found.hits])]
            table = RichTable(box=box.SIMPLE_HEAD, pad_edge=False)
            for name, _ in columns:
                table.add_column(Text(render.escape(name)), no_wrap=name == "time", overflow="ellipsis")
            for hit in found.hits:
                table.add_row(*(Text(_shown(get(hit)), no_wrap=True) for _, get in columns))
            Console(width=render.width(), highlight=False, markup=False, emoji=False).print(table)
        click.echo(f"{len(found.hits):,} of {found.total:,} events", err=True)

    def counts(self, field: str, counts: Sequence[Count]) -> None:  # noqa: ARG002 - the values speak for themselves
        """A bar for each value."""
        _echo(render.bars([(render.escape(each.value), each.count) for each in counts]))

    def histogram(self, histogram: Histogram) -> None:
        """A bar for each interval, and beside it the values that it was asked by; long gaps are told in one line."""
        labels = [render.bar_label(bucket.start, histogram.interval) for bucket in histogram.buckets]
        lines = render.bars([(label, b.count) for label, b in zip(labels, histogram.buckets, strict=True)])
        rows = zip(lines, histogram.buckets, strict=True)
        for events, run in itertools.groupby(rows, key=lambda row: bool(row[1].count)):
            shown = list(run)
            if not events and len(shown) > MOST_EMPTY:
                click.echo(f"...  {len(shown):,} bars without events")
                continue
            for line, bucket in shown:
                by = "  ".join(f"{render.escape(value)}:{count:,}" for value, count in bucket.by.items())
                click.echo(f"{line}  {by}" if by else line)

    def stats(self, field: str, stats: Stats) -> None:  # noqa: ARG002 - whoever asks knows it
        """A line for each."""
        rows = list(_told(stats))
        labels = max(len(label) for label, _ in rows)
        _echo(f"{label:<{labels}}  {_number(value)}" for label, value in rows)

    def fields(self, fields: Sequence[FieldInfo]) -> None:
        """A line for each."""
        names = max((len(render.escape(info.name)) for info in fields), default=0)
        for info in fields:
            kind = f"{info.kind} list" if info.many else info.kind
            share = "     " if info.coverage is None else f"{info.coverage:>5.0%}"
            many = len(info.formats) > MOST_FORMATS
            formats = f"{len(info.formats)} formats" if many else ", ".join(info.formats)
            click.echo(f"{render.escape(info.name):<{names}}  {kind:<12}  {share}  {formats}".rstrip())


class Ndjson:
    """For programs: one document a line."""

    def hits(self, found: Found, fields: Sequence[str]) -> None:  # noqa: ARG002 - the events hold those fields only
        """Events, with `_id` and `_format` beside their own fields."""
        self._write({"_id": hit.id, "_format": hit.format, **hit.event} for hit in found.hits)

    def counts(self, field: str, counts: Sequence[Count]) -> None:
        """`{"field": …, "value": …, "count": …}`."""
        self._write({"field": field, "value": each.value, "count": each.count} for each in counts)

    def histogram(self, histogram: Histogram) -> None:
        """`{"start": …, "count": …, "by": {…}}`, `by` only where it was asked for."""
        self._write({"start": b.start, "count": b.count, **({"by": b.by} if b.by else {})} for b in histogram.buckets)

    def stats(self, field: str, stats: Stats) -> None:
        """`{"field": …, "count": …, "distinct": …, "min": …}`, percentiles as `p50` and so on."""
        self._write([{"field": field, **dict(_told(stats))}])

    def fields(self, fields: Sequence[FieldInfo]) -> None:
        """As `FieldInfo` has them."""
        self._write(asdict(info) for info in fields)

    def _write(self, documents: Iterable[dict[str, Any]]) -> None:
        from logsluice.lang.as_json import dumps, for_terminals

        for document in documents:
            sys.stdout.buffer.write(for_terminals(dumps(document)) + b"\n")
        sys.stdout.buffer.flush()


class Csv:
    """For spreadsheets. What one would take for a formula gets an apostrophe in front (OWASP, CSV Injection)."""

    def hits(self, found: Found, fields: Sequence[str]) -> None:
        """A column for each field; those of the first event first."""
        events = [dict(_flat(hit.event)) for hit in found.hits]
        names = list(fields) or list(dict.fromkeys(name for event in events for name in event))
        self._write(names, ([_getter(name)(hit) for name in names] for hit in found.hits))

    def counts(self, field: str, counts: Sequence[Count]) -> None:
        """The field's name is the first header."""
        self._write([field, "count"], ([each.value, each.count] for each in counts))

    def histogram(self, histogram: Histogram) -> None:
        """A row for each bar, a column for each value that it was asked by."""
        names = list(dict.fromkeys(name for bucket in histogram.buckets for name in bucket.by))
        self._write(
            ["start", "count", *names],
            ([b.start, b.count, *(b.by.get(name, 0) for name in names)] for b in histogram.buckets),
        )

    def stats(self, field: str, stats: Stats) -> None:
        """A column for each."""
        told = dict(_told(stats))
        self._write(["field", *told], [[field, *told.values()]])

    def fields(self, fields: Sequence[FieldInfo]) -> None:
        """A row for each."""
        self._write(
            ["name", "kind", "many", "formats", "declared", "coverage"],
            (
                [i.name, i.kind, i.many, " ".join(i.formats), i.declared, "" if i.coverage is None else i.coverage]
                for i in fields
            ),
        )

    def _write(self, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([name if name == "@timestamp" else _cell(name) for name in header])
        writer.writerows([_cell(value) for value in row] for row in rows)


OUTPUTS: dict[str, Output] = {"table": Table(), "json": Ndjson(), "csv": Csv()}


def telling(events: Sequence[Event]) -> list[str]:
    """The fields of these events that say the most, for a table without `--fields`."""
    names = list(dict.fromkeys(name for event in events for name, _ in _flat(event)))
    names = [name for name in names if not name.startswith(("@", "_", "origin.", "tags"))]
    chosen: list[str] = []
    for parts in _TELLING:
        found = next((name for part in parts for name in names if part in name.lower() and name not in chosen), None)
        chosen += [found] if found else []
    chosen += [name for name in names if name not in chosen][: max(0, FEWEST_COLUMNS - len(chosen))]
    return chosen


def _told(stats: Stats) -> Iterator[tuple[str, Any]]:
    yield "count", stats.count
    yield "distinct", stats.distinct
    for name in ("min", "max", "sum", "mean"):
        if (value := getattr(stats, name)) is not None:
            yield name, value
    for percent, value in stats.percentiles.items():
        yield f"p{percent:g}", value


def _number(value: Any) -> str:
    """Numbers with commas and no more digits than say something."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return render.escape(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.0f}"


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _flat(event: Event, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in event.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _getter(name: str) -> Callable[[Hit], Any]:
    """What an event has under a dotted name: a value, or the object there."""

    def get(hit: Hit) -> Any:
        value: Any = hit.event
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            value = hit.event.get(name, hit.format if name == "format" else "")
        return {"_id": hit.id, "_format": hit.format}.get(name, value)

    return get


def _shown(value: Any) -> str:
    return ", ".join(map(render.escape, value)) if isinstance(value, list) else render.escape(value)


def _cell(value: Any) -> str:
    if isinstance(value, (int, float)):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        return render.isoformat(value) if isinstance(value, datetime) else _cell(_shown(value))
    text = "\n".join(map(render.escape, value.split("\n")))
    return "'" + text if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
