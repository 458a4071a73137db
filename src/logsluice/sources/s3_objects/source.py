"""The source itself: listings in turn, objects to deliveries, outcomes to the ledger."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from logsluice.aws.buckets import Buckets
from logsluice.aws.listing import Listed
from logsluice.aws.objects import Reading
from logsluice.decode import faulty
from logsluice.errors import Denied, SourceFault, UsageError
from logsluice.model import Delivery, Format, Outcome
from logsluice.sources.s3_objects import Config
from logsluice.sources.s3_objects.ledger import Ledger, hash_of
from logsluice.sources.s3_objects.payload import ListedPayload
from logsluice.sources.s3_objects.rounds import Round
from logsluice.sources.s3_objects.selection import Selection
from logsluice.state import Keeper
from logsluice.telemetry.counters import Counters

BATCH = 10
"""Deliveries a call, and settled objects a transaction."""

MOST_FAILED = 1000
"""When so many objects fail, no others are handed out: the ledger stays bounded, and the fault is not the objects'."""

MOST_AFTER = 10_000
"""How many objects may wait to be moved, tagged or deleted; past this, they stay where they are, and it is said."""

LISTING_SECONDS = 1.0
"""Between two looks at whether it is time for the next listing."""

log = structlog.get_logger("s3_objects")


class S3ObjectsSource:
    """Deliveries of the objects below some prefixes of a bucket (`model.Source`).

    Args:
        config: The options.
        keeper: Opens the place where the ledger is kept.
        name: Of the ledger in it.
        must_find: Whether it is a mistake when a listing that is made once finds nothing.

    Attributes:
        counters: objects, list_requests, listed, known (listed, and done before), known_bytes, empty_objects,
            archived_objects, unwanted_objects, quarantined, after_done, after_failed.
        failure: Why a listing that is made once ended early, None when it did not.
    """

    visibility: float | None = None

    def __init__(self, config: Config, keeper: Callable[[], Keeper], name: str, *, must_find: bool = False) -> None:
        self.config = config
        self.counters = Counters()
        self.failure: UsageError | None = None
        self._open_keeper = keeper
        self._name = name
        self._must_find = must_find
        self._selection = Selection(config, self.counters)
        self._buckets = Buckets(config.bucket_options, config.aws)
        self._ready: deque[Listed] = deque()
        self._suspects: deque[Delivery] = deque()
        self._alone: bytes | None = None
        self._in_hand: dict[bytes, Listed] = {}
        self._again: list[tuple[float, Delivery]] = []
        self._after_due: dict[bytes, float] = {}
        self._replaced: deque[str] = deque()
        self._round: Round | None = None
        self._next_round = 0.0
        self._is_over = False
        self._listing = threading.Lock()
        self._changed = threading.Condition()

    @property
    def formats(self) -> tuple[Format, ...]:
        """The formats of its own that it gives to some objects."""
        return self._buckets.formats

    def open(self) -> None:
        """Read the ledger, and list the first objects.

        Raises:
            UsageError: The bucket can't be listed, or the state not be kept.
            SourceFault: Not now.
        """
        config = self.config
        self._lister = config.lister()
        self._keeper = self._open_keeper()
        self.ledger = Ledger(self._keeper, f"{self._name}/{config.bucket}", config.window)
        self.ledger.open(_start(config), config.all_prefixes)
        self._again = [
            (0.0, self._delivery(row.listed(config.bucket), row.tries + 1)) for row in self.ledger.failed.values()
        ]
        self._list()
        while self._must_find and not self._ready and self._list():
            pass
        if self._must_find and self._is_over and not self._in_hand:
            raise UsageError(f"there is no object below {', '.join(config.reads)}", "check the prefix")

    # ------------------------------------------------------------------------------------------ receiving

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """Up to ten objects; None when it lists once and all are settled.

        Raises:
            SourceFault: The bucket can't be listed now.
        """
        end = time.monotonic() + wait
        while True:
            with self._changed:
                batch = self._due() or self._fresh() or self._suspect()
                if batch:
                    return self._handed_out(batch)
                if self._is_over and not self._in_hand and not self._again and not self._replaced:
                    return None
                may_list = len(self.ledger.failed) < MOST_FAILED
            if may_list and self._listing.acquire(blocking=False):
                try:
                    listed = self._list_on()
                finally:
                    self._listing.release()
                if listed and time.monotonic() < end:
                    continue
            with self._changed:
                left = end - time.monotonic()
                if self._ready:
                    continue
                if left <= 0:
                    return []
                soonest = min((at - time.monotonic() for at, _ in self._again), default=LISTING_SECONDS)
                self._changed.wait(max(0.0, min(left, soonest, LISTING_SECONDS)))

    def _due(self) -> list[Delivery]:
        """What failed and is to be tried again now."""
        now = time.monotonic()
        due = [delivery for at, delivery in self._again if at <= now][:BATCH]
        if due:
            self._again = [(at, delivery) for at, delivery in self._again if delivery not in due]
            for delivery in due:
                self._in_hand[hash_of(delivery.handle.found)] = delivery.handle
        return self._harmless(due)

    def _fresh(self) -> list[Delivery]:
        taken = [self._ready.popleft() for _ in range(min(BATCH, len(self._ready)))]
        self.counters.add("objects", len(taken))
        return self._harmless([self._delivery(listed) for listed in taken])

    def _harmless(self, batch: list[Delivery]) -> list[Delivery]:
        """Those that may be handed out together; those that may have killed the process wait for their turn."""
        suspects = [each for each in batch if self._kills(each) >= self.config.isolate_after]
        self._suspects.extend(suspects)
        return [each for each in batch if each not in suspects]

    def _suspect(self) -> list[Delivery]:
        """One that may kill the process, when no other such one is in hand; or what has killed it too often."""
        if self._alone in self._in_hand or not self._suspects:
            return []
        suspect = self._suspects.popleft()
        self._alone = hash_of(suspect.handle.found)
        if (kills := self._kills(suspect)) >= self.config.quarantine_after:
            self.counters.add("quarantined")
            log.warning(
                "an object is put aside: the process was killed while it was read", object=suspect.id, kills=kills
            )
            reason = f"quarantined: the process was killed {kills} times while it was in hand"
            suspect.rejects = [faulty(each.origin, each.size, reason) for each in suspect.payloads]
            suspect.payloads = ()
        return [suspect]

    def _kills(self, delivery: Delivery) -> int:
        return self.ledger.kills.get(hash_of(delivery.handle.found), 0)

    def _handed_out(self, batch: list[Delivery]) -> list[Delivery]:
        """A batch that is noted before it is read. Raises SourceFault: it was not, and comes again."""
        try:
            self.ledger.handed_out(delivery.handle for delivery in batch)
        except SourceFault:
            self._alone = None
            self._again += [(0.0, self._once_more(delivery, delivery.receive_count)) for delivery in batch]
            raise
        return batch

    def _delivery(self, listed: Listed, receive_count: int = 1) -> Delivery:
        return Delivery(listed.found.uri, [self._payload(listed)], receive_count=receive_count, handle=listed)

    def _payload(self, listed: Listed) -> ListedPayload:
        folder = self._buckets.of(self.config.bucket).folder(listed.found.key)
        reading = Reading(
            owner=self._lister.owner,
            via=self._lister.via,
            request_payer=self._lister.request_payer,
            max_size=self.config.max_object_size,
            format=folder.format,
            fields=folder.fields,
            properties=self.config.object_properties,
        )
        return ListedPayload(self._lister.client, listed.found, self.config.id_salt, reading)

    # -------------------------------------------------------------------------------------------- listing

    def _list_on(self) -> bool:
        """As `_list`; a bucket that can no longer be listed ends a listing that is made once."""
        try:
            return self._list()
        except UsageError as error:
            if self.config.interval != "once":
                raise Denied(str(error)) from error
            log.error("listing ended early", reason=str(error))
            self.failure, self._is_over, self._round = error, True, None
            self._replaced.clear()
            return True

    def _list(self) -> bool:
        """List one page, when it is time. Whether anything was done."""
        if self._replaced:
            self._list_again(self._replaced[0])
            return True
        if self._round is None:
            if self._is_over or time.monotonic() < self._next_round:
                return False
            self._round = self._begin()
        requests = self._round.requests
        try:
            objects = self._round.next()
        finally:
            self.counters.add("list_requests", self._round.requests - requests)
        if objects is None:
            self._end(self._round)
        else:
            self.counters.add("listed", len(objects))
            self._take(objects, self._round.template)
        return True

    def _list_again(self, key: str) -> None:
        """List one object as it is now."""
        self.counters.add("list_requests")
        page = self._lister.page(key)
        floors = self.ledger.floors
        self._take([each for each in page.objects if each.found.key == key], min(floors, key=floors.__getitem__))
        self._replaced.popleft()

    def _begin(self) -> Round:
        now = time.time()
        if self.config.interval != "once":
            self._next_round = time.monotonic() + self.config.interval
        templates = self.config.templates()
        due = now - self.ledger.swept >= self.config.sweep or self.config.interval == "once"
        full = due or not all(template.is_dated for template in templates)
        return Round(self._lister, templates, began=now, full=full, days=self._selection.days)

    def _take(self, objects: Sequence[Listed], template: str) -> None:
        """Keep what is to be read of a page; what is left out for good is done."""
        with self._changed:
            within = [listed for listed in objects if self._selection.is_within(listed)]
            news = self.ledger.news(within, template)
            self.counters.add("known", len(within) - len(news))
            self.counters.add("known_bytes", _bytes(within) - _bytes(news))
            news = [listed for listed in news if hash_of(listed.found) not in self._in_hand]
            wanted, left_out = self._selection.split(news)
            for listed in left_out:
                self.ledger.settled(listed)
            for listed in wanted:
                self._in_hand[hash_of(listed.found)] = listed
            self._ready.extend(wanted)
            self._changed.notify_all()

    def _end(self, ended: Round) -> None:
        with self._changed:
            self._round = None
            self._is_over = self.config.interval == "once"
            if ended.full:
                self.ledger.sweep_done(ended.began, self._in_hand)
            self._changed.notify_all()

    # -------------------------------------------------------------------------------------------- settling

    def extend(self, delivery: Delivery) -> bool:  # noqa: ARG002 - an object of a listing stays ours
        """Nothing to extend."""
        return True

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Enter it as done, and do what `after` says if all of it is delivered; or hand it out again after a delay.

        One that was replaced is listed again: the round is past its key, and may be the last. Nor is it done, for it
        may be put back.

        Raises:
            SourceFault: The ledger can't be written now; it is tried again with what is settled next.
        """
        listed: Listed = delivery.handle
        was_replaced = any(isinstance(each, ListedPayload) and each.was_replaced for each in delivery.payloads)
        is_left = outcome is Outcome.DELIVERED and not was_replaced and not self._after(listed)
        with self._changed:
            self._in_hand.pop(hash_of(listed.found), None)
            if was_replaced:
                self._replaced.append(listed.found.key)
            if outcome is Outcome.RETRY:
                self._retry(delivery)
            elif was_replaced:
                self.ledger.let_go(listed)
            else:
                self.ledger.settled(listed, after=is_left and len(self.ledger.after) < MOST_AFTER)
                if is_left:
                    self._after_due[hash_of(listed.found)] = time.monotonic() + self.config.retry_delay
            self._changed.notify_all()
            if self.ledger.waiting >= 2 * BATCH:  # done, and no longer in hand
                self.ledger.write()

    def _retry(self, delivery: Delivery) -> None:
        tries = delivery.receive_count
        delay = min(self.config.retry_delay * 2 ** min(tries - 1, 30), self.config.retry_delay_max)
        self.ledger.retried(delivery.handle, tries)
        self._again.append((time.monotonic() + delay, self._once_more(delivery, tries + 1)))

    def _once_more(self, delivery: Delivery, receive_count: int) -> Delivery:
        again = self._delivery(delivery.handle, receive_count)
        again.resume = delivery.resume
        return again

    def _after(self, listed: Listed) -> bool:
        """Move, tag or delete an object that is delivered; whether nothing is left to be done."""
        if not self.config.after:
            return True
        try:
            self._payload(listed).finish(self.config.after)
        except SourceFault as fault:
            self.counters.add("after_failed")
            log.warning("what `after` says can't be done now; it is tried again", reason=str(fault))
            return False
        self.counters.add("after_done")
        return True

    def flush(self) -> None:
        """Write the ledger, and try again what `after` could not do. Raises SourceFault: not now."""
        now = time.monotonic()
        with self._changed:
            due = [row for digest, row in self.ledger.after.items() if self._after_due.get(digest, 0.0) <= now][:BATCH]
        for listed in (row.listed(self.config.bucket) for row in due):
            done = self._after(listed)
            with self._changed:
                if done:
                    self.ledger.after_done(listed)
                else:
                    self._after_due[hash_of(listed.found)] = time.monotonic() + self.config.retry_delay_max
        with self._changed:
            self.ledger.write()
            self._keeper.flush()

    def close(self) -> None:
        """Write the ledger, whatever is left to be done."""
        with self._changed:
            try:
                self.ledger.end()
            finally:
                self._keeper.close()


def _bytes(objects: Sequence[Listed]) -> int:
    return sum(listed.found.size or 0 for listed in objects)


def _start(config: Config) -> float:
    """Seconds since 1970; S3 tells LastModified in whole seconds."""
    if config.start_at == "beginning":
        return 0.0
    return float(int(time.time() if config.start_at == "now" else config.start_at.timestamp()))
