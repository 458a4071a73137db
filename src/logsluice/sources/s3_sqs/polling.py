"""Messages of queues, in turn and kept alive: what sources over SQS have in common."""

from __future__ import annotations

import abc
import math
import threading
import time
from collections import deque
from collections.abc import Callable

import structlog

from logsluice.errors import SourceFault
from logsluice.model import Delivery, Outcome
from logsluice.sources.s3_sqs.deletions import Deletions
from logsluice.sources.s3_sqs.options import PollingOptions
from logsluice.sources.s3_sqs.queue import Message, Queue, open_queue
from logsluice.telemetry.counters import Counters

PATIENCE_SECONDS = 5.0
"""How long flushing and closing wait for SQS: less than what a supervisor leaves until it kills."""

UNSEEN = 3
"""So many times `quarantine_after` a message is received of which no failure was seen: processes that end give back
what they have in hand, and say nothing against it; one that a message has killed can't tell."""

log = structlog.get_logger("s3_sqs")


class Polling(abc.ABC):
    """Receives messages and settles them; what they mean is its subclasses' (`model.Source`).

    Attributes:
        counters: messages, by queue; and what the subclass counts.
    """

    def __init__(self, config: PollingOptions, queues: tuple[str, ...]) -> None:
        self._polling = config
        self._names = queues
        self.counters = Counters()
        self._queues: list[Queue] = []
        self._deletions: dict[Queue, Deletions] = {}
        self._held: deque[Message] = deque()
        self._tried: set[str] = set()
        self._turn = 0
        self._lock = threading.Lock()

    @abc.abstractmethod
    def _delivery(self, message: Message) -> Delivery:
        """What a message brings."""

    def _finish(self, delivery: Delivery) -> bool:  # noqa: ARG002 - for subclasses
        """What remains to be done when a delivery is confirmed; False where the message is to come back for it."""
        return True

    @property
    def visibility(self) -> float:
        """Seconds that a message stays ours: longer when it can't be extended."""
        extended = all(queue.can_extend for queue in self._queues)
        return self._polling.visibility if extended else self._polling.visibility_without_heartbeat

    @property
    def retention(self) -> float | None:
        """Seconds until the first of its queues forgets a message, as far as that is known."""
        return min((queue.retention for queue in self._queues if queue.retention is not None), default=None)

    def open(self) -> None:
        """Find the queues and learn what we may do with them.

        Raises:
            UsageError: A queue is missing, denied or out of reach.
        """
        config = self._polling
        periods = (config.visibility, config.visibility_without_heartbeat)
        self._queues = [open_queue(name, config.aws, *periods) for name in self._names]
        self._deletions = {queue: Deletions(queue) for queue in self._queues}

    # ------------------------------------------------------------------------------------------ receiving

    def receive(self, wait: float) -> list[Delivery]:
        """Up to ten messages of one queue, or one that is suspicious; an empty list after `wait` seconds, rounded up.

        Raises:
            SourceFault: A queue can't be received from now: Denied, Missing or Unavailable, named in the message.
        """
        held = self._next_held()
        if held is not None:
            return [self._tried_now(held)]
        # SQS waits whole seconds; a wait that was asked for is not rounded to none, which would be a busy loop
        wait_each = math.ceil(min(wait, self._polling.wait_seconds) / len(self._queues))
        fault: SourceFault | None = None
        for queue in self._rotation():
            try:
                messages = queue.receive(wait_each, self._polling.batch, self.visibility)
            except SourceFault as failed:
                fault = failed  # one sick queue doesn't keep us from the others
                continue
            if messages:
                self.counters.add("messages", len(messages), queue.name)
                return self._hand_out(messages)
        if fault is not None:
            raise fault
        return []

    def _rotation(self) -> list[Queue]:
        """Every queue once, beginning with the one after the last call's first: none is starved by a busy one."""
        with self._lock:
            start = self._turn
            self._turn = (start + 1) % len(self._queues)
        return self._queues[start:] + self._queues[:start]

    def _hand_out(self, messages: list[Message]) -> list[Delivery]:
        """Healthy messages together; a suspicious one alone, the rest of those held for later calls."""
        suspects = [message for message in messages if self._is_suspicious(message)]
        healthy = [message for message in messages if message not in suspects]
        if not healthy:
            healthy, suspects = suspects[:1], suspects[1:]
        with self._lock:
            self._held.extend(suspects)
        return [self._tried_now(message) for message in healthy]

    def _tried_now(self, message: Message) -> Delivery:
        """Its delivery; should the message come back to this process, it has failed here."""
        delivery = self._delivery(message)
        if message.receive_count >= self._polling.quarantine_after:
            self._tried.add(message.id)
        return delivery

    def _is_suspicious(self, message: Message) -> bool:
        """Whether reading it may kill us. What will be put aside is not read, and must not wait behind what is."""
        last_try = self._last_try(message)
        isolate_after = min(self._polling.isolate_after, max(1, last_try - 1))
        return isolate_after < message.receive_count <= last_try

    def _last_try(self, message: Message) -> int:
        """The receive count of a message's last try; at the next one it is quarantined.

        SQS moves a message away when it was received `maxReceiveCount` times; we must have written it down before.
        """
        tries = self._polling.quarantine_after * (1 if message.id in self._tried else UNSEEN)
        limit = message.queue.max_receive_count
        return min(tries, limit - 1) if limit > 1 else tries

    def _next_held(self) -> Message | None:
        """A held message that is still ours, freshly extended: its heartbeat starts only now."""
        while True:
            with self._lock:
                if not self._held:
                    return None
                message = self._held.popleft()
            if self._keep(message):
                return message

    def _keep(self, message: Message) -> bool:
        try:
            return message.queue.extend(message, self.visibility)
        except SourceFault:
            return False  # not known to be ours any more: SQS will hand it out again

    # -------------------------------------------------------------------------------------------- settling

    def extend(self, delivery: Delivery) -> bool:
        """Another `visibility` seconds. False when the message is no longer ours.

        Raises:
            SourceFault: Unavailable: not known, and worth another try.
        """
        message: Message = delivery.handle
        self._extend_held()
        return message.queue.extend(message, self.visibility)

    def _extend_held(self) -> None:
        """Held messages live on the heartbeat of those that keep the workers busy."""
        soon = time.monotonic() + self.visibility * 0.6
        with self._lock:
            due = [message for message in self._held if message.ours_until < soon]
        for message in due:
            if not self._keep(message):
                with self._lock:
                    if message in self._held:
                        self._held.remove(message)

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Delete the message soon, or let it come back after a delay that grows with each time."""
        message: Message = delivery.handle
        if outcome is Outcome.DELIVERED and not self._finish(delivery):
            outcome = Outcome.RETRY
        if outcome is not Outcome.RETRY:
            self._tried.discard(message.id)
            self._deletions[message.queue].add(message)
            return
        delay = min(self._polling.retry_delay * 2 ** min(message.receive_count - 1, 30), self._polling.retry_delay_max)
        try:
            message.queue.change_visibility(message, delay)
        except SourceFault as fault:
            log.warning("a message comes back when its visibility ends", delivery=delivery.id, reason=str(fault))

    def flush(self) -> None:
        """Delete what waits to be deleted."""
        _for_a_while(self._delete_waiting)

    def _delete_waiting(self) -> None:
        for deletions in self._deletions.values():
            deletions.flush()

    def close(self) -> None:
        """Delete what waits, and give back what was never handed out."""
        _for_a_while(self._give_up)

    def _give_up(self) -> None:
        for deletions in self._deletions.values():
            deletions.close()
        with self._lock:
            given_back = [*self._held, *(message for queue in self._queues for message in queue.prefetched)]
            self._held.clear()
        for message in given_back:
            try:
                message.queue.change_visibility(message, 0)
            except SourceFault:
                break  # they come back by themselves


def _for_a_while(work: Callable[[], object]) -> None:
    """Wait for calls of SQS, but not for one that does not answer: what it was about comes again by itself."""
    thread = threading.Thread(target=work, daemon=True, name="s3_sqs-last-calls")
    thread.start()
    thread.join(PATIENCE_SECONDS)
    if thread.is_alive():
        log.warning("SQS does not answer in time: some messages will come again, and add nothing")
