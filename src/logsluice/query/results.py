"""What queries answer, the same for every backend."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from logsluice.errors import UsageError
from logsluice.formats.fields import Kind
from logsluice.model import Event

MOST_BARS = 10_000
SERIES = 10
"""How many values of a field a histogram counts apart."""

_ROUND = {
    "1s": 1, "10s": 10, "1m": 60, "5m": 300, "15m": 900, "1h": 3600, "6h": 21600, "1d": 86400, "7d": 604800,
}  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Hit:
    """One event that was found."""

    id: str
    format: str
    event: Event


@dataclass(frozen=True, slots=True)
class Found:
    """The answer of a search: a page of hits in the order asked for, and how many there are in all.

    Attributes:
        after: What the next page is asked for with; "" where this one was not full.
    """

    hits: tuple[Hit, ...]
    total: int
    after: str = ""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a histogram.

    Attributes:
        start: Aware UTC; the bar ends where the next may start.
        count: Events in it.
        by: The count of each value, where the histogram was asked for by a field; the rare values are left out.
    """

    start: datetime
    count: int
    by: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Events over time. Empty bars are there too, from the first event to the last."""

    interval: timedelta
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """One value of a field and how many events have it."""

    value: Any
    count: int


@dataclass(frozen=True, slots=True)
class Stats:
    """What the values of a field look like.

    Attributes:
        count: Events that have it.
        distinct: How many different values; a cluster may be wrong by a few per cent above 40,000.
        min: The least, None where no event has the field. Likewise `max`.
        sum: Of numbers; None for all else. Likewise `mean` and `percentiles` (interpolated).
        percentiles: From those asked for, such as 99.9, to the value.
    """

    count: int
    distinct: int
    min: Any = None
    max: Any = None
    sum: float | None = None
    mean: float | None = None
    percentiles: dict[float, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field that a query can name.

    Attributes:
        name: Dotted.
        kind: Its neutral type.
        many: Whether it is declared as a list.
        formats: The formats whose events may have it.
        declared: False for what was only seen in the data.
        coverage: The share of these formats' events that have it, 0 to 1; None where counting would be dear.
    """

    name: str
    kind: Kind
    many: bool
    formats: tuple[str, ...]
    declared: bool = True
    coverage: float | None = None


def aware(value: Any) -> Any:
    """A backend's naive UTC time as an aware one; all else as it is."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def bars(
    totals: Mapping[int, int],
    series: Mapping[int, Mapping[str, int]],
    shown: Sequence[str],
    interval: timedelta,
) -> tuple[Bucket, ...]:
    """Buckets without gaps, from counts by the number of the interval since 1970; `shown` is the order of the values.

    Raises:
        UsageError: There would be more than MOST_BARS.
    """
    if not totals:
        return ()
    least, greatest = min(totals), max(totals)
    must_be_drawable(least, greatest, interval)
    return tuple(
        Bucket(
            _EPOCH + number * interval,
            totals.get(number, 0),
            {name: counts[name] for name in shown if name in (counts := series.get(number, {}))},
        )
        for number in range(least, greatest + 1)
    )


def must_be_drawable(least: int, greatest: int, interval: timedelta) -> None:
    """Raise UsageError where there would be more than MOST_BARS from the first to the last."""
    if greatest - least >= MOST_BARS:
        raise UsageError(
            f"a histogram of {greatest - least + 1:,} bars is too long",
            f"make them {_wide_enough((greatest - least + 1) * interval)} or wider, or narrow the time range",
        )


def milliseconds(interval: timedelta) -> int:
    """Of a histogram's bar.

    Raises:
        UsageError: It is no whole number of them, or none.
    """
    whole, rest = divmod(interval, _MILLISECOND)
    if whole <= 0 or rest:
        raise UsageError("the interval of a histogram must be of whole milliseconds, one at least")
    return whole


def _wide_enough(span: timedelta) -> str:
    """A round interval of which a histogram may have enough bars to show a span."""
    needed = span.total_seconds() / (MOST_BARS - 1)
    return next((text for text, seconds in _ROUND.items() if seconds >= needed), f"{math.ceil(needed / 86400)}d")
