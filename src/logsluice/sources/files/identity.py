"""What makes a growing file itself, whatever it is called: its first KiB, and how often that was seen before."""

from __future__ import annotations

import hashlib
import os
import struct
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from logsluice.errors import SourceFault
from logsluice.framing.decompress import decompress
from logsluice.framing.limits import DEFAULT_LIMITS
from logsluice.model import Origin

HEAD_BYTES = 1024
"""What is compared of a file."""

TAIL_BYTES = 4096
FORGET_SECONDS = 30 * 86400.0
"""How long a file that is gone is remembered: rotation compresses and renames for days."""


@dataclass(slots=True)
class Known:
    """A file that is, or was, followed: an entry of the state.

    Attributes:
        fingerprint: Digest of its first `began` bytes, a KiB of what it had at first sight; with `generation`, its
            identity.
        generation: Counts the files that began with the same bytes, from 0.
        path: Where it was first seen.
        head: Digest of its first `length` bytes, which grow to HEAD_BYTES: by this it is found again.
        length: See `head`.
        position: Everything before it is settled.
        size: Bytes when last seen.
        node: Device and inode when last seen.
        seen: When that was, in seconds since 1970.
        inside: The key of the followed file whose bytes it holds compressed, or "".
    """

    fingerprint: str
    began: int
    generation: int
    path: str
    head: str
    length: int
    position: int = 0
    size: int = 0
    node: tuple[int, int] = (0, 0)
    seen: float = field(default_factory=time.time)
    inside: str = ""

    @property
    def key(self) -> bytes:
        """Its name in the state."""
        return f"{self.fingerprint}.{self.generation}".encode()

    def origin(self, salt: str) -> Origin:
        """The origin of all its events: where it was first seen, for a repeat must be the same document."""
        version = self.key.decode()
        path = Path(self.path)
        return Origin(path.as_uri(), version, {}, path.as_posix(), (self.fingerprint, str(self.generation)), salt)

    def is_head_of(self, head: bytes) -> bool:
        """Whether a file that begins so may be this one."""
        return len(head) >= self.length > 0 and digest(head[: self.length]) == self.head

    def look_at(self, head: bytes, status: os.stat_result) -> None:
        """Note how the file is now."""
        self.size, self.node, self.seen = status.st_size, node_of(status), time.time()
        if len(head) > self.length:
            self.length, self.head = len(head), digest(head)

    def dump(self) -> bytes:
        """As the state keeps it."""
        return orjson.dumps(self)

    @classmethod
    def load(cls, value: bytes) -> Known:
        """What `dump` made."""
        entry = orjson.loads(value)
        return cls(**{**entry, "node": tuple(entry["node"])})


def digest(head: bytes) -> str:
    """Of a file's first bytes."""
    return hashlib.blake2b(head, digest_size=16).hexdigest()


def node_of(status: os.stat_result) -> tuple[int, int]:
    """Device and inode."""
    return status.st_dev, status.st_ino


class Beginnings:
    """Finds files by how they begin, each by as many bytes as are known of it."""

    def __init__(self) -> None:
        self._keys: dict[tuple[int, str], set[bytes]] = {}
        self._places: dict[bytes, tuple[int, str]] = {}
        self._lengths: Counter[int] = Counter()

    def put(self, key: bytes, length: int, head: str) -> None:
        """Enter a file under the digest of its first bytes, or move it to that of more of them."""
        place = (length, head)
        if self._places.get(key) != place:
            self.remove(key)
            self._places[key] = place
            self._keys.setdefault(place, set()).add(key)
            self._lengths[length] += 1

    def remove(self, key: bytes) -> None:
        """Forget a file."""
        place = self._places.pop(key, None)
        if place is None:
            return
        self._keys[place].discard(key)
        if not self._keys[place]:
            del self._keys[place]
        self._lengths[place[0]] -= 1
        if not self._lengths[place[0]]:
            del self._lengths[place[0]]

    def of(self, head: bytes) -> list[bytes]:
        """The files that began as `head` does."""
        places = ((length, digest(head[:length])) for length in self._lengths if 0 < length <= len(head))
        return [key for place in places for key in self._keys.get(place, ())]


def read_at(file: int, start: int, size: int) -> bytes:
    """So many bytes of an open file, fewer only at its end. Raises OSError."""
    pieces = bytearray()
    while len(pieces) < size and (piece := os.pread(file, size - len(pieces), start + len(pieces))):
        pieces += piece
    return bytes(pieces)


def inflated_head(file: int) -> bytes:
    """The first KiB of what a compressed file holds; as much as can be read of it."""
    head = b""
    with os.fdopen(os.dup(file), "rb", buffering=0) as stream:
        stream.seek(0)
        try:
            for chunk in decompress(stream, DEFAULT_LIMITS):
                head += chunk
                if len(head) >= HEAD_BYTES:
                    break
        except SourceFault:
            pass  # said by whoever reads it
    return head[:HEAD_BYTES]


def holds_exactly(file: int, size: int, length: int) -> bool:
    """Whether a gzip file says that so many bytes are in it (RFC 1952, 2.3.1: ISIZE); other kinds don't say it."""
    return read_at(file, 0, 2) == b"\x1f\x8b" and read_at(file, size - 4, 4) == struct.pack("<I", length % 2**32)


def same_content(one: int, other: int) -> bool:
    """Whether two open files hold the same bytes as far as the shorter one goes: by their beginning and end there."""
    length = min(os.fstat(one).st_size, os.fstat(other).st_size)
    stretches = ((0, min(HEAD_BYTES, length)), (max(0, length - TAIL_BYTES), min(TAIL_BYTES, length)))
    return all(read_at(one, *stretch) == read_at(other, *stretch) for stretch in stretches)


def forgotten(known: Iterable[Known]) -> Iterator[Known]:
    """Entries of files that have been gone for long."""
    before = time.time() - FORGET_SECONDS
    return (entry for entry in known if entry.seen < before)
