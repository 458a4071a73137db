"""One file, or one pipe, as a stream of bytes with an identity."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from logsluice.errors import Denied, Missing, SourceFault, Unavailable
from logsluice.model import ByteStream, Origin

PIPE_HEAD = 64 * 1024
"""How many bytes of a pipe stand for all of it."""


def file_fault(error: OSError, path: Path | str) -> SourceFault:
    """What an operating system's error says of a file."""
    text = f"{path}: {error.strerror or error}"
    if isinstance(error, FileNotFoundError):
        return Missing(text)
    return Denied(text) if isinstance(error, PermissionError) else Unavailable(text)


class FilePayload:
    """A closed file (`model.Payload`). Made by reading it once, for its digest.

    Args:
        path: The file.
        salt: See `Origin.salt`.
        origin: Whose bytes it holds, where that is known; else they are its own, known by their digest.

    Raises:
        SourceFault: Missing, Denied or Unavailable.
    """

    def __init__(self, path: Path, salt: str = "", origin: Origin | None = None) -> None:
        self._path = path
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
                self._size = file.tell()
        except OSError as error:
            raise file_fault(error, path) from error
        self._modified: datetime | None = None
        self.origin: Origin = origin or Origin(path.absolute().as_uri(), digest, {}, path.as_posix(), (digest,), salt)

    @property
    def size(self) -> int | None:
        """Bytes as stored."""
        return self._size

    def modified(self) -> datetime | None:
        """The file's mtime, after `open`."""
        return self._modified

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        """Start to read. Raises SourceFault, here or while reading."""
        try:
            file = self._path.open("rb")
        except OSError as error:
            raise file_fault(error, self._path) from error
        with file:
            try:
                self._modified = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
            except OSError as error:
                raise file_fault(error, self._path) from error
            yield _Checked(file, self._path)


class PipePayload:
    """Standard input or another pipe: read once, known by its first bytes (`model.Payload`). Blocks for these.

    Args:
        stream: To read from; closed at the end unless it is standard input.
        uri: `stdin:`, or the pipe's path.
        salt: See `Origin.salt`.
    """

    def __init__(self, stream: BinaryIO, uri: str, salt: str = "") -> None:
        self._head = _at_least(stream, PIPE_HEAD, uri)
        self._stream: BinaryIO | None = stream
        self._uri = uri
        digest = hashlib.blake2b(self._head, digest_size=16).hexdigest()
        self.origin: Origin = Origin(uri, digest, {}, uri, (digest,), salt)

    @property
    def size(self) -> int | None:
        """Not known of a pipe."""
        return None

    def modified(self) -> datetime | None:
        """Not known of a pipe."""
        return None

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        """Start to read. Raises Missing when it was read before: trying again would never end."""
        if self._stream is None:
            raise Missing(f"{self._uri} can be read only once, and what was read is gone")
        stream, self._stream = self._stream, None
        yield _Checked(io.BufferedReader(_Rejoined(self._head, stream)), self._uri)


class _Checked:
    """A file whose errors are faults of the payload."""

    def __init__(self, file: BinaryIO | io.BufferedReader, name: Path | str) -> None:
        self._file = file
        self._name = name

    def read(self, size: int = -1, /) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            raise file_fault(error, self._name) from error


class _Rejoined(io.RawIOBase):
    """The head that was read ahead, then the rest."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = memoryview(head)
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        source = self._head[: len(buffer)] or memoryview(self._rest.read(len(buffer)))
        if self._head:
            self._head = self._head[len(source) :]
        buffer[: len(source)] = source
        return len(source)


def _at_least(stream: BinaryIO, wanted: int, name: str) -> bytes:
    """The first bytes of a pipe: fewer only where it ends."""
    pieces = bytearray()
    try:
        while len(pieces) < wanted and (piece := stream.read(wanted - len(pieces))):
            pieces += piece
    except OSError as error:
        raise file_fault(error, name) from error
    return bytes(pieces)
