"""A payload's stored bytes to its stream: gzip, zstd, bzip2 or plain, as the magic bytes say, whatever its name.

Objects without the suffix that are compressed, and objects with it that are not, are both common in log buckets.
"""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

import zstandard

from logsluice.errors import Corrupt, TooLarge
from logsluice.framing.limits import KIB, MIB

if TYPE_CHECKING:
    from logsluice.framing.limits import Limits
    from logsluice.model import ByteStream

try:
    from isal import igzip_lib

    _ISAL_ERROR = cast("type[Exception]", igzip_lib.IsalError)
    _HAS_ISAL = True
except ImportError:  # pragma: no cover - where isal has no wheel, zlib does the same at a third of the speed
    _ISAL_ERROR = zlib.error
    _HAS_ISAL = False

READ = 64 * KIB
"""Compressed bytes asked for at once."""

_BROKEN = (_ISAL_ERROR, zlib.error, zstandard.ZstdError, OSError, EOFError, ValueError)
"""What the libraries raise for bad data."""

ZSTD_WINDOW = 64 * MIB
"""The largest zstd window accepted; RFC 8878 (3.1.1.1.2) asks for 8 MiB, `zstd --ultra` goes to 128."""

ZSTD_FEED = 512
"""Compressed bytes handed to zstd at once, for it has no output limit: 4 bytes can give a block of 128 KiB."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = b"\x2a\x4d\x18"
_BZIP2_BLOCKS = (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
_HEAD = 10


class _Decoder(Protocol):
    """One member (gzip), frame (zstd) or stream (bzip2); the interface of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """The member is complete."""

    @property
    def needs_input(self) -> bool:
        """Nothing more comes out without more input."""

    @property
    def unused_data(self) -> bytes:
        """What followed the member."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """At most about `max_length` bytes."""


class _Zlib:
    """gzip by the standard library."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


class _Zstd:
    """One zstd frame, fed in small pieces so that what comes out stays bounded."""

    def __init__(self) -> None:
        self._inner = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
        self._pending = b""
        self._at = 0

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return self._at >= len(self._pending)

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data + self._pending[self._at :]

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        if data:
            self._pending = self._pending[self._at :] + data
            self._at = 0
        out: list[bytes] = []
        size = 0
        while size < max_length and self._at < len(self._pending) and not self._inner.eof:
            out.append(self._inner.decompress(self._pending[self._at : self._at + ZSTD_FEED]))
            self._at += ZSTD_FEED
            size += len(out[-1])
        return b"".join(out)


def _igzip() -> _Decoder:
    return igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)


def decompress(stream: ByteStream, limits: Limits) -> Iterator[bytes]:
    """The decompressed stream in chunks of about `limits.chunk` bytes; an empty payload gives none.

    Several gzip members, zstd frames or bzip2 streams follow one another without a trace, as RFC 1952 (2.2) and RFC
    8878 (3.1) have it; zero bytes after a member are padding.

    Args:
        stream: The payload; its own errors (SourceFault) pass through.
        limits: `chunk`, and how far the stream may expand.

    Raises:
        Corrupt: Truncated or damaged, or followed by what is no member; what was yielded before stands.
        TooLarge: The stream grows beyond the limits.
    """
    head = b""
    while len(head) < _HEAD and (data := stream.read(limits.chunk if not head else _HEAD)):
        head += data
    codec = _codec(head)
    if codec is None:
        yield from _plain(stream, head, limits)
    else:
        name, make = codec
        yield from _members(stream, head, name, make, limits)


def is_compressed(head: bytes) -> bool:
    """Whether a stream that begins so would be decompressed."""
    return _codec(head) is not None


def _codec(head: bytes) -> tuple[str, Callable[[], _Decoder]] | None:
    """Name and decoder by magic bytes; bzip2 by its first block's too, for text may begin with `BZh`."""
    if head.startswith(_GZIP):
        return "gzip", _igzip if _HAS_ISAL else _Zlib
    if head.startswith(_ZSTD) or (head[1:4] == _ZSTD_SKIPPABLE and head[0] & 0xF0 == 0x50):
        return "zstd", _Zstd
    if head.startswith(b"BZh") and head[4:10] in _BZIP2_BLOCKS:
        return "bzip2", bz2.BZ2Decompressor
    return None


def _plain(stream: ByteStream, head: bytes, limits: Limits) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(limits.chunk)


def _members(
    stream: ByteStream, data: bytes, name: str, make: Callable[[], _Decoder], limits: Limits
) -> Iterator[bytes]:
    """One member after the other until the stream ends."""
    stored = len(data)
    expanded = 0
    decoder = make()
    while True:
        try:
            out = decoder.decompress(data, limits.chunk)
        except _BROKEN as error:
            raise Corrupt(f"the {name} data is damaged after {expanded} decompressed bytes: {error}") from error
        if out:
            expanded += len(out)
            if expanded > limits.expansion_floor and expanded > limits.expansion * stored:
                raise TooLarge(
                    f"{stored} bytes of {name} grew to more than {expanded}, over {limits.expansion} times as much"
                )
            yield out
        data = b""
        if decoder.eof:
            data = decoder.unused_data
            while not (data := data.lstrip(b"\0")):
                if not (data := stream.read(READ)):
                    return
                stored += len(data)
            while len(data) < _HEAD and (more := stream.read(READ)):
                data += more
                stored += len(more)
            following = _codec(data)
            if following is None or following[0] != name:
                raise Corrupt(f"the {name} data is followed by other bytes, after {expanded} decompressed bytes")
            decoder = make()
        elif decoder.needs_input:
            data = stream.read(READ)
            if not data:
                raise Corrupt(f"the {name} data ends too early, after {expanded} decompressed bytes")
            stored += len(data)
