"""What of a listing is done: a window of hashes beside a floor of time, and rows of their own for what failed.

An object is *done* when it was written (LastModified) before the **floor**, or when its hash of key and ETag is in the
ledger. The floor follows completed sweeps: when everything that a sweep has listed is settled, it rises to the sweep's
begin less the window, and older hashes go. So objects of the same second are told apart, and one that appears late is
found as long as it is younger than the floor. What failed is kept by itself, whatever its age, until it is settled; so
is what remains to be done after an object was delivered (`after`).

The hashes lie in partitions by the hour in which objects were written: an hour is dropped as a whole, and where state
is kept in S3 a past hour is not written again. Everything is written so that what is lost by a kill is at most the
knowledge that an object is done; it is then read again, under the same ids.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson

from logsluice.aws.envelopes import Announcement
from logsluice.aws.listing import Listed
from logsluice.state import Keeper

HASH_BYTES = 16
_FLOOR = b"floor"
_SWEPT = b"swept"
_FAILED, _AFTER = b"f", b"a"
"""First bytes of the keys of rows, before the hash."""


@dataclass(slots=True)
class Row:
    """An object that is not done with.

    Attributes:
        key: Of the object.
        etag: Without quotes.
        size: In bytes.
        modified: S3's LastModified in seconds since 1970.
        tries: How often it was tried.
    """

    key: str
    etag: str
    size: int
    modified: float
    tries: int = 1

    @classmethod
    def of(cls, listed: Listed, tries: int = 1) -> Row:
        """The row of an object."""
        found = listed.found
        return cls(found.key, found.etag, found.size or 0, listed.modified, tries)

    def listed(self, bucket: str) -> Listed:
        """The object again."""
        return Listed(Announcement(bucket, self.key, self.etag, self.size), self.modified)


def hash_of(found: Announcement) -> bytes:
    """What identifies an object in one bucket: its key and ETag."""
    covered = f"{found.key}\0{found.etag}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(covered, digest_size=HASH_BYTES).digest()


class Ledger:
    """The ledger of one listing. Its callers see to it that only one thread uses it at a time.

    Args:
        keeper: Where it is kept.
        name: Its partitions begin so.
        window: Seconds for which an object may appear late.

    Attributes:
        floor: Objects written before this (seconds since 1970) are done.
        swept: When the last complete sweep began; the start for none, since there is nothing older to be found.
        failed: By hash, what failed and is to be tried again.
        after: By hash, what was delivered and is still to be moved, tagged or deleted.
    """

    def __init__(self, keeper: Keeper, name: str, window: float) -> None:
        self._keeper = keeper
        self._name = name
        self._window = window
        self._head = f"{name}/head"
        self._entering: defaultdict[str, dict[bytes, bytes | None]] = defaultdict(dict)
        self._rows: dict[bytes, bytes | None] = {}
        self.floor = 0.0
        self.swept = 0.0
        self.failed: dict[bytes, Row] = {}
        self.after: dict[bytes, Row] = {}

    def open(self, start: float) -> None:
        """Read what is kept. The first time, objects written before `start` (seconds since 1970) count as done."""
        self._keeper.hold(self._name)
        kept = self._keeper.entries(self._head)
        self.floor = float(kept[_FLOOR]) if _FLOOR in kept else start
        self.swept = float(kept[_SWEPT]) if _SWEPT in kept else self.floor
        for key, value in kept.items():
            rows = {_FAILED: self.failed, _AFTER: self.after}.get(key[:1])
            if rows is not None and len(key) == HASH_BYTES + 1:
                rows[key[1:]] = Row(**orjson.loads(value))
        if _FLOOR not in kept:
            self._keeper.write({self._head: {_FLOOR: repr(start).encode()}})

    def news(self, objects: Iterable[Listed]) -> list[Listed]:
        """Those that are neither done nor have failed, in the same order."""
        hashes = {hash_of(listed.found): listed for listed in objects if listed.modified >= self.floor}
        by_hour: defaultdict[str, list[bytes]] = defaultdict(list)
        for digest, listed in hashes.items():
            by_hour[self._hour(listed.modified)].append(digest)
        known = {d for hour, digests in by_hour.items() for d in digests if d in self._entering.get(hour, ())}
        for hour, digests in by_hour.items():
            known |= self._keeper.find(hour, digests)
        return [listed for digest, listed in hashes.items() if digest not in known and digest not in self.failed]

    def settled(self, listed: Listed, *, after: bool = False) -> None:
        """An object is delivered; `after` when something remains to be done with it. Durable after `write`."""
        digest = hash_of(listed.found)
        self._entering[self._hour(listed.modified)][digest] = b""
        if self.failed.pop(digest, None) is not None:
            self._rows[_FAILED + digest] = None
        if after:
            self._note(_AFTER, self.after, digest, Row.of(listed))

    def retried(self, listed: Listed, tries: int) -> None:
        """An object failed; durable after `write`."""
        self._note(_FAILED, self.failed, hash_of(listed.found), Row.of(listed, tries))

    def after_done(self, listed: Listed) -> None:
        """What remained to be done with an object is done; durable after `write`."""
        digest = hash_of(listed.found)
        if self.after.pop(digest, None) is not None:
            self._rows[_AFTER + digest] = None

    def _note(self, kind: bytes, rows: dict[bytes, Row], digest: bytes, row: Row) -> None:
        rows[digest] = row
        self._rows[kind + digest] = orjson.dumps(asdict(row))

    @property
    def waiting(self) -> int:
        """How many changes `write` would write."""
        return len(self._rows) + sum(map(len, self._entering.values()))

    def write(self) -> None:
        """Keep what was told since the last time. Raises SourceFault; it is then written the next time."""
        if self._rows or self._entering:
            changes = {hour: dict(entries) for hour, entries in sorted(self._entering.items())}
            self._keeper.write({**changes, **({self._head: dict(self._rows)} if self._rows else {})})
            self._entering.clear()
            self._rows.clear()

    def sweep_done(self, began: float, unsettled: Sequence[float]) -> None:
        """All that a sweep listed was handed out: raise the floor, and let go what is below.

        Args:
            began: When the sweep began.
            unsettled: When the objects were written that are still in hand: the floor stays below them.
        """
        self.write()
        self.swept = began
        self.floor = max(self.floor, min([began - self._window, *unsettled]))
        head: dict[bytes, bytes | None] = {_FLOOR: repr(self.floor).encode(), _SWEPT: repr(began).encode()}
        oldest = self._hour(self.floor)
        gone = [name for name in self._keeper.names(f"{self._name}/2") if name < oldest]
        self._keeper.write({self._head: head}, gone)

    def _hour(self, modified: float) -> str:
        return f"{self._name}/{datetime.fromtimestamp(modified, UTC):%Y-%m-%dT%H}"
