"""`logsluice.read`: log files as events, without any AWS or output part being imported."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, Literal, overload

from logsluice.decode import Decoder
from logsluice.formats import load
from logsluice.model import ByteStream, Event, Origin, Payload, Reject

FINGERPRINT_BYTES = 64 * 1024


class StreamPayload:
    """A binary stream that can be read once; its identity is a digest of its first 64 KiB."""

    size = None

    def __init__(self, stream: ByteStream, uri: str = "stream:", name: str = "") -> None:
        self._head = b""
        while len(self._head) < FINGERPRINT_BYTES and (more := stream.read(FINGERPRINT_BYTES - len(self._head))):
            self._head += more  # a pipe or a socket may give little at once
        self._rest = stream
        version = hashlib.blake2b(self._head, digest_size=16).hexdigest()
        self.origin = Origin(uri, version, name=name, identity=(version,))

    def open(self) -> AbstractContextManager[ByteStream]:
        """The stream, its head included."""
        return nullcontext(self)

    def modified(self) -> datetime | None:
        """Not known of a stream."""
        return None

    def read(self, size: int = -1, /) -> bytes:
        """As a binary file."""
        if not self._head:
            return self._rest.read(size)
        cut = len(self._head) if size < 0 else size
        piece, self._head = self._head[:cut], self._head[cut:]
        return piece + self._rest.read() if size < 0 else piece


@overload
def read(
    source: str | PathLike[str] | BinaryIO,
    format: str = "auto",
    rejects: Literal[False] = False,
    **format_options: Any,
) -> Iterator[Event]: ...
@overload
def read(
    source: str | PathLike[str] | BinaryIO,
    format: str = "auto",
    *,
    rejects: Literal[True],
    **format_options: Any,
) -> Iterator[Event | Reject]: ...
def read(
    source: str | PathLike[str] | BinaryIO,
    format: str = "auto",  # noqa: A002
    rejects: bool = False,
    **format_options: Any,
) -> Iterator[Event | Reject]:
    """Read a log file or stream, compressed or not, as events; memory stays bounded whatever its size.

    Args:
        source: A path, or a binary stream (anything with `read(size)`).
        format: A format's name (`logsluice formats` lists them), or `auto` to find it from the name and first lines.
        rejects: Whether records that can't be used are handed out too, as `Reject` values among the events.
        **format_options: Options of the format, such as `records_path` of `json`.

    Yields:
        Events in the order of the file, each with `@timestamp` and `@metadata`.

    Raises:
        LookupError: There is no such format.
        SourceFault: The file can't be read, or is corrupt from some point on.
    """
    decoder = Decoder(load(format, **format_options), with_origin=False)
    for piece in decoder.decode(_payload(source)):
        yield from piece.events
        if rejects:
            yield from piece.rejects


def _payload(source: str | PathLike[str] | BinaryIO) -> Payload:
    if isinstance(source, (str, PathLike)):
        from logsluice.sources.files.payload import FilePayload

        return FilePayload(Path(fspath(source)))
    return StreamPayload(source, name=str(getattr(source, "name", "")))
