"""Lines: split at the line feed alone, as every AWS log that is text is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from logsluice.framing.byte_order_mark import without_mark
from logsluice.model import EXCERPT_BYTES, Broken, Records

if TYPE_CHECKING:
    from logsluice.framing.limits import Limits


class Lines:
    """Each line is a record; its position is the byte offset of its first byte in the decompressed stream.

    Only `\\n` ends a line; `\\r\\n` is one terminator. A lone `\\r`, U+2028 and `\\x0b` are content. Empty lines are no
    records. A byte order mark at the start belongs to no record. A line over `limits.record` is `Broken`, and of it
    only an excerpt is ever held.
    """

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """See `logsluice.model.Framing`."""
        offset, chunks = without_mark(chunks)
        carry = _Carry(offset, limits)
        for chunk in chunks:
            for at in range(0, len(chunk), limits.batch):
                piece = chunk[at : at + limits.batch] if len(chunk) > limits.batch else chunk
                cut = piece.rfind(b"\n") + 1
                if not cut:
                    carry.add(piece)
                    continue
                if carry.overlong:
                    end = piece.index(b"\n") + 1
                    carry.add(piece[:end])
                    yield carry.broken()
                    block = piece[end:cut]
                else:
                    block = b"".join((*carry.pieces, piece[:cut])) if carry.pieces else piece[:cut]
                if block:
                    yield _split(block, carry.offset, limits)
                carry.restart(carry.offset + len(block), piece[cut:])
        if carry.overlong:
            yield carry.broken()
        elif carry.length:
            yield _each(b"".join(carry.pieces), carry.offset, limits)


class _Carry:
    """The line that the stream has not ended yet; once too long, its first bytes and its length."""

    def __init__(self, offset: int, limits: Limits) -> None:
        self._limit = limits.record
        self._held = max(limits.record + 1, EXCERPT_BYTES)  # a byte more may be the \r of a line just short enough
        self.restart(offset, b"")

    def restart(self, offset: int, piece: bytes) -> None:
        self.offset = offset
        self.pieces: list[bytes] = []
        self.length = 0
        self.overlong = False
        self._ending = b""
        if piece:
            self.add(piece)

    def add(self, piece: bytes) -> None:
        self.length += len(piece)
        if self.overlong:
            self._ending = (self._ending + piece[-2:])[-2:]
            return
        self.pieces.append(piece)
        if self.length > self._held:
            whole = b"".join(self.pieces)
            self.overlong = True
            self._ending = whole[-2:]
            self.pieces = [whole[:EXCERPT_BYTES]]

    def broken(self) -> Records:
        """The overlong line, which is then over with."""
        length = self.length - len(_terminator(self._ending))
        broken = _too_long(self.offset, self.pieces[0], length, self._limit)
        size = self.length
        self.restart(self.offset + size, b"")
        return Records([], [], None, size, [broken])


def _too_long(position: int, record: bytes, length: int, limit: int) -> Broken:
    return Broken(
        position, record[: min(length, EXCERPT_BYTES)], length, f"a line of {length} bytes is over the limit of {limit}"
    )


def _terminator(line: bytes) -> bytes:
    if line.endswith(b"\r\n"):
        return b"\r\n"
    return b"\n" if line.endswith(b"\n") else b""


def _split(block: bytes, offset: int, limits: Limits) -> Records:
    """A block of whole lines; the fast way when all are ordinary ones."""
    lines = block.split(b"\n")
    lines.pop()
    # looking for one byte is ten times as fast as for two
    if not all(lines) or len(block) > limits.record or (b"\r" in block and b"\r\n" in block):
        return _each(block, offset, limits)
    starts = list(accumulate(map((1).__add__, map(len, lines)), initial=offset))
    starts.pop()
    return Records(lines, starts, None, len(block))


def _each(block: bytes, offset: int, limits: Limits) -> Records:
    """The exact way, line by line; the last line may lack its terminator."""
    found = Records([], [], [], len(block))
    terminators: list[bytes] = []
    position = offset
    for line in _lines(block):
        ending = _terminator(line)
        record = line[: len(line) - len(ending)]
        if len(record) > limits.record:
            found.broken.append(_too_long(position, record, len(record), limits.record))
        elif record:
            found.records.append(record)
            found.positions.append(position)
            terminators.append(ending)
        position += len(line)
    found.terminators = None if all(ending == b"\n" for ending in terminators) else terminators
    return found


def _lines(block: bytes) -> Iterator[bytes]:
    """Lines with their terminators; `bytes.splitlines` would split at a lone carriage return too."""
    start = 0
    while start < len(block):
        end = block.find(b"\n", start) + 1 or len(block)
        yield block[start:end]
        start = end
