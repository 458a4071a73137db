"""What one payload may cost."""

from __future__ import annotations

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds that framing keeps, in bytes.

    Attributes:
        record: A longer record becomes a reject.
        chunk: How much of the stream is decompressed at once.
        batch: Records handed on at once hold at most about this many bytes: few enough for their events to stay in the
            processor's cache until they are encoded.
        expansion: How many times its compressed size a stream may grow, once it is over `expansion_floor`.
        expansion_floor: Decompressed bytes below which expansion is not looked at.
    """

    record: int = 10 * MIB
    chunk: int = 64 * KIB
    batch: int = 64 * KIB
    expansion: int = 1000
    expansion_floor: int = 64 * MIB


DEFAULT_LIMITS = Limits()
