"""Tells the allocators of this process how a pipeline uses memory: the same megabytes, again and again."""

from __future__ import annotations

import ctypes
import gc

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8
_KEPT_BYTES = 16 * 1024 * 1024
_LARGE_BYTES = 4 * 1024 * 1024


def settle() -> None:
    """Keep freed memory for the next piece, and look for garbage cycles seldom. Called once, when a host starts.

    Measured with ALB lines to bulk bytes: glibc's malloc gives freed memory back to the kernel after every piece and
    has it zeroed for the next one (mallopt(3), M_TRIM_THRESHOLD), a quarter of all the time. Events hold no cycles, so
    most of what Python's collector does for them, a few per cent, is in vain. One arena for all threads, which hold
    Python's lock anyway: each would keep some megabytes of its own for reuse, 4 MB of a process with small objects.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library, which has its own ways
        pass
    else:
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
        mallopt(_M_ARENA_MAX, 1)
    # not gc.freeze(): what is frozen is not released at the end, and DuckDB's bindings complain of that at length
    gc.set_threshold(50_000, 20, 100)
