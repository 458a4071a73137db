"""What of a listing is done: a window of hashes beside a floor of time, and rows of their own for what failed.

An object is *done* when it was written (LastModified) before the **floor** of its prefix, or when its hash of key and
ETag is in the ledger. Floors follow completed sweeps: when everything that a sweep has listed is settled, they rise to
the sweep's begin less the window, and older hashes go. So objects of the same second are told apart, and one that
appears late is found as long as it is younger than the floor. A prefix that is added later has a floor of its own: what
is old below it is new to us. What failed is kept by itself, whatever its age, until it is settled; so is what remains
to be done after an object was delivered (`after`).

What is in hand is noted before it is read, and crossed out with its outcome or at an orderly end: an object that is
still there at the next start was in hand when the process was killed, perhaps by it.

The hashes lie in partitions by the hour in which objects were written: an hour is dropped as a whole, and where state
is kept in S3 a past hour is not written again. Everything is written so that what is lost by a kill is at most the
knowledge that an object is done; it is then read again, under the same ids.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson

from logsluice.aws.envelopes import Announcement
from logsluice.aws.listing import Listed
from logsluice.state import Keeper

HASH_BYTES = 16
_SWEPT = b"swept"
_RUNNING = b"running"
"""There while a process works; at a start, it says that the last one was killed."""

_FAILED, _AFTER, _IN_HAND, _FLOOR = b"f", b"a", b"h", b"p"
"""First bytes of the keys of rows, before a hash: of an object, for floors of the prefix."""


@dataclass(slots=True)
class Row:
    """An object that is not done with.

    Attributes:
        key: Of the object.
        etag: Without quotes.
        size: In bytes.
        modified: S3's LastModified in seconds since 1970.
        tries: How often it was tried.
        kills: At how many kills of the process it was in hand.
    """

    key: str
    etag: str
    size: int
    modified: float
    tries: int = 1
    kills: int = 0

    @classmethod
    def of(cls, listed: Listed, tries: int = 1, kills: int = 0) -> Row:
        """The row of an object."""
        found = listed.found
        return cls(found.key, found.etag, found.size or 0, listed.modified, tries, kills)

    def listed(self, bucket: str) -> Listed:
        """The object again."""
        return Listed(Announcement(bucket, self.key, self.etag, self.size), self.modified)


def hash_of(found: Announcement) -> bytes:
    """What identifies an object in one bucket: its key and ETag."""
    return _hash(f"{found.key}\0{found.etag}")


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=HASH_BYTES).digest()


class Ledger:
    """The ledger of one listing. Its callers see to it that only one thread uses it at a time.

    Args:
        keeper: Where it is kept.
        name: Its partitions begin so.
        window: Seconds for which an object may appear late.

    Attributes:
        floors: By prefix: objects written before this (seconds since 1970) are done.
        swept: When the last complete sweep began; the start for none, since there is nothing older to be found.
        failed: By hash, what failed and is to be tried again.
        after: By hash, what was delivered and is still to be moved, tagged or deleted.
        kills: By hash, at how many kills of the process an object was in hand.
        was_killed: Whether the process before this one ended without `end`.
    """

    def __init__(self, keeper: Keeper, name: str, window: float) -> None:
        self._keeper = keeper
        self._name = name
        self._window = window
        self._head = f"{name}/head"
        self._entering: defaultdict[str, dict[bytes, bytes | None]] = defaultdict(dict)
        self._rows: dict[bytes, bytes | None] = {}
        self.floors: dict[str, float] = {}
        self.swept = 0.0
        self.failed: dict[bytes, Row] = {}
        self.after: dict[bytes, Row] = {}
        self.kills: dict[bytes, int] = {}
        self.was_killed = False

    def open(self, start: float, prefixes: Sequence[str]) -> None:
        """Read what is kept. Objects written before `start` count as done where a prefix is there the first time."""
        self._keeper.hold(self._name)
        kept = self._keeper.entries(self._head)
        for key, value in kept.items():
            rows = {_FAILED: self.failed, _AFTER: self.after}.get(key[:1])
            if rows is not None and len(key) == HASH_BYTES + 1:
                rows[key[1:]] = Row(**orjson.loads(value))
            elif key[:1] == _IN_HAND and len(key) == HASH_BYTES + 1:
                self.kills[key[1:]] = int(value) + 1
        self.kills = {digest: row.kills for digest, row in self.failed.items() if row.kills} | self.kills
        self.was_killed = _RUNNING in kept
        known = {prefix: kept.get(_floor_of(prefix)) for prefix in prefixes}
        self.floors = {prefix: start if floor is None else float(floor) for prefix, floor in known.items()}
        self.swept = float(kept.get(_SWEPT, min(self.floors.values())))
        if None in known.values():
            self.swept = min(self.swept, start)
        gone = [key for key in kept if key[:1] == _FLOOR and len(key) == HASH_BYTES + 1]
        head: dict[bytes, bytes | None] = {**dict.fromkeys(gone), **self._floor_rows(), _RUNNING: b""}
        self._keeper.write({self._head: head})

    def _floor_rows(self) -> dict[bytes, bytes]:
        return {_floor_of(prefix): repr(floor).encode() for prefix, floor in self.floors.items()}

    def news(self, objects: Iterable[Listed], prefix: str) -> list[Listed]:
        """Those below a prefix that are neither done nor have failed, in the same order."""
        floor = self.floors[prefix]
        hashes = {hash_of(listed.found): listed for listed in objects if listed.modified >= floor}
        by_hour: defaultdict[str, list[bytes]] = defaultdict(list)
        for digest, listed in hashes.items():
            by_hour[self._hour(listed.modified)].append(digest)
        known = {d for hour, digests in by_hour.items() for d in digests if d in self._entering.get(hour, ())}
        for hour, digests in by_hour.items():
            known |= self._keeper.find(hour, digests)
        return [listed for digest, listed in hashes.items() if digest not in known and digest not in self.failed]

    def handed_out(self, objects: Iterable[Listed]) -> None:
        """These are about to be read. Raises SourceFault, and they must not be."""
        for listed in objects:
            digest = hash_of(listed.found)
            self._rows[_IN_HAND + digest] = b"%d" % self.kills.get(digest, 0)
        self.write()
        if self.was_killed:
            self._keeper.sync()  # what kills at once must be known the next time

    def end(self) -> None:
        """An orderly end: nobody is killed by what is still in hand. Raises SourceFault as `write` does."""
        in_hand = [key for key in self._keeper.entries(self._head) if key[:1] == _IN_HAND]
        self._rows |= dict.fromkeys([*in_hand, _RUNNING])
        self.write()

    def settled(self, listed: Listed, *, after: bool = False) -> None:
        """An object is done with; `after` when something remains to be done with it. Durable after `write`."""
        self.let_go(listed)
        digest = hash_of(listed.found)
        self._entering[self._hour(listed.modified)][digest] = b""
        if after:
            self._note(_AFTER, self.after, digest, Row.of(listed))

    def let_go(self, listed: Listed) -> None:
        """An object is no longer in hand, nor is it done. Durable after `write`."""
        digest = hash_of(listed.found)
        self._out_of_hand(digest)
        if self.failed.pop(digest, None) is not None:
            self._rows[_FAILED + digest] = None

    def retried(self, listed: Listed, tries: int) -> None:
        """An object failed; durable after `write`."""
        digest = hash_of(listed.found)
        self._rows[_IN_HAND + digest] = None
        self._note(_FAILED, self.failed, digest, Row.of(listed, tries, self.kills.get(digest, 0)))

    def _out_of_hand(self, digest: bytes) -> None:
        self.kills.pop(digest, None)
        self._rows[_IN_HAND + digest] = None

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

    def sweep_done(self, began: float, in_hand: Mapping[bytes, Listed]) -> None:
        """All that a sweep listed was handed out: raise the floors, and let go what is below.

        Args:
            began: When the sweep began.
            in_hand: By hash, what is not settled yet: the floors stay below it.
        """
        self.write()
        self.swept = began
        highest = min([began - self._window, *(listed.modified for listed in in_hand.values())])
        self.floors = {prefix: max(floor, highest) for prefix, floor in self.floors.items()}
        gone_objects = [digest for digest in self.kills if digest not in in_hand and digest not in self.failed]
        for digest in gone_objects:
            self._out_of_hand(digest)
        oldest = self._hour(min(self.floors.values()))
        gone = [name for name in self._keeper.names(f"{self._name}/2") if name < oldest]
        head: dict[bytes, bytes | None] = {**self._rows, **self._floor_rows(), _SWEPT: repr(began).encode()}
        self._keeper.write({self._head: head}, gone)
        self._rows.clear()

    def _hour(self, modified: float) -> str:
        return f"{self._name}/{datetime.fromtimestamp(modified, UTC):%Y-%m-%dT%H}"


def _floor_of(prefix: str) -> bytes:
    return _FLOOR + _hash(prefix)
