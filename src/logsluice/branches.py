"""How filters are put together: one after the other, and under conditions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from logsluice.lang.conditions import Condition, Undecidable
from logsluice.model import Event, Filter, RejectEvent


class Chain:
    """Filters one after the other; an empty chain lets everything through."""

    def __init__(self, filters: Sequence[Filter] = ()) -> None:
        self.filters = tuple(filters)

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`."""
        for each in self.filters:
            if not events:
                break
            events = each.apply(events, reject)
        return events


class Branch:
    """`if … then … else`. Events keep their order, and what a branch makes of an event takes its place.

    An event whose condition is undecidable is rejected.
    """

    def __init__(self, condition: Condition, then: Filter, otherwise: Filter | None = None) -> None:
        self.condition = condition
        self.then = then
        self.otherwise = otherwise or Chain()

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`."""
        decided: list[tuple[bool, Event]] = []
        for event in events:
            try:
                decided.append((self.condition(event), event))
            except Undecidable as error:
                reject(event, f"if: {error}")
        runs = [(holds, [event for _, event in run]) for holds, run in groupby(decided, key=lambda pair: pair[0])]
        if len(runs) == 1 and len(decided) == len(events):
            return self._of(runs[0][0]).apply(events, reject)
        return [event for holds, run in runs for event in self._of(holds).apply(run, reject)]

    def _of(self, holds: bool) -> Filter:
        return self.then if holds else self.otherwise
