"""The source itself: queues in turn, messages to deliveries, outcomes to deletions and delays."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

import regex
import structlog

from logsluice.aws.buckets import Buckets
from logsluice.aws.envelopes import Announcement, Notice, read_body
from logsluice.aws.objects import Reading, S3Payload
from logsluice.aws.rules import Rules
from logsluice.decode import faulty
from logsluice.errors import NotANotification, SourceFault, Unavailable, UsageError
from logsluice.model import EXCERPT_BYTES, Delivery, Format, Origin, Outcome, Reject
from logsluice.sources.s3_sqs import Config
from logsluice.sources.s3_sqs.deletions import Deletions
from logsluice.sources.s3_sqs.queue import Message, Queue, open_queue
from logsluice.telemetry.counters import Counters

PATIENCE_SECONDS = 5.0
"""How long flushing and closing wait for SQS: less than what a supervisor leaves until it kills."""

log = structlog.get_logger("s3_sqs")


class S3SqsSource:
    """Deliveries from SQS messages that announce S3 objects (`model.Source`).

    Attributes:
        counters: messages, objects, test_events, ignored_events, unwanted_objects, empty_objects, refused_objects,
            malformed_records, not_notifications, quarantined, after_done, after_failed.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.counters = Counters()
        self._rules = Rules(config.buckets, config.include_keys, config.exclude_keys, config.after.destination)
        self._buckets = Buckets(config.bucket_options, config.aws)
        self._folder = None if config.object_folder is None else regex.compile(config.object_folder)
        self._unversioned: set[str] = set()
        self._queues: list[Queue] = []
        self._deletions: dict[Queue, Deletions] = {}
        self._held: deque[Message] = deque()
        self._turn = 0
        self._lock = threading.Lock()

    @property
    def visibility(self) -> float:
        """Seconds that a message stays ours: longer when it can't be extended."""
        extended = all(queue.can_extend for queue in self._queues)
        return self.config.visibility if extended else self.config.visibility_without_heartbeat

    @property
    def retention(self) -> float | None:
        """Seconds until the first of its queues forgets a message, as far as that is known."""
        return min((queue.retention for queue in self._queues if queue.retention is not None), default=None)

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of its own that it gives to some objects."""
        return self._buckets.formats

    def open(self) -> None:
        """Find the queues and learn what we may do with them.

        Raises:
            UsageError: A queue is missing, denied, FIFO or out of reach; or the buckets that may be read are unknown.
        """
        config = self.config
        periods = (config.visibility, config.visibility_without_heartbeat)
        self._queues = [open_queue(name, config.aws, *periods) for name in config.all_queues]
        for queue in self._queues:
            if not queue.account and not config.buckets:
                raise UsageError(
                    f"the queue {queue.name} does not say which account owns it, so any bucket could be named in it",
                    "list the `buckets` that may be read",
                )
            self._buckets.open(queue.region)
        self._deletions = {queue: Deletions(queue) for queue in self._queues}

    # ------------------------------------------------------------------------------------------ receiving

    def receive(self, wait: float) -> list[Delivery]:
        """Up to ten messages of one queue, or one that is suspicious; an empty list after `wait` seconds, rounded up.

        Raises:
            SourceFault: A queue can't be received from now: Denied, Missing or Unavailable, named in the message.
        """
        held = self._next_held()
        if held is not None:
            return [self._delivery(held)]
        # SQS waits whole seconds; a wait that was asked for is not rounded to none, which would be a busy loop
        wait_each = math.ceil(min(wait, self.config.wait_seconds) / len(self._queues))
        fault: SourceFault | None = None
        for queue in self._rotation():
            try:
                messages = queue.receive(wait_each, self.config.batch, self.visibility)
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
        return [self._delivery(message) for message in healthy]

    def _is_suspicious(self, message: Message) -> bool:
        """Whether reading it may kill us. What will be put aside is not read, and must not wait behind what is."""
        last_try = self._last_try(message.queue)
        isolate_after = min(self.config.isolate_after, max(1, last_try - 1))
        return isolate_after < message.receive_count <= last_try

    def _last_try(self, queue: Queue) -> int:
        """The receive count of the last try; at the next one the message is quarantined.

        SQS moves a message away when it was received `maxReceiveCount` times; we must have written it down before.
        """
        limit = queue.max_receive_count
        return min(self.config.quarantine_after, limit - 1) if limit > 1 else self.config.quarantine_after

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

    # ----------------------------------------------------------------------------- messages to deliveries

    def _delivery(self, message: Message) -> Delivery:
        delivery = Delivery(
            id=f"{message.queue.name}/{message.id}", receive_count=message.receive_count, handle=message
        )
        try:
            notice = read_body(message.body)
        except NotANotification as fault:
            self.counters.add("not_notifications")
            delivery.rejects = [_body_reject(message, str(fault))]
            if message.receive_count <= self._last_try(message.queue):
                delivery.fault = fault
            return delivery
        self._count(notice)
        delivery.rejects = [_body_reject(message, reason) for reason in notice.malformed]
        readable = [found for found in notice.announcements if self._is_readable(found, delivery)]
        if message.receive_count > self._last_try(message.queue):
            self.counters.add("quarantined")
            log.warning(
                "a message failed too often and is put aside", delivery=delivery.id, tries=message.receive_count
            )
            reason = f"quarantined: received {message.receive_count} times and never used up"
            delivery.rejects += [self._object_reject(found, reason) for found in readable]
            return delivery
        delivery.payloads = [self._payload(found, message.queue) for found in readable]
        self.counters.add("objects", len(readable))
        return delivery

    def _payload(self, found: Announcement, queue: Queue) -> S3Payload:
        bucket = self._buckets.of(found.bucket)
        folder = bucket.folder(found.key)
        reading = Reading(
            owner="" if self.config.buckets else queue.account,
            via=bucket.via,
            request_payer=self.config.request_payer or "",
            all_versions=self.config.all_versions,
            max_size=self.config.max_object_size,
            format=folder.format,
            fields=folder.fields,
            properties=self.config.object_properties,
            folder=self._folder,
            unversioned=self._unversioned,
        )
        # S3 notifies only queues of the bucket's own region (Amazon S3 User Guide, "Event notification types")
        return S3Payload(bucket.client(found.region, queue.region), found, self.config.id_salt, reading)

    def _count(self, notice: Notice) -> None:
        self.counters.add("test_events", int(notice.is_test))
        self.counters.add("malformed_records", len(notice.malformed))
        for name in notice.ignored:
            self.counters.add("ignored_events", 1, name)

    def _is_readable(self, found: Announcement, delivery: Delivery) -> bool:
        """Whether to read an object; one that the configuration does not allow becomes a reject."""
        if not self._rules.allow(found):
            self.counters.add("refused_objects", 1, found.bucket)
            reason = "the configuration's `buckets` don't allow this object to be read"
            delivery.rejects = [*delivery.rejects, self._object_reject(found, reason)]
            return False
        if found.size == 0:
            self.counters.add("empty_objects")
            return False
        if not self._rules.want(found):
            self.counters.add("unwanted_objects")
            return False
        return True

    def _object_reject(self, found: Announcement, reason: str) -> Reject:
        """By reference: its length says that a replay must read the origin."""
        return faulty(found.origin(self.config.id_salt), found.size, reason)

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
            self._deletions[message.queue].add(message)
            return
        delay = min(self.config.retry_delay * 2 ** min(message.receive_count - 1, 30), self.config.retry_delay_max)
        try:
            message.queue.change_visibility(message, delay)
        except SourceFault as fault:
            log.warning("a message comes back when its visibility ends", delivery=delivery.id, reason=str(fault))

    def _finish(self, delivery: Delivery) -> bool:
        """Do what `after` says; False where it is worth to let the message come back for it.

        An object with rejects is left alone: the dead letter may refer to it.
        """
        passing = False
        for payload in delivery.payloads if self.config.after else ():
            assert isinstance(payload, S3Payload)
            try:
                payload.finish(self.config.after)
                self.counters.add("after_done")
            except SourceFault as fault:
                self.counters.add("after_failed")
                passing = passing or isinstance(fault, Unavailable)
                log.warning("what `after` says could not be done", delivery=delivery.id, reason=str(fault))
        return not passing

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


def _body_reject(message: Message, reason: str) -> Reject:
    body = message.body.encode("utf-8", "surrogateescape")
    origin = Origin(f"sqs://{message.queue.name}/{message.id}")
    return Reject(origin, -1, body[:EXCERPT_BYTES], len(body), "source", reason)
