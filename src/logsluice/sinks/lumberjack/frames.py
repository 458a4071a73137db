"""The Lumberjack protocol, version 2: what goes over the wire.

A request is a window frame `2W` (how many events follow) and a data frame `2J` for each event (its number in the window
from 1, its length, its JSON), or these compressed in one frame `2C`. The answer is any number of frames `2A`: up to
which number the events are acknowledged; 0 says that the receiver is still at work. All numbers are big-endian, of 32
bits.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from logsluice.errors import Sick

_NUMBERED = struct.Struct(">2sI")
_DATA = struct.Struct(">2sII")


def request(documents: Iterable[bytes], count: int, compression_level: int) -> bytes:
    """A whole window of JSON documents."""
    window = _NUMBERED.pack(b"2W", count)
    data = b"".join(_data_frames(documents))
    if not compression_level:
        return window + data
    data = zlib.compress(data, compression_level)
    return window + _NUMBERED.pack(b"2C", len(data)) + data


def _data_frames(documents: Iterable[bytes]) -> Iterator[bytes]:
    for number, document in enumerate(documents, 1):
        yield _DATA.pack(b"2J", number, len(document))
        yield document


class Acknowledgements:
    """Reads an answer in whatever pieces it comes.

    Attributes:
        number: Up to which event of the window all are acknowledged.
    """

    def __init__(self, count: int) -> None:
        self.number = 0
        self._count = count
        self._buffer = b""

    @property
    def are_complete(self) -> bool:
        """Whether every event is acknowledged."""
        return self.number == self._count

    def feed(self, data: bytes) -> None:
        """Take another piece. Raises Sick where it is not of this protocol."""
        self._buffer += data
        while len(self._buffer) >= _NUMBERED.size:
            kind, number = _NUMBERED.unpack_from(self._buffer)
            if kind != b"2A" or number > self._count:
                break
            self.number = max(self.number, number)
            self._buffer = self._buffer[_NUMBERED.size :]
        if len(self._buffer) >= _NUMBERED.size or not b"2A".startswith(self._buffer[:2]):
            raise Sick("it answers in another protocol than Lumberjack 2: check the port, and whether it wants `ssl`")
