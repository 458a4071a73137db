"""The mark that some Windows programs put at the start of UTF-8 text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

BOM = b"\xef\xbb\xbf"


def without_mark(chunks: Iterable[bytes]) -> tuple[int, Iterator[bytes]]:
    """The stream without a leading mark, and how many bytes that took (0 or 3): positions count them."""
    rest = iter(chunks)
    head = b""
    for chunk in rest:
        head += chunk
        if not BOM.startswith(head[:3]) or len(head) >= len(BOM):
            break
    if head.startswith(BOM):
        return len(BOM), chain((head[len(BOM) :],), rest)
    return 0, chain((head,), rest)
