"""Cuts what framing found at places that depend on the stream alone: for files that are named by where they begin."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate, pairwise

from logsluice.model import Records

RECORD_BYTES = 512
"""What each record counts beside its bytes, so that a window of tiny ones is bounded, too."""


def windows(batches: Iterable[Records], size: int) -> Iterator[Records]:
    """The same records in the same order, no batch with records of two windows; each says which it belongs to.

    A window ends with the record that fills it, counted from the stream's beginning: reading the stream in other
    pieces gives the same windows.

    Args:
        batches: What a framing yields.
        size: How full a window gets, in bytes; every record counts as RECORD_BYTES more than it has.
    """
    start, full = -1, 0
    for batch in batches:
        positions = batch.positions
        if start < 0 and positions:
            start = positions[0]
        fill = list(accumulate((len(record) + RECORD_BYTES for record in batch.records), initial=full))
        full = fill[-1]
        if full < size:
            batch.window = start
            yield batch
            continue
        cuts, begin = [0], 0
        for index in range(1, len(fill)):
            if fill[index] - begin >= size:
                cuts.append(index)
                begin = fill[index]
        full -= begin
        for first, last in pairwise(cuts):
            yield _part(batch, first, last, start)
            start = positions[last] if last < len(positions) else -1
        yield _rest(batch, cuts[-1], start)


def _part(batch: Records, first: int, last: int, window: int) -> Records:
    terminators = None if batch.terminators is None else batch.terminators[first:last]
    return Records(batch.records[first:last], batch.positions[first:last], terminators, window=window)


def _rest(batch: Records, first: int, window: int) -> Records:
    """What comes after the last cut, and all that is said of the batch as a whole."""
    rest = _part(batch, first, len(batch.records), window)
    rest.size, rest.broken = batch.size, batch.broken
    return rest
