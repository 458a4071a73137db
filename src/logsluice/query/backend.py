"""What every place that holds logs answers; the same questions give the same answers, whatever the place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol, Self

from logsluice.query.results import Count, FieldInfo, Found, Histogram, Hit, Stats

NEWEST = "@timestamp:desc"
PERCENTILES = (50.0, 95.0, 99.0)


class Backend(Protocol):
    """Questions to logs. Inherit from it: what follows from the other methods is here.

    Queries are in Lucene syntax, "" finds all; docs/query-semantics.md says what they mean. `since` includes its
    moment, `until` does not. Threads may share a backend. Every method raises QueryError for a query that can't be read
    or names an unknown field, and UsageError where the place can't answer.
    """

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
        """A page of events in an order.

        Args:
            query: Lucene syntax.
            since: Events of this moment or later.
            until: Events before this moment.
            sort: `FIELD`, `FIELD:asc` or `FIELD:desc`; a name with a colon in it needs either. Events without the field
                come last, equal ones by `_id`.
            size: How many at the most.
            fields: Only these fields of the events; all by default.
            after: The page after the one whose `Found.after` this was; all other arguments must be the same.
        """

    def count(self, query: str = "", since: datetime | None = None, until: datetime | None = None) -> int:
        """How many events match."""

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
            interval: Of one bar; whole milliseconds.
            by: Count the most frequent values of this field apart.
            since: As in `search`.
            until: Likewise.
        """

    def top_values(
        self, query: str, field: str, size: int = 10, since: datetime | None = None, until: datetime | None = None
    ) -> list[Count]:
        """The most frequent values of a field, the frequent first, equal ones by value. Lists count for each item."""

    def stats(
        self,
        field: str,
        query: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        percentiles: Sequence[float] = PERCENTILES,
    ) -> Stats:
        """Count, distinct values, least, greatest; for numbers also sum, mean and percentiles."""

    def fields(self) -> list[FieldInfo]:
        """Every field that a query can name, sorted; one whose kind differs between formats once for each kind."""

    def get(self, event_id: str) -> Hit | None:
        """One event by its `_id`."""

    def newest(self, count: int) -> tuple[Hit, ...]:
        """The events of the latest `@timestamp`, the newest first."""
        return self.search(size=count).hits

    def close(self) -> None:
        """Close what is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
