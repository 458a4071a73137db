"""Questions to a cluster: each method is one or a few `_search` requests."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from logsluice.cluster.client import Client
from logsluice.cluster.query.documents import hit_of, value_of
from logsluice.cluster.query.dsl import NEVER, Clause, Compiler, all_of, any_of, between_times, exists
from logsluice.cluster.query.indices import Indices, within
from logsluice.cluster.query.mapping import ID, FormatName, Group, require, resolve
from logsluice.cluster.query.order import Part, parts_for
from logsluice.cluster.query.pages import IdsUnsorted, Page
from logsluice.errors import QueryError
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
    bars,
    milliseconds,
    must_be_drawable,
)
from logsluice.query.syntax import Node, parse
from logsluice.query.values import to_millisecond

TIME = "@timestamp"
WINDOW = 10_000
"""How many documents one request may give (`index.max_result_window`)."""

EXACT_DISTINCT = 40_000
"""The highest `precision_threshold` of a cardinality aggregation."""

COMPRESSION = 1000
"""Of the percentiles' t-digest: ten times the default, for a smaller error."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question while it is answered; `groups` are all there are."""

    compiler: Compiler
    node: Node
    since: datetime | None
    until: datetime | None
    groups: tuple[Group, ...]

    def clause(self, groups: Sequence[Group], also: Callable[[Group], Clause] | None = None) -> Clause:
        """What finds the events in a search of some groups' indices; `also` gives a further condition for each."""
        same: dict[str, list[Group]] = {}
        for group in groups:
            wanted = [self.compiler.condition(self.node, group), *([also(group)] if also else [])]
            same.setdefault(json.dumps(all_of(wanted), sort_keys=True), []).append(group)
        found = {dumped: members for dumped, members in same.items() if json.loads(dumped) != NEVER}
        times = between_times(TIME, self.since, self.until)
        if len(same) == 1:
            return all_of([*map(json.loads, found or [json.dumps(NEVER)]), times])
        each = [all_of([within(members), json.loads(dumped)]) for dumped, members in found.items()]
        return all_of([any_of(each), times])


class ClusterQuery(Backend):
    """Answers questions about indices of OpenSearch or Elasticsearch.

    Args:
        client: Closed with this.
        indices: A name or a pattern such as `alb-*`, or several with commas.
        now: What `now` means in queries; the present by default.
    """

    def __init__(self, client: Client, indices: str, now: datetime | None = None) -> None:
        self._indices = Indices(client, indices)
        self._now = now
        self._sorts_ids = True

    def close(self) -> None:
        """Close the connections."""
        self._indices.close()

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
        asked = self._ask(query, since, until)
        for wanted in (name, *fields):
            require(list(asked.groups), wanted, wanted, 0)
        parts = parts_for(name, asked.groups)
        page = Page.after(after, len(parts))
        if self._sorts_ids and not page.moment:
            try:
                return self._found(asked, parts, descending, size, page, fields)
            except IdsUnsorted:
                self._sorts_ids = False
        if name == ID:
            raise QueryError(f"the cluster does not sort by '_id'; it can be told to by {IdsUnsorted.SIGN}", sort, 0)
        if not page.moment:
            page = Page.after(after, len(parts))
            self._indices.hold(page)
        found = self._found(asked, parts, descending, size, page, fields)
        if not found.after:
            self._indices.release(page)
        return found

    def count(self, query: str = "", since: datetime | None = None, until: datetime | None = None) -> int:
        """See `Backend`."""
        asked = self._ask(query, since, until)
        return self._indices.count(asked.clause(asked.groups), asked.groups)

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
        asked = self._ask(query, since, until)
        clause = asked.clause(asked.groups)
        ends = self._indices.aggregate(
            clause, asked.groups, {"least": {"min": {"field": TIME}}, "greatest": {"max": {"field": TIME}}}
        )
        if ends["least"]["value"] is None:
            return Histogram(interval, ())
        must_be_drawable(int(ends["least"]["value"]) // width, int(ends["greatest"]["value"]) // width, interval)
        totals = self._bars(clause, asked.groups, width)
        series: dict[int, dict[str, int]] = {}
        shown: list[str] = []
        if by is not None:
            for value in self.top_values(query, by, SERIES, since, until):
                shown.append(as_text(value.value))
                for number, count in self._bars(self._having(asked, by, value.value), asked.groups, width).items():
                    series.setdefault(number, {})[shown[-1]] = count
        return Histogram(interval, bars(totals, series, shown, interval))

    def top_values(
        self, query: str, field: str, size: int = 10, since: datetime | None = None, until: datetime | None = None
    ) -> list[Count]:
        """See `Backend`."""
        asked = self._ask(query, since, until)
        require(list(asked.groups), field, field, 0)
        return self._top(asked, field, size)

    def stats(
        self,
        field: str,
        query: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        percentiles: Sequence[float] = PERCENTILES,
    ) -> Stats:
        """See `Backend`."""
        asked = self._ask(query, since, until)
        require(list(asked.groups), field, field, 0)
        parts = [part for part in parts_for(field, asked.groups) if part.exists]
        count = sum(
            self._indices.count(asked.clause(part.groups, lambda group: exists(resolve(field, group))), part.groups)
            for part in parts
        )
        if not count:
            return Stats(0, 0)
        if len(parts) > 1 or parts[0].constant:
            texts = sorted(str(value.value) for value in self._top(asked, field, EXACT_DISTINCT))
            return Stats(count, len(texts), texts[0], texts[-1])
        (part,) = parts
        return self._stats(asked.clause(part.groups), part, count, percentiles)

    def fields(self) -> list[FieldInfo]:
        """See `Backend`."""
        from logsluice.cluster.query.known import fields_of

        return fields_of(self._indices.groups(), self._coverage)

    def get(self, event_id: str) -> Hit | None:
        """See `Backend`."""
        answer = self._indices.search({"query": {"ids": {"values": [event_id]}}, "size": 1}, self._indices.groups())
        return next((self._hit(hit, ()) for hit in answer["hits"]["hits"]), None)

    # ------------------------------------------------------------------------------------------------ helpers

    def _ask(self, query: str, since: datetime | None, until: datetime | None) -> Asked:
        read = parse(query)
        known = self._indices.groups()
        for name, position in read.fields:
            require(known, name, query, position)
        compiler = Compiler(query, self._now)
        compiler.check(read.node, known)
        return Asked(
            compiler,
            read.node,
            None if since is None else to_millisecond(since),
            None if until is None else to_millisecond(until),
            tuple(known),
        )

    def _found(
        self, asked: Asked, parts: Sequence[Part], descending: bool, size: int, page: Page, fields: Sequence[str]
    ) -> Found:
        """The next page of all parts together. Raises IdsUnsorted."""
        found: list[tuple[int, Any, dict[str, Any]]] = []
        total = 0
        for number, part in enumerate(parts):
            hits, count = self._hits(asked, part, number, descending, size, page, fields)
            found += [(number, part.key(hit["sort"][0]), hit) for hit in hits]
            total += count
        if not page.moment:
            found.sort(key=lambda each: str(each[2]["_id"]))
        found.sort(key=lambda each: each[1] or (0, 0), reverse=descending)
        found.sort(key=lambda each: each[1] is None)
        del found[size:]
        for number, _, hit in found:
            page.places[number] = hit["sort"]
        hits_ = tuple(self._hit(hit, fields) for _, _, hit in found)
        return Found(hits_, total, page.bookmark() if len(hits_) == size else "")

    def _hits(
        self, asked: Asked, part: Part, number: int, descending: bool, size: int, page: Page, fields: Sequence[str]
    ) -> tuple[list[dict[str, Any]], int]:
        """The next hits of one part in the order asked for, and how many the part has."""
        body: dict[str, Any] = {
            "query": asked.clause(part.groups),
            "sort": part.sort(descending, page.tie),
            "track_total_hits": True,
            "_source": list(fields) or True,
        }
        hits: list[dict[str, Any]] = []
        place = page.places[number]
        while True:
            body["size"] = min(WINDOW, size - len(hits))
            if place:
                body["search_after"] = place
            if page.moment:
                answer = self._indices.search_held(page, body, part.groups)
            else:
                answer = self._indices.search(body, part.groups)
            hits += answer["hits"]["hits"]
            if len(answer["hits"]["hits"]) < body["size"] or len(hits) == size:
                return hits, int(answer["hits"]["total"]["value"])
            place = hits[-1]["sort"]

    def _hit(self, hit: dict[str, Any], fields: Sequence[str]) -> Hit:
        group = next((group for group in self._indices.groups() if hit["_index"] in group.indices), None)
        found = hit_of(hit, group)
        return Hit(found.id, found.format, only(found.event, fields)) if fields else found

    def _top(self, asked: Asked, field: str, size: int) -> list[Count]:
        parts = [part for part in parts_for(field, asked.groups) if part.exists]
        counts: Counter[Any] = Counter()
        mixed = len({part.kind for part in parts}) > 1
        for part in parts:
            for value, count in self._values(asked, part, EXACT_DISTINCT if mixed else size):
                counts[as_text(value) if mixed else value] += count
        ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])) if len(parts) > 1 else counts.items()
        return [Count(value, count) for value, count in list(ranked)[:size]]

    def _values(self, asked: Asked, part: Part, size: int) -> Iterator[tuple[Any, int]]:
        clause = asked.clause(part.groups)
        if part.constant:
            if count := self._indices.count(clause, part.groups):
                yield part.constant, count
            return
        ordered = [{"_count": "desc"}, {"_key": "asc"}]
        terms = {"field": part.counted, "size": size, "shard_size": max(size * 10, 1000), "order": ordered}
        for bucket in self._indices.aggregate(clause, part.groups, {"top": {"terms": terms}})["top"]["buckets"]:
            yield value_of(part.kind, bucket), bucket["doc_count"]

    def _having(self, asked: Asked, field: str, value: Any) -> Clause:
        """The events that have one value of a field."""

        def condition(group: Group) -> Clause:
            match resolve(field, group):
                case None:
                    return NEVER
                case FormatName(name):
                    return {"match_all": {}} if name == value else NEVER
                case _:
                    (part,) = parts_for(field, [group])
                    return part.equal(value)

        return asked.clause(asked.groups, condition)

    def _stats(self, clause: Clause, part: Part, count: int, percentiles: Sequence[float]) -> Stats:
        field = {"field": part.counted}
        wanted: dict[str, Any] = {"distinct": {"cardinality": {**field, "precision_threshold": EXACT_DISTINCT}}}
        numeric = part.kind in ("integer", "float")
        if numeric:
            wanted["numbers"] = {"stats": field}
            digest = {"percents": list(percentiles), "tdigest": {"compression": COMPRESSION}}
            wanted["percentiles"] = {"percentiles": {**field, **digest}}
        else:
            for name, direction in (("least", "asc"), ("greatest", "desc")):
                wanted[name] = {"terms": {**field, "size": 1, "order": {"_key": direction}}}
        found = self._indices.aggregate(clause, part.groups, wanted)
        distinct = found["distinct"]["value"]
        if not numeric:
            least, greatest = (value_of(part.kind, found[name]["buckets"][0]) for name in ("least", "greatest"))
            return Stats(count, distinct, least, greatest)
        numbers = found["numbers"]
        exact = int if part.kind == "integer" else float
        return Stats(
            count,
            distinct,
            exact(numbers["min"]),
            exact(numbers["max"]),
            numbers["sum"],
            numbers["avg"],
            {percent: found["percentiles"]["values"][str(float(percent))] for percent in percentiles},
        )

    def _bars(self, clause: Clause, groups: Sequence[Group], width: int) -> dict[int, int]:
        histogram = {"field": TIME, "fixed_interval": f"{width}ms", "min_doc_count": 1}
        buckets = self._indices.aggregate(clause, groups, {"bars": {"date_histogram": histogram}})["bars"]["buckets"]
        return {int(bucket["key"]) // width: bucket["doc_count"] for bucket in buckets}

    def _coverage(self, group: Group) -> tuple[int, dict[str, int]]:
        """How many events a group has, and how many have each of its fields."""
        filters = {name: exists(leaf) for name, leaf in group.fields.items()}
        body = {
            "size": 0,
            "track_total_hits": True,
            "aggs": {"fields": {"filters": {"filters": filters}}},
        }
        answer = self._indices.search(body, [group])
        buckets = answer["aggregations"]["fields"]["buckets"]
        return int(answer["hits"]["total"]["value"]), {name: buckets[name]["doc_count"] for name in filters}
