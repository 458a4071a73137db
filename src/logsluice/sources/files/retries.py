"""Deliveries that were not used up, until it is time to hand them out again."""

from __future__ import annotations

import time

from logsluice.model import Delivery


class Retries:
    """Not locked: its source is.

    Args:
        delay: Seconds after the first try; doubled with each further one.
        longest: The longest such delay.
        tries: After so many a delivery that can be read is put aside: whatever is wrong, it won't pass.
    """

    def __init__(self, delay: float, longest: float, tries: int) -> None:
        self._delay = delay
        self._longest = longest
        self._tries = tries
        self._waiting: list[tuple[float, Delivery]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, delivery: Delivery) -> None:
        """One that is to come back."""
        delay = self._delay * 2 ** min(delivery.receive_count - 1, 30)
        again = Delivery(
            delivery.id,
            delivery.payloads,
            delivery.rejects,
            delivery.fault,
            receive_count=delivery.receive_count + 1,
            handle=delivery.handle,
            resume=delivery.resume,
        )
        self._waiting.append((time.monotonic() + min(delay, self._longest), again))

    def due(self) -> list[Delivery]:
        """Those whose time has come; they are ours no more."""
        now = time.monotonic()
        due = [delivery for at, delivery in self._waiting if at <= now]
        if due:
            self._waiting = [(at, delivery) for at, delivery in self._waiting if at > now]
        return due

    def times(self) -> list[float]:
        """When the others' will come, on the monotonic clock."""
        return [at for at, _ in self._waiting]

    def is_hopeless(self, delivery: Delivery) -> bool:
        """Whether it was tried often enough."""
        return delivery.receive_count > self._tries
