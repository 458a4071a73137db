"""Deletion of messages in batches: after ten, or a second after the first."""

from __future__ import annotations

import threading
from collections import deque

import structlog

from logsluice.sources.s3_sqs.queue import Message, Queue

BATCH = 10
"""What one DeleteMessageBatch takes."""

WAIT_SECONDS = 1.0
TRIES = 5

log = structlog.get_logger("s3_sqs")


class Deletions:
    """Messages to be deleted from one queue.

    A timer carries them out, not the next settle: a worker may be busy with a large object for many minutes, and the
    small ones that it has finished must be gone before they become visible again.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._waiting: deque[tuple[Message, int]] = deque()
        self._timer: threading.Timer | None = None
        self._lock = threading.Condition()
        self._deleting = 0

    def add(self, message: Message) -> None:
        """Delete a message soon; in this call when it makes a batch full."""
        with self._lock:
            self._waiting.append((message, 0))
            full = len(self._waiting) >= BATCH
            if not full and self._timer is None:
                self._start_timer()
        if full:
            self.flush()

    def flush(self) -> None:
        """Delete all that wait, now. What fails for a passing reason waits for the next time."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            entries = list(self._waiting)
            self._waiting.clear()
            self._deleting += 1
        try:
            for start in range(0, len(entries), BATCH):
                self._delete(entries[start : start + BATCH])
        finally:
            with self._lock:
                self._deleting -= 1
                self._lock.notify_all()

    def close(self) -> None:
        """Delete what waits, or give it up; the timer may be in the middle of it, and its failures are ours too."""
        while True:
            self.flush()
            with self._lock:
                self._lock.wait_for(lambda: self._deleting == 0)
                if not self._waiting:
                    return

    def _delete(self, entries: list[tuple[Message, int]]) -> None:
        tries = {message: tried + 1 for message, tried in entries}
        failed = self._queue.delete(list(tries))
        given_up = [message.id for message in failed if tries[message] >= TRIES]
        if given_up:
            log.warning("messages could not be deleted: they will come again, and add nothing", messages=given_up)
        with self._lock:
            again = [(message, tries[message]) for message in failed if tries[message] < TRIES]
            self._waiting.extend(again)
            if again and self._timer is None:
                self._start_timer()

    def _start_timer(self) -> None:
        self._timer = threading.Timer(WAIT_SECONDS, self.flush)
        self._timer.daemon = True
        self._timer.start()
