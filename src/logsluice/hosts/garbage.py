"""Python's cycle collector, set for a stream of events."""

from __future__ import annotations

import gc

YOUNG, MIDDLE, OLD = 20_000, 20, 50


def set_for_events() -> None:
    """Have the cycle collector look seldom. For programs of our own; a library leaves it to its caller.

    Events are millions of containers and no cycle: reference counts free every one of them. With Python's default the
    collector looks at the young ones after each 700 and every now and then at all that was ever imported, in vain:
    a tenth of the time from gzip to bulk bytes (measured with `bench/`).
    """
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
