"""Pieces of text: cut at any delimiter and at nothing else, empty ones included."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING

from logsluice.framing.byte_order_mark import without_mark
from logsluice.model import EXCERPT_BYTES, Broken, Records

if TYPE_CHECKING:
    from logsluice.framing.limits import Limits


class Delimited:
    """Each piece is a record; its position is the byte offset of its first byte. See `Lines` for what AWS writes.

    Args:
        delimiter: What ends a piece.
        returns: Whether a carriage return before it belongs to it.
    """

    def __init__(self, delimiter: bytes = b"\n", returns: bool = False) -> None:
        self._delimiter = delimiter
        self._returns = returns

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """See `logsluice.model.Framing`."""
        offset, chunks = without_mark(chunks)
        rest, overlong = b"", 0
        for chunk in chunks:
            for at in range(0, len(chunk), limits.batch):
                pieces = (rest + chunk[at : at + limits.batch]).split(self._delimiter)
                rest = pieces.pop()
                if pieces:
                    yield self._records(pieces, self._delimiter, offset, overlong, limits)
                    offset += sum(map(len, pieces)) + len(pieces) * len(self._delimiter) + overlong
                    overlong = 0
                if len(rest) > max(limits.record, EXCERPT_BYTES) + len(self._delimiter):
                    # its beginning is kept for the excerpt, its end for a delimiter that is cut in two
                    kept = rest[:EXCERPT_BYTES] + rest[len(rest) - len(self._delimiter) :]
                    overlong += len(rest) - len(kept)
                    rest = kept
        if rest or overlong:
            yield self._records([rest], b"", offset, overlong, limits)

    def _records(self, pieces: list[bytes], delimiter: bytes, offset: int, overlong: int, limits: Limits) -> Records:
        """Pieces that all ended so; of the first, `overlong` bytes are not there any more."""
        if not overlong and not self._returns and max(map(len, pieces)) <= limits.record:
            starts = list(accumulate((len(piece) + len(delimiter) for piece in pieces), initial=offset))
            endings = None if delimiter == b"\n" else [delimiter] * len(pieces)
            return Records(pieces, starts[:-1], endings, starts[-1] - offset)
        found = Records([], [], [])
        terminators: list[bytes] = []
        for piece in pieces:
            length = len(piece) + overlong
            overlong = 0
            if length > limits.record:
                reason = f"a line of {length} bytes is over the limit of {limits.record}"
                found.broken.append(Broken(offset, piece[:EXCERPT_BYTES], length, reason))
            else:
                cut = self._returns and delimiter and piece.endswith(b"\r")
                found.records.append(piece[:-1] if cut else piece)
                found.positions.append(offset)
                terminators.append(b"\r" + delimiter if cut else delimiter)
            found.size += length + len(delimiter)
            offset += length + len(delimiter)
        found.terminators = None if all(ending == b"\n" for ending in terminators) else terminators
        return found
