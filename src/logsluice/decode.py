"""One payload to events: open, decompress, choose the format, frame, parse, and give every event its identity.

The only way from bytes to events: the pipeline, `logsluice.read` and the tests all use it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, Protocol

from logsluice.errors import SourceFault, Unparsable
from logsluice.framing.decompress import decompress
from logsluice.framing.limits import DEFAULT_LIMITS, Limits
from logsluice.framing.windows import windows
from logsluice.model import EXCERPT_BYTES, OWN_METADATA, BringsMetadata, Continues, Event, Reject, Restores

if TYPE_CHECKING:
    from logsluice.model import Format, Origin, Parsed, Payload, Records


class KeyPattern(Protocol):
    """A compiled regular expression (of `re` or `regex`) with named groups."""

    def search(self, string: str, /) -> Any:
        """A match with `groupdict()`, or None."""


@dataclass(slots=True)
class Piece:
    """What one batch of records gave.

    Attributes:
        events: With `@metadata` and `@timestamp`.
        rejects: Records that framing or the format could not use.
        size: Decompressed bytes that were used up.
        format: The name of the format at work.
        window: Names the window of the input that all of it lies in, `<day>.<digest>.<position>`; "" without windows.
    """

    events: list[Event] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    size: int = 0
    format: str = ""
    window: str = ""


def _uncounted(name: str, amount: int, label: str) -> None:
    """Where nobody asked for counts."""
    del name, amount, label


@dataclass(frozen=True, slots=True)
class Decoder:
    """Turns payloads into events, as one pipeline is configured to.

    Attributes:
        format: As configured; `auto` chooses another for each payload.
        limits: What a payload may cost.
        key_fields: Its named groups, searched in the origin's name (the object key), become fields of every event.
        fields: Constant fields of every event.
        defaults: Fields that events get where they lack them.
        document_id: `position` for `<day>.<digest>.<position>`; `content` for the SHA-1 of the record and its
            terminator, as S3logsbeat makes it (identical lines then become one document).
        with_origin: Whether events carry `origin {uri, version, position}`, which leads back to their bytes.
        count: Told of what is no reject and still worth knowing: (name, amount, label).
        window_bytes: Pieces end where windows of this size end (`model.Windowed`); 0 for no windows.
    """

    format: Format
    limits: Limits = DEFAULT_LIMITS
    key_fields: KeyPattern | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    document_id: Literal["position", "content"] = "position"
    with_origin: bool = True
    count: Callable[[str, int, str], None] = _uncounted
    window_bytes: int = 0

    def decode(self, payload: Payload) -> Iterator[Piece]:
        """Read a payload to its end, a bounded piece at a time.

        Raises:
            SourceFault: It can't be opened, read on or decompressed; the pieces before stand.
        """
        origin = payload.origin
        continued = payload if isinstance(payload, Continues) else None
        with payload.open() as stream:
            chunks = decompress(stream, self.limits)
            head, chunks = _head(chunks)
            chosen = (origin.format or self.format).select(origin, head[:EXCERPT_BYTES])
            self.count("formats", 1, chosen.name)
            parser = chosen.parser()
            stamp = self._stamp(origin, chosen.name, payload.modified() or datetime.now(UTC))
            if isinstance(chosen, Restores):
                stamp = _restoring(stamp)
            elif isinstance(chosen, BringsMetadata):
                stamp = _joining(stamp)
            lead = 0 if continued is None else continued.lead
            batches = chosen.framing.frame(chunks, self.limits)
            for records in windows(batches, self.window_bytes) if self.window_bytes else batches:
                piece = Piece(size=max(records.size - lead, 0), format=chosen.name)
                lead = max(lead - records.size, 0)
                parsed = parser.parse(records)
                if continued is not None:
                    parsed = _continued(continued, records, parsed)
                self._collect(piece, records, parsed, origin, stamp)
                if records.window >= 0:
                    piece.window = origin.id_of(records.window)
                yield piece

    def _collect(
        self, piece: Piece, records: Records, parsed: Iterable[Parsed], origin: Origin, stamp: Callable[..., Event]
    ) -> None:
        """Sort what the parser made of some records into events and rejects."""
        prefix = origin.id_prefix
        by_content = self.document_id == "content"
        add = piece.events.append
        for index, (result, position) in enumerate(zip(parsed, records.positions, strict=True)):
            if result is None:
                continue
            document_id = content_id(records, index) if by_content else f"{prefix}{position}"
            if type(result) is dict:
                add(stamp(result, document_id, position))
            elif isinstance(result, Unparsable):
                piece.rejects.append(unparsable(origin, position, records.records[index], str(result)))
            else:
                for n, event in enumerate(result):
                    add(stamp(event, f"{document_id}.{n}" if n else document_id, position))
        for broken in records.broken:
            event_id = origin.id_of(broken.position)
            piece.rejects.append(
                Reject(origin, broken.position, broken.excerpt, broken.length, "framing", broken.reason, "", event_id)
            )

    def _stamp(self, origin: Origin, format_name: str, modified: datetime) -> Callable[[Event, str, int], Event]:
        """A function that gives an event what all events of one payload have; made once, for it is the hot path."""
        groups = list(origin.attributes.items())
        constant = {**self.fields, **self._from_key(origin)}
        with_origin = self.with_origin
        uri, version, lacking = origin.uri, origin.version, {**self.defaults, **origin.fields}

        def stamp(event: Event, document_id: str, position: int) -> Event:
            metadata: dict[str, Any] = {"_id": document_id, "position": position, "format": format_name}
            for name, values in groups:
                metadata[name] = values.copy()
            if "@timestamp" not in event:
                event["@timestamp"] = modified
            if constant:
                event.update(constant)
            for name, value in lacking.items():
                event.setdefault(name, value)
            if with_origin:
                event["origin"] = {"uri": uri, "version": version, "position": position}
            event["@metadata"] = metadata
            return event

        return stamp

    def _from_key(self, origin: Origin) -> dict[str, str]:
        if self.key_fields is None:
            return {}
        found = self.key_fields.search(origin.name)
        if found is None:
            self.count("keys_without_match", 1, "")
            return {}
        return {name: value for name, value in found.groupdict().items() if value}


def _restoring(stamp: Callable[[Event, str, int], Event]) -> Callable[[Event, str, int], Event]:
    """The same for events that come back: what they bring of their identity stays."""

    def restore(event: Event, document_id: str, position: int) -> Event:
        stored = event.get("@metadata")
        if stored is None:
            return stamp(event, document_id, position)
        origin = event.get("origin")
        stamp(event, stored["_id"] or document_id, position)
        event["@metadata"]["format"] = stored["format"]
        if origin is not None:
            event["origin"] = origin
        else:
            event.pop("origin", None)
        return event

    return restore


def _joining(stamp: Callable[[Event, str, int], Event]) -> Callable[[Event, str, int], Event]:
    """The same for events that may have `@metadata`: what is kept there of their identity stands."""

    def join(event: Event, document_id: str, position: int) -> Event:
        brought = event.get("@metadata")
        stamp(event, document_id, position)
        if brought:
            event["@metadata"] = {name: brought[name] for name in brought if name not in OWN_METADATA} | event[
                "@metadata"
            ]
        return event

    return join


def _continued(payload: Continues, records: Records, parsed: Sequence[Parsed]) -> list[Parsed]:
    """Leaves out what lies in the lead, and moves the other positions to where they are in the whole stream."""
    lead, offset = payload.lead, payload.start - payload.lead
    records.broken = [broken for broken in records.broken if broken.position >= lead]
    for broken in records.broken:
        broken.position += offset
    mine = [None if position < lead else result for result, position in zip(parsed, records.positions, strict=True)]
    records.positions = [position + offset for position in records.positions]
    if records.window >= 0:
        records.window = max(records.window, lead) + offset
    return mine


def _head(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough to choose the format by, and all chunks: the first may be as short as its gzip member."""
    head = b""
    try:
        while len(head) < EXCERPT_BYTES and (more := next(chunks, b"")):
            head += more
    except SourceFault as fault:
        if not head:
            raise
        return head, _cut_short(head, fault)
    return head, chain((head,), chunks)


def _cut_short(head: bytes, fault: SourceFault) -> Iterator[bytes]:
    """What came before a fault stands."""
    yield head
    raise fault


def content_id(records: Records, index: int) -> str:
    """The SHA-1 of a record with its terminator, as S3logsbeat's users have it: an id, not a secret."""
    record = records.records[index] + records.terminator(index)
    return hashlib.sha1(record, usedforsecurity=False).hexdigest()


def unparsable(origin: Origin, position: int, record: bytes, reason: str) -> Reject:
    """The reject of one record that is not of its format."""
    return Reject(
        origin, position, record[:EXCERPT_BYTES], len(record), "parse", reason, event_id=origin.id_of(position)
    )


def faulty(origin: Origin | None, size: int | None, reason: str) -> Reject:
    """The reject of a whole payload, by reference: its bytes stay where they are."""
    return Reject(origin, -1, b"", max(size or 0, 1), "source", reason)
