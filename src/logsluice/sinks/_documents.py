"""Documents in one buffer: the body of sinks that write a run of bytes for each event."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from logsluice.lang.as_json import Json
from logsluice.model import Encoded, Event


@dataclass(slots=True)
class Documents:
    """One buffer, and where each document ends in it.

    A list of the `bytes` that orjson returns would be simpler, but each may occupy 8 KiB for as long as it lives
    (measured with orjson 3.13), and the memory of the last document is reused for the next one, still in the cache.
    """

    data: bytearray = field(default_factory=bytearray)
    ends: list[int] = field(default_factory=list)

    def end(self) -> None:
        """What was appended to `data` since the last call is a document."""
        self.ends.append(len(self.data))

    def __getitem__(self, index: int) -> bytes:
        start = self.ends[index - 1] if index else 0
        return bytes(self.data[start : self.ends[index]])

    def add_all(self, other: Documents) -> None:
        """Append the documents of another."""
        offset = len(self.data)
        self.data += other.data
        self.ends.extend(map(offset.__add__, other.ends))


def encode_each(
    events: Sequence[Event], refuse: Callable[[int, str], None], write: Callable[[Event], bytes]
) -> Encoded:
    """A document of each event, which may be empty; those that `write` raises ValueError for are refused."""
    body, metadata = Documents(), list[dict[str, Any]]()
    for index, event in enumerate(events):
        try:
            body.data += write(event)
        except ValueError as error:
            refuse(index, str(error))
            continue
        body.end()
        metadata.append(event.get("@metadata", {}))
    return Encoded(body, metadata, len(body.data))


SHOWN = ("_id", "format", "pipeline")
"""What of an event's `@metadata` Beats write."""


def with_metadata(form: Json, same: Mapping[str, str], about: Mapping[str, Any], document: bytes) -> bytes:
    """A document with `@metadata` in front of its own fields, as Beats write it (libbeat's codec `json`).

    Args:
        form: Of the document.
        same: What `@metadata` says of every event.
        about: The event's own, of which some is shown.
        document: A JSON object.
    """
    shown = form.dumps(dict(same) | {name: about[name] for name in SHOWN if name in about})
    return b'{"@metadata":%b%b%b' % (shown, b"," if len(document) > 2 else b"", document[1:])


class DocumentSink:
    """The part of a `Sink` that is the same for every body of `Documents`."""

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        if len(parts) == 1:
            return parts[0]
        body, metadata = Documents(), list[dict[str, Any]]()
        for part in parts:
            body.add_all(part.body)
            metadata += part.metadata
        return Encoded(body, metadata, len(body.data))

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        body = Documents()
        for index in indexes:
            body.data += encoded.body[index]
            body.end()
        return Encoded(body, [encoded.metadata[index] for index in indexes], len(body.data))

    def document(self, encoded: Encoded, index: int) -> bytes:
        """See `logsluice.model.Sink`."""
        document: bytes = encoded.body[index]
        return document.rstrip(b"\n")
