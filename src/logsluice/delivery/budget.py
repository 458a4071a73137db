"""The byte budget of a pipeline: what all its workers may hold at once of events that are not confirmed."""

from __future__ import annotations

import threading

from logsluice.framing.limits import MIB

DEFAULT_BUDGET = 32 * MIB


class Budget:
    """Bytes that are free to be used; shared by the workers of one pipeline.

    One charge may exceed the whole budget when nothing else is charged: a single large record must be able to pass.
    """

    def __init__(self, size: int = DEFAULT_BUDGET) -> None:
        self.size = size
        self._used = 0
        self._freed = threading.Condition()

    @property
    def used(self) -> int:
        """Bytes charged at this moment."""
        return self._used

    def try_charge(self, amount: int) -> bool:
        """Charge if there is room. When there is none, the caller first sends what it holds, then calls `charge`."""
        with self._freed:
            if self._used and self._used + amount > self.size:
                return False
            self._used += amount
            return True

    def charge(self, amount: int, timeout: float) -> bool:
        """Wait for room for at most `timeout` seconds. Whoever waits here holds nothing that others wait for."""
        with self._freed:
            if not self._freed.wait_for(lambda: not self._used or self._used + amount <= self.size, timeout):
                return False
            self._used += amount
            return True

    def overdraw(self, amount: int) -> None:
        """Charge without waiting: for the rest of what is held already, and can't be let go before it is whole."""
        with self._freed:
            self._used += amount

    def release(self, amount: int) -> None:
        """Give back what was charged."""
        with self._freed:
            self._used -= amount
            self._freed.notify_all()
