from __future__ import annotations

import bz2
import gzip
import io
import os

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from logsluice.errors import Corrupt, TooLarge
from logsluice.framing import decompress as module
from logsluice.framing.decompress import decompress
from logsluice.framing.limits import DEFAULT_LIMITS, KIB, Limits

SMALL = Limits(chunk=KIB)
TEXT = b"".join(b"line %d of a log\n" % n for n in range(5000))
CODECS = {"gzip": gzip.compress, "zstd": zstandard.ZstdCompressor().compress, "bzip2": bz2.compress}


class Dripping(io.BytesIO):
    """A stream that gives at most three bytes at once, as a slow socket may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(3, size) if size and size > 0 else 3)


def expand(data: bytes, limits: Limits = DEFAULT_LIMITS) -> bytes:
    return b"".join(decompress(io.BytesIO(data), limits))


@pytest.fixture(params=["isal", "zlib"])
def gzip_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HAS_ISAL", request.param == "isal")


@pytest.mark.parametrize("codec", CODECS)
def test_compression_is_found_by_magic_bytes(codec: str) -> None:
    assert expand(CODECS[codec](TEXT)) == TEXT


def test_bytes_without_magic_are_plain() -> None:
    assert expand(TEXT) == TEXT
    assert expand(b"") == b""
    assert expand(b"BZh9 is how this text begins") == b"BZh9 is how this text begins"


@pytest.mark.parametrize("codec", CODECS)
def test_members_follow_one_another_without_a_trace(codec: str) -> None:
    pack = CODECS[codec]
    assert expand(pack(b"one\n") + pack(b"") + pack(TEXT) + pack(b"two\n")) == b"one\n" + TEXT + b"two\n"


@pytest.mark.usefixtures("gzip_library")
def test_zero_bytes_after_a_gzip_member_are_padding() -> None:
    padding = bytes(200 * KIB)
    assert expand(gzip.compress(b"one\n") + padding + gzip.compress(b"two\n") + padding) == b"one\ntwo\n"


def test_a_skippable_zstd_frame_is_skipped() -> None:
    skippable = b"\x50\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"hello"
    assert expand(skippable + CODECS["zstd"](b"one\n") + skippable) == b"one\n"


@pytest.mark.usefixtures("gzip_library")
@pytest.mark.parametrize("codec", CODECS)
def test_chunks_are_about_as_long_as_asked(codec: str) -> None:
    chunks = list(decompress(io.BytesIO(CODECS[codec](TEXT)), SMALL))
    assert b"".join(chunks) == TEXT
    assert max(map(len, chunks)) <= (len(TEXT) if codec == "zstd" else KIB)


def test_zstd_gives_bounded_pieces_of_a_long_run_of_zeros() -> None:
    zeros = bytes(40 * 1024 * KIB)
    chunks = list(decompress(io.BytesIO(CODECS["zstd"](zeros)), SMALL))
    assert sum(map(len, chunks)) == len(zeros)
    assert max(map(len, chunks)) <= module.ZSTD_FEED // 4 * 128 * KIB


@pytest.mark.parametrize("codec", CODECS)
def test_a_dripping_stream_gives_the_same(codec: str) -> None:
    stream = Dripping(CODECS[codec](b"one\n") + CODECS[codec](TEXT))
    assert b"".join(decompress(stream, DEFAULT_LIMITS)) == b"one\n" + TEXT


@pytest.mark.usefixtures("gzip_library")
@pytest.mark.parametrize("codec", CODECS)
def test_a_truncated_stream_gives_what_is_there_and_then_corrupt(codec: str) -> None:
    noise = os.urandom(300 * KIB)
    packed = CODECS[codec](noise)
    out = b""
    chunks = decompress(io.BytesIO(packed[: len(packed) - 20]), DEFAULT_LIMITS)
    with pytest.raises(Corrupt, match=f"the {codec} data ends too early"):  # noqa: PT012 - what came before counts
        for chunk in chunks:
            out += chunk
    assert noise.startswith(out)
    assert len(out) > 0 or codec == "bzip2"


@pytest.mark.parametrize("codec", CODECS)
def test_other_bytes_after_a_member_are_corrupt(codec: str) -> None:
    with pytest.raises(Corrupt, match=f"the {codec} data is followed by other bytes, after 4 decompressed"):
        expand(CODECS[codec](b"one\n") + b"not compressed at all")


@pytest.mark.usefixtures("gzip_library")
def test_a_wrong_checksum_is_corrupt() -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[-6] ^= 1
    with pytest.raises(Corrupt, match="the gzip data is damaged"):
        expand(bytes(packed))


@pytest.mark.parametrize("codec", CODECS)
def test_a_stream_that_grows_absurdly_is_too_large(codec: str) -> None:
    limits = Limits(expansion=50, expansion_floor=100 * KIB)
    with pytest.raises(TooLarge, match="over 50 times"):
        expand(CODECS[codec](bytes(2000 * KIB)), limits)


@given(st.sampled_from([b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"BZh91AY&SY", b""]), st.binary(max_size=300))
def test_any_bytes_give_bytes_or_corrupt(magic: bytes, data: bytes) -> None:
    try:
        expand(magic + data)
    except (Corrupt, TooLarge):
        pass


@given(
    st.sampled_from(sorted(CODECS)),
    st.binary(max_size=500),
    st.integers(min_value=0, max_value=600),
    st.integers(min_value=1, max_value=255),
)
def test_a_flipped_byte_gives_bytes_or_corrupt(codec: str, data: bytes, at: int, flip: int) -> None:
    packed = bytearray(CODECS[codec](data))
    packed[at % len(packed)] ^= flip
    try:
        expand(bytes(packed))
    except (Corrupt, TooLarge):
        pass
