"""The source itself: queues in turn, messages to deliveries, outcomes to deletions and delays."""

from __future__ import annotations

import regex
import structlog

from logsluice.aws.buckets import Buckets
from logsluice.aws.envelopes import Announcement, Notice, read_body
from logsluice.aws.objects import Reading, S3Payload
from logsluice.aws.rules import Rules
from logsluice.decode import faulty
from logsluice.errors import NotANotification, SourceFault, Unavailable, UsageError
from logsluice.model import EXCERPT_BYTES, Delivery, Format, Origin, Reject
from logsluice.sources.s3_sqs import Config
from logsluice.sources.s3_sqs.polling import Polling
from logsluice.sources.s3_sqs.queue import Message, Queue

log = structlog.get_logger("s3_sqs")


class S3SqsSource(Polling):
    """Deliveries from SQS messages that announce S3 objects (`model.Source`).

    Attributes:
        counters: messages, objects, test_events, ignored_events, unwanted_objects, empty_objects, refused_objects,
            malformed_records, not_notifications, quarantined, after_done, after_failed.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config, config.all_queues)
        self.config = config
        self._rules = Rules(config.buckets, config.include_keys, config.exclude_keys, config.after.destination)
        self._buckets = Buckets(config.bucket_options, config.aws)
        self._folder = None if config.object_folder is None else regex.compile(config.object_folder)
        self._unversioned: set[str] = set()
        self._unlisted: set[str] = set()

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of its own that it gives to some objects."""
        return self._buckets.formats

    def open(self) -> None:
        """Find the queues and learn what we may do with them.

        Raises:
            UsageError: A queue is missing, denied, FIFO or out of reach; or the buckets that may be read are unknown.
        """
        super().open()
        for queue in self._queues:
            if queue.name.endswith(".fifo"):
                raise UsageError(f"{queue.name} is a FIFO queue: S3 can't notify these", "use a standard queue")
            if not queue.account and not self.config.buckets:
                raise UsageError(
                    f"the queue {queue.name} does not say which account owns it, so any bucket could be named in it",
                    "list the `buckets` that may be read",
                )
            self._buckets.open(queue.region)

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
            if message.receive_count <= self._last_try(message):
                delivery.fault = fault
            return delivery
        self._count(notice)
        delivery.rejects = [_body_reject(message, reason) for reason in notice.malformed]
        readable = [found for found in notice.announcements if self._is_readable(found, delivery)]
        if message.receive_count > self._last_try(message):
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
            unlisted=self._unlisted,
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


def _body_reject(message: Message, reason: str) -> Reject:
    body = message.body.encode("utf-8", "surrogateescape")
    origin = Origin(f"sqs://{message.queue.name}/{message.id}")
    return Reject(origin, -1, body[:EXCERPT_BYTES], len(body), "source", reason)
