"""How filters are put together: one after the other, and under conditions."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from logsluice.errors import Undecidable
from logsluice.model import Event, Filter, RejectEvent

if TYPE_CHECKING:
    from logsluice.lang.conditions import Condition


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
        try:
            decided = [self.condition(event) for event in events]
        except Undecidable:
            events, decided = self._decidable(events, reject)
        if not any(decided):
            return self.otherwise.apply(events, reject)
        if all(decided):
            return self.then.apply(events, reject)
        out: list[Event] = []
        for holds, run in groupby(zip(decided, events, strict=True), key=itemgetter(0)):
            out += (self.then if holds else self.otherwise).apply([event for _, event in run], reject)
        return out

    def _decidable(self, events: list[Event], reject: RejectEvent) -> tuple[list[Event], list[bool]]:
        """The events that are decided, and how: asked once more, a slow regular expression may answer otherwise."""
        kept, decided = [], []
        for event in events:
            try:
                decided.append(self.condition(event))
            except Undecidable as error:
                reject(event, f"if: {error}")
            else:
                kept.append(event)
        return kept, decided
