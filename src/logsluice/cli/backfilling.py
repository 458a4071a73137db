"""What `backfill` is made of: the listing with a ledger of its own, the count of what there is, the replacing."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from logsluice.cli.messages import Misused
from logsluice.delivery.sender import Output
from logsluice.errors import LogsluiceError, SinkFault, UsageError
from logsluice.model import Delivery, Outcome, Replaces
from logsluice.sources.s3_objects import Config
from logsluice.sources.s3_objects.rounds import Round
from logsluice.sources.s3_objects.selection import Selection
from logsluice.sources.s3_objects.source import S3ObjectsSource
from logsluice.state import Keeper, open_state
from logsluice.telemetry.counters import Counters

PAUSES_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)

log = structlog.get_logger("backfill")


@dataclass(frozen=True, slots=True)
class Task:
    """What is to be backfilled, and where it is kept how far it has come.

    Attributes:
        config: The listing, once.
        asked: What else was asked for, as it was typed: another command, another ledger.
        state: A folder or an S3 prefix.
        base: What a relative folder starts from.
    """

    config: Config
    asked: tuple[str, ...]
    state: str
    base: Path

    @property
    def ledger(self) -> str:
        """The name of its ledger: the same command finds it again."""
        covered = "\0".join((*self.config.reads, *self.config.all_prefixes, self.config.id_salt, *self.asked))
        return f"backfill/{hashlib.blake2b(covered.encode(), digest_size=8).hexdigest()}"

    def source(self) -> S3ObjectsSource:
        """The listing, not opened."""
        return S3ObjectsSource(self.config, self._keeper, self.ledger, must_find=True)

    def forget(self) -> None:
        """It is all done: the next time begins anew."""
        keeper = self._keeper()
        keeper.write({}, keeper.names(f"{self.ledger}/"))
        keeper.close()

    def _keeper(self) -> Keeper:
        return open_state(self.state, self.config.aws, self.base)


class Census(threading.Thread):
    """Counts what there is, by a listing of its own that runs ahead of the reading.

    Attributes:
        objects: How many, so far.
        bytes: As stored, so far.
        is_whole: Whether that is all.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(name="census", daemon=True)
        self.objects = 0
        self.bytes = 0
        self.is_whole = False
        self._config = config
        self._stopped = threading.Event()

    def run(self) -> None:
        """List to the end; a fault ends it, and the total stays unknown."""
        selection = Selection(self._config, Counters())
        try:
            lister = self._config.lister()
            templates = self._config.templates()
            pages = Round(lister, templates, began=time.time(), full=True, days=selection.days)
            while not self._stopped.is_set() and (objects := pages.next()) is not None:
                wanted = [each for each in objects if selection.is_within(each) and selection.is_wanted(each)]
                self.objects += len(wanted)
                self.bytes += sum(each.found.size or 0 for each in wanted)
            self.is_whole = not self._stopped.is_set()
        except LogsluiceError as error:
            log.debug("how much there is can't be counted", reason=str(error))

    def stop(self) -> None:
        """Nobody wants to know any more."""
        self._stopped.set()


class Backfill:
    """The listing as a source that knows how much is left, and forgets what it brings anew (`model.Source`).

    Args:
        source: The listing.
        replaced: Outputs that are to forget an object's events before it is read; none without `--replace`.

    Attributes:
        census: How much there is.
        settled: Objects that are done with, this time.
        forgotten: Events that were deleted.
    """

    visibility: float | None = None

    def __init__(self, source: S3ObjectsSource, replaced: Sequence[Output] = ()) -> None:
        self.source = source
        self.census = Census(source.config)
        self.settled = 0
        self.forgotten = 0
        self._replaced = [(output.name, _forgetting(output)) for output in replaced]
        self._failure: UsageError | None = None
        self._lock = threading.Lock()

    @property
    def failure(self) -> UsageError | None:
        """Why it ended early, None when it did not."""
        return self._failure or self.source.failure

    @property
    def known(self) -> int:
        """Objects that an earlier run had done."""
        return self.source.counters.total("known")

    def told(self) -> str:
        """How many objects are done, and of how many."""
        done = f"{self.known + self.settled:,}"
        return f"{done} of {self.census.objects:,} objects" if self.census.is_whole else f"{done} objects"

    @property
    def total_bytes(self) -> int | None:
        """What there is to read this time, None as long as it is not known."""
        census = self.census
        return census.bytes - self.source.counters.total("known_bytes") if census.is_whole else None

    def open(self) -> None:
        """As the source."""
        self.source.open()
        self.census.start()

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """As the source; what comes for the first time is forgotten first."""
        if self._failure is not None:
            return None
        batch = self.source.receive(wait)
        try:
            for delivery in batch or ():
                if delivery.receive_count == 1:
                    self._forget(delivery)
        except UsageError as error:
            self._failure = error
            return None
        return batch

    def _forget(self, delivery: Delivery) -> None:
        for name, sink in self._replaced:
            for payload in delivery.payloads:
                count = _insist(name, sink, payload.origin)
                with self._lock:
                    self.forgotten += count

    def extend(self, delivery: Delivery) -> bool:
        """As the source."""
        return self.source.extend(delivery)

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """As the source."""
        if outcome is not Outcome.RETRY:
            with self._lock:
                self.settled += 1
        self.source.settle(delivery, outcome)

    def flush(self) -> None:
        """As the source."""
        self.source.flush()

    def close(self) -> None:
        """As the source."""
        self.census.stop()
        self.source.close()


def _forgetting(output: Output) -> Replaces:
    sink: Any = output.sink
    if not hasattr(sink, "forget"):
        raise Misused(
            f"the output {output.name} can't take back what it was given, so nothing can be replaced in it",
            "leave out --replace; store and opensearch can",
        )
    replaces: Replaces = sink
    return replaces


def _insist(name: str, sink: Replaces, origin: Any) -> int:
    """Forget an origin, as often as it takes: it must not be read before."""
    tries = 0
    while True:
        try:
            return sink.forget(origin)
        except SinkFault as fault:
            pause = PAUSES_SECONDS[min(tries, len(PAUSES_SECONDS) - 1)]
            log.warning("what is to be replaced can't be deleted now", output=name, reason=str(fault), again_in=pause)
            time.sleep(pause)
            tries += 1
