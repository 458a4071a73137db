"""Several hosts that do the same: which one is asked next."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

DEAD_SECONDS = 10.0
"""How long a host that could not be reached is passed over while another one answers."""


class Rotation:
    """Hosts in turn; those marked dead come last, until DEAD_SECONDS are over.

    Args:
        hosts: At least one.
        spread: Whether each one has its turn (round robin), instead of the first one that is not dead.
    """

    def __init__(self, hosts: Sequence[str], spread: bool = True) -> None:
        self._hosts = tuple(hosts)
        self._step = int(spread)
        self._next = 0
        self._dead: dict[str, float] = {}
        self._lock = threading.Lock()

    def in_turn(self) -> list[str]:
        """Every host once, in the order to try them."""
        now = time.monotonic()
        with self._lock:
            start, self._next = self._next, (self._next + self._step) % len(self._hosts)
            return sorted(
                self._hosts[start:] + self._hosts[:start], key=lambda host: max(0.0, self._dead.get(host, 0.0) - now)
            )

    def mark_dead(self, host: str) -> None:
        """It could not be reached just now."""
        with self._lock:
            self._dead[host] = time.monotonic() + DEAD_SECONDS

    def mark_alive(self, host: str) -> None:
        """It has answered."""
        with self._lock:
            self._dead.pop(host, None)
