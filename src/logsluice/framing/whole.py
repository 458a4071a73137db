"""All of a stream as one record: the body of a message or a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from logsluice.framing.byte_order_mark import without_mark
from logsluice.model import EXCERPT_BYTES, Broken, Records

if TYPE_CHECKING:
    from logsluice.framing.limits import Limits


class Whole:
    """One record, without any terminator; an empty stream has none."""

    def frame(self, chunks: Iterable[bytes], limits: Limits) -> Iterator[Records]:
        """See `logsluice.model.Framing`."""
        offset, chunks = without_mark(chunks)
        pieces: list[bytes] = []
        length = 0
        for chunk in chunks:
            length += len(chunk)
            if length - len(chunk) <= max(limits.record, EXCERPT_BYTES):
                pieces.append(chunk)
        body = b"".join(pieces)
        if length > limits.record:
            reason = f"{length} bytes are over the limit of {limits.record} for one record"
            yield Records([], [], None, length, [Broken(offset, body[:EXCERPT_BYTES], length, reason)])
        elif body:
            yield Records([body], [offset], [b""], length)
