"""The vocabulary of logsluice, and the four contracts that every component fulfils.

The path of the data::

    source.receive() -> Delivery -> Payload -> [framing] -> Records -> [format] -> Event
                     -> [filters] -> Event -> [sink.encode] -> Encoded -> [sink.send] -> Sent
    source.settle(delivery, Outcome)           once, after every sink has confirmed every event of the delivery

An **Event** is a plain `dict` with nested values. `@timestamp` is an aware UTC `datetime`. `@metadata` is never written
out; it holds `_id` (str), `position` (int), `format` (str) and what the source knows, such as `s3` (bucket, key, …).

Threads: sources, filters and sinks are shared by the workers of a pipeline and are called by several threads at once.
A `Parser` belongs to one payload and one thread.
"""

from __future__ import annotations

import enum
import hashlib
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from logsluice.errors import SinkFault, SourceFault, Unparsable
    from logsluice.formats.fields import Field
    from logsluice.framing.limits import Limits

Event: TypeAlias = dict[str, Any]
"""One log event: nested plain values; see this module's docstring for `@timestamp` and `@metadata`."""

EXCERPT_BYTES = 64 * 1024
"""How many bytes of a refused record a Reject keeps."""

_KEY_DAY = re.compile(r"(?<!\d)(20\d\d)[/-]?(0[1-9]|1[0-2])[/-]?(0[1-9]|[12]\d|3[01])(?!\d{3})")


# ------------------------------------------------------------------------------------------------ what comes in


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a stream of bytes comes from, and thereby the identity of every event in it.

    Attributes:
        uri: `s3://bucket/key`, `file:///path`, `stdin:` …
        version: The S3 ETag (without quotes), or a digest of the content; "" when there is none.
        attributes: What events carry under `[@metadata]`, for example `{"s3": {"bucket": …, "key": …}}`.
        name: What a user would match paths against: the object key, the path. `key_fields` and `auto` look at it.
        identity: What the id's digest covers: (bucket, key, ETag) for an object. Defaults to (uri, version).
        salt: Kept apart from other pipelines that write the same objects into one index (`id_salt`).
        format: Its own format instead of the pipeline's, where the source knows better (options by bucket and folder).
        fields: What its events get where they lack it, likewise.
    """

    uri: str
    version: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    identity: tuple[str, ...] = ()
    salt: str = ""
    format: Format | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    day: str = field(init=False, default="")
    digest: str = field(init=False, default="")
    id_prefix: str = field(init=False, default="")

    def __post_init__(self) -> None:
        found = _KEY_DAY.search(self.name)
        day = "".join(found.groups()) if found else "00000000"
        parts = self.identity or (self.uri, self.version)
        covered = "\0".join((*parts, self.salt) if self.salt else parts)
        digest = hashlib.blake2b(covered.encode("utf-8", "surrogateescape"), digest_size=10).hexdigest()
        object.__setattr__(self, "day", day)
        object.__setattr__(self, "digest", digest)
        object.__setattr__(self, "id_prefix", f"{day}.{digest}.")

    def id_of(self, position: int) -> str:
        """The event id of the record at a position: `<day>.<digest>.<position>`."""
        return f"{self.id_prefix}{position}"


class ByteStream(Protocol):
    """What a payload opens to: enough of a binary file for framing."""

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, b"" at the end. Raises SourceFault."""


class Payload(Protocol):
    """One stream of bytes with one Origin."""

    @property
    def origin(self) -> Origin:
        """Known before anything is read."""

    @property
    def size(self) -> int | None:
        """Bytes as stored (compressed), for progress; None when unknown."""

    def open(self) -> AbstractContextManager[ByteStream]:
        """Start to read. Blocks on the network. Raises SourceFault, here or while reading."""

    def modified(self) -> datetime | None:
        """After `open`: when the bytes were written (S3 LastModified, a file's mtime), the time of timeless events."""


@runtime_checkable
class Continues(Protocol):
    """What a Payload may have beside its contract: it begins in the middle of its stream.

    Its first `lead` bytes are the beginning of the stream, read again for what header lines say and for the choice of
    the format. No events are made of them, and positions go on at `start`.
    """

    @property
    def lead(self) -> int:
        """Bytes, known after `open`: whole records."""

    @property
    def start(self) -> int:
        """The position in the stream of the first byte after the lead."""


class Activity:
    """Whether a delivery is being worked on; the heartbeat extends only what moves or waits on purpose."""

    __slots__ = ("_waiting", "last")

    def __init__(self) -> None:
        self.last = time.monotonic()
        self._waiting = 0

    def touch(self) -> None:
        """Fresh progress: a record was read, a chunk was confirmed."""
        self.last = time.monotonic()

    def waits(self) -> AbstractContextManager[None]:
        """A declared wait (a slow sink, the budget, parking) counts as progress for as long as it lasts."""
        return _Wait(self)

    @property
    def waiting(self) -> bool:
        """Within a declared wait."""
        return self._waiting > 0

    def is_alive(self, stall_seconds: float, now: float | None = None) -> bool:
        """Whether the delivery deserves another extension of its visibility."""
        return self.waiting or (time.monotonic() if now is None else now) - self.last < stall_seconds


class _Wait:
    def __init__(self, activity: Activity) -> None:
        self._activity = activity

    def __enter__(self) -> None:
        self._activity._waiting += 1

    def __exit__(self, *_: object) -> None:
        self._activity._waiting -= 1
        self._activity.touch()


@dataclass(slots=True, eq=False)
class Delivery:
    """The unit of acknowledgement: one SQS message, one S3 object of a listing, one Firehose request, one file.

    Attributes:
        id: For logs; unique among the deliveries in hand.
        payloads: The streams it announces, in order; none at all is fine (a test event).
        rejects: What the source itself could not use (policy `dead_letter`): written before the delivery is settled.
        fault: Set when the whole delivery can't be used and the policies are to decide.
        receive_count: How often it was handed out, this time included.
        handle: The source's own (a receipt handle); nobody else looks at it.
        resume: Per output name, how many of its events that output has confirmed: kept while the delivery is parked,
            so that an output whose repeats are not idempotent is not sent them again.
        parked_on: While parked: what has to be cured first, such as `output:opensearch/alb-2026.01.31`.
    """

    id: str
    payloads: Sequence[Payload] = ()
    rejects: Sequence[Reject] = ()
    fault: SourceFault | None = None
    receive_count: int = 1
    handle: Any = None
    activity: Activity = field(default_factory=Activity)
    resume: dict[str, int] = field(default_factory=dict)
    parked_on: frozenset[str] = frozenset()


class Outcome(enum.IntEnum):
    """What became of a delivery; the worst of its parts wins (`max`)."""

    DELIVERED = 0
    """Every event confirmed by every output that it goes to."""
    REJECTED = 1
    """All else delivered, and the rejects confirmed in the dead letter."""
    PARKED = 2
    """An output is sick: the decoded data was let go, the host keeps the delivery and hands it in again on cure."""
    RETRY = 3
    """Not used up: the source is to hand it out again, after a growing delay."""


@dataclass(frozen=True, slots=True)
class Reject:
    """An input or an event that could not be used: a value, never just a log line.

    Attributes:
        origin: Where it came from; None when not even that is known.
        position: As in the event id; -1 for the whole payload.
        excerpt: At most EXCERPT_BYTES of the record, or of the encoded document when a sink refused it; all of what was
            put aside and can't be read again, such as a message.
        length: The full length in bytes; larger than len(excerpt) when truncated.
        stage: `source`, `framing`, `parse`, `filter` or `sink`.
        reason: One sentence.
        output: The output that refused it, "" when it reached none; a replay goes to that output alone.
        event_id: The `_id` under which a replay will deliver it, "" where a position makes no id.
    """

    origin: Origin | None
    position: int
    excerpt: bytes
    length: int
    stage: str
    reason: str
    output: str = ""
    event_id: str = ""

    @property
    def truncated(self) -> bool:
        """Whether a replay must read the origin again."""
        return self.length > len(self.excerpt)


# ------------------------------------------------------------------------------------------- bytes to events


@dataclass(slots=True)
class Broken:
    """A record that framing could not hand on: too long, or not of the framing's syntax."""

    position: int
    excerpt: bytes
    length: int
    reason: str


@dataclass(slots=True)
class Records:
    """Some consecutive records of one payload, as framing found them.

    Attributes:
        records: Their bytes without terminators.
        positions: Of each: its byte offset in the decompressed stream, or its index. Stable across any chunking.
        terminators: Of each, or None when every one is a single line feed.
        size: Bytes of the decompressed stream that these records take.
        broken: Records in this stretch that could not be handed on.
        window: Where the window begins that all of them lie in (see `Windowed`), -1 where nobody asked for windows.
    """

    records: list[bytes]
    positions: list[int]
    terminators: list[bytes] | None = None
    size: int = 0
    broken: list[Broken] = field(default_factory=list)
    window: int = -1

    def terminator(self, index: int) -> bytes:
        """The terminator of one record: b"" for a last line without one."""
        return b"\n" if self.terminators is None else self.terminators[index]


class Framing(Protocol):
    """Bytes to records. Limits, offsets and identity live here and nowhere else."""

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """Cut a decompressed stream into bounded batches of records.

        Args:
            chunks: The stream, in pieces of any size; cutting it elsewhere gives the same records and positions.
            limits: A record over them becomes `Broken`, never an unbounded buffer.

        Raises:
            Corrupt: The stream can't be read on; what was yielded before stands.
        """


Parsed: TypeAlias = "Event | list[Event] | Unparsable | None"
"""What one record gives: an event, several, the reason why none, or None where none is meant (a header line)."""


class Parser(Protocol):
    """A format at work on one payload; keeps what header lines say."""

    def parse(self, records: Records) -> list[Parsed]:
        """One result for each record, in order. Raises nothing for bad input: that is an `Unparsable` in the list.

        Events have no `@metadata` yet and may lack `@timestamp` where the record holds no time.
        """


class Format(Protocol):
    """One record's bytes to events. Knows nothing of AWS clients, compression, acknowledgement or sinks."""

    @property
    def name(self) -> str:
        """The folder's name under `formats/`, as in `format: alb`."""

    @property
    def fields(self) -> Sequence[Field]:
        """What it declares: index templates, store columns and documentation come from it."""

    @property
    def framing(self) -> Framing:
        """How its records lie in the stream."""

    def select(self, origin: Origin, head: bytes) -> Format:
        """The format to use for a payload: itself, but for `auto`. `head`: the first decompressed bytes, ≤ 64 KiB."""

    def parser(self) -> Parser:
        """A fresh parser for one payload."""


@runtime_checkable
class Restores(Protocol):
    """What a Format may have beside its contract: its records are events that were delivered before.

    Those of its events that have `@metadata` keep its `_id` and `format`, and their `origin`.
    """

    @property
    def restores_ids(self) -> bool:
        """True."""


@runtime_checkable
class BringsMetadata(Protocol):
    """What a Format may have beside its contract: its records may have `@metadata` of their own.

    It stays in their events, but for what logsluice itself keeps there.
    """

    @property
    def brings_metadata(self) -> bool:
        """True."""


# ----------------------------------------------------------------------------------------------- events to events

OWN_METADATA = ("_id", "position", "format", "window", "_children")
"""What of `@metadata` is logsluice's own: neither the code of users nor what stands in a log can change it.

An event that chose its id or its `window` could replace others where it is written.
"""

RejectEvent: TypeAlias = Callable[[Event, str], None]
"""Hands an event to the dead letter with a reason; the filter then leaves it out of what it returns."""


class Filter(Protocol):
    """Events to events, a batch at a time: they may be changed in place, dropped, added."""

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """What goes on. May return the same list. Must not raise for one bad event: tag it or `reject` it.

        An event made from another (`split`, `clone`) gets its parent's `@metadata` with `.n` added to `_id`.
        """


# -------------------------------------------------------------------------------------------------- events out


@dataclass(slots=True)
class Encoded:
    """Events in a sink's wire form. The events themselves are let go: this is all that is kept until it is confirmed.

    Attributes:
        body: The sink's own structure; for most, bytes in one buffer and where each document ends.
        metadata: The `@metadata` of each event, in order: `send` answers by index into this list.
        size: Bytes, for budgets and bounds.
    """

    body: Any
    metadata: list[dict[str, Any]]
    size: int

    def __len__(self) -> int:
        return len(self.metadata)


@dataclass(slots=True)
class Sent:
    """A result for every document of an Encoded; an index in neither mapping was confirmed.

    Attributes:
        rejected: Index to reason: the document's own fault, for the dead letter.
        failed: Index to fault: not taken now; only these are sent again.
        duplicates: How many were there already under our id, and so count as confirmed.
    """

    rejected: dict[int, str] = field(default_factory=dict)
    failed: dict[int, SinkFault] = field(default_factory=dict)
    duplicates: int = 0


class Sink(Protocol):
    """Where events go. One instance a pipeline, called by several workers at once."""

    @property
    def idempotent(self) -> bool:
        """Whether a repeat of an event under its `_id` adds nothing."""

    def open(self) -> None:
        """Connect, install templates, make folders. Called once before the first encode.

        Raises:
            SinkFault: The output can't work now; the host tries again.
            UsageError: It never will as configured.
        """

    @property
    def request_bytes(self) -> int:
        """What one `send` is to hold at most, unless a single document is larger."""

    @property
    def request_events(self) -> int:
        """Likewise, in documents."""

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """CPU only, no I/O; leaves the events as they were. Called with few events at once, while they are hot.

        Args:
            events: With `@metadata`, which is never written out.
            refuse: Called with the index of an event that can't be encoded (an unresolved `%{field}` in an index
                name), and the reason; such an event is not in the Encoded.
        """

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """Several as one, in order. The parts may be used up by it."""

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """Some documents of it, in ascending order; it stays as it was."""

    def document(self, encoded: Encoded, index: int) -> bytes:
        """One document as JSON, for the dead letter."""

    def send(self, encoded: Encoded) -> Sent:
        """I/O only: one try, with a result for each document; blocks for a request's timeout at the most.

        Raises:
            SinkFault: Nothing of it is known to be confirmed; all of it is to be sent again.
        """

    def close(self) -> None:
        """Release connections; everything confirmed is safe before this is called."""


@runtime_checkable
class Windowed(Protocol):
    """What a Sink may have beside its contract: it writes files that are named by where they begin in their input.

    A repeat then overwrites itself, if it is cut at the same places. So each payload is divided into windows whose
    ends depend on its bytes alone, events carry theirs in `[@metadata][window]`, and a request holds whole windows,
    over `request_bytes` where need be.
    """

    @property
    def window_bytes(self) -> int:
        """How large a window gets; see `logsluice.framing.windows`."""


class Replaces(Protocol):
    """What a Sink may have beside its contract: it can take back what it holds of an origin (`backfill --replace`)."""

    def forget(self, origin: Origin) -> int:
        """Delete every event of an origin, before it is delivered again under the same ids.

        Events are found by their origin, not by id and index: a corrected timestamp moves a document to another index.

        Returns:
            How many there were.

        Raises:
            SinkFault: It can't be done now.
            UsageError: It can't be done at all, such as where events were written without their origin.
        """


# -------------------------------------------------------------------------------------------------------- sources


class Source(Protocol):
    """Where deliveries come from. One instance a pipeline, called by several workers and by the heartbeat."""

    @property
    def visibility(self) -> float | None:
        """Seconds until an unextended delivery comes back by itself; None when it does not (files)."""

    def open(self) -> None:
        """Resolve queues, probe permissions. Raises SourceFault or UsageError, with what to do."""

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """Up to ten deliveries, after at most `wait` seconds; an empty list when there is nothing now.

        Returns None when there will never be more (a folder read to its end): the host then drains and ends.
        """

    def extend(self, delivery: Delivery) -> bool:
        """Heartbeat: another `visibility` seconds. False when it is no longer ours: its work is then in vain."""

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """Exactly once for each delivery, DELIVERED, REJECTED or RETRY. May buffer up to ten or for a second."""

    def flush(self) -> None:
        """Carry out what `settle` has buffered. Called when idle and before `close`."""

    def close(self) -> None:
        """After the last settle."""
