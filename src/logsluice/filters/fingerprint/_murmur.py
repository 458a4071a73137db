"""MurmurHash3 (Austin Appleby, public domain): the 32 bit version for x86 and the 128 bit version for x64."""

from __future__ import annotations

import struct

_MASK = 0xFFFFFFFF
_MASK64 = 0xFFFFFFFFFFFFFFFF
_C1, _C2 = 0x87C37B91114253D5, 0x4CF5AD432745937F


def murmur3_32(data: bytes, seed: int = 0) -> int:
    """An unsigned number of 32 bits."""
    size = len(data)
    value = seed
    whole = size & ~3
    for (block,) in struct.iter_unpack("<I", data[:whole]):
        block = block * 0xCC9E2D51 & _MASK
        block = (block << 15 | block >> 17) * 0x1B873593 & _MASK
        value ^= block
        value = ((value << 13 | value >> 19) * 5 + 0xE6546B64) & _MASK
    if whole < size:
        block = int.from_bytes(data[whole:], "little") * 0xCC9E2D51 & _MASK
        value ^= (block << 15 | block >> 17) * 0x1B873593 & _MASK
    value ^= size
    value = (value ^ value >> 16) * 0x85EBCA6B & _MASK
    value = (value ^ value >> 13) * 0xC2B2AE35 & _MASK
    return value ^ value >> 16


def murmur3_128(data: bytes, seed: int = 0) -> tuple[int, int]:
    """Two unsigned numbers of 64 bits."""
    size = len(data)
    one = two = seed
    whole = size & ~15
    for low, high in struct.iter_unpack("<QQ", data[:whole]):
        one ^= _mixed(low, _C1, 31, _C2)
        one = (((one << 27 | one >> 37) & _MASK64) + two & _MASK64) * 5 + 0x52DCE729 & _MASK64
        two ^= _mixed(high, _C2, 33, _C1)
        two = (((two << 31 | two >> 33) & _MASK64) + one & _MASK64) * 5 + 0x38495AB5 & _MASK64
    rest = data[whole:]
    two ^= _mixed(int.from_bytes(rest[8:], "little"), _C2, 33, _C1)
    one ^= _mixed(int.from_bytes(rest[:8], "little"), _C1, 31, _C2)
    one ^= size
    two ^= size
    one = one + two & _MASK64
    two = two + one & _MASK64
    one, two = _final(one), _final(two)
    one = one + two & _MASK64
    return one, two + one & _MASK64


def _mixed(block: int, first: int, turn: int, second: int) -> int:
    block = block * first & _MASK64
    return ((block << turn | block >> 64 - turn) & _MASK64) * second & _MASK64


def _final(value: int) -> int:
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD & _MASK64
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53 & _MASK64
    return value ^ value >> 33
