"""Until when work may go on; set once for a Lambda run, moved by a signal for a daemon."""

from __future__ import annotations

import math
import threading
import time


class Deadline:
    """A moment on the monotonic clock that another thread may bring forward.

    Args:
        seconds: From now; without it there is no deadline yet.
    """

    def __init__(self, seconds: float = math.inf) -> None:
        self._at = time.monotonic() + seconds
        self._moved = threading.Condition()

    def bring_forward(self, seconds: float) -> None:
        """At the latest `seconds` from now; whoever waits wakes up to see it."""
        with self._moved:
            self._at = min(self._at, time.monotonic() + seconds)
            self._moved.notify_all()

    @property
    def overdue(self) -> float:
        """Seconds since it has passed, 0 before."""
        return max(0.0, time.monotonic() - self._at)

    @property
    def has_passed(self) -> bool:
        """Whether work must be let go."""
        return time.monotonic() >= self._at

    def wait(self, seconds: float) -> bool:
        """Sleep, but not past the deadline, wherever it is moved meanwhile. Returns whether it has passed."""
        until = time.monotonic() + seconds
        with self._moved:
            while (left := min(until, self._at) - time.monotonic()) > 0:
                self._moved.wait(left)
        return self.has_passed
