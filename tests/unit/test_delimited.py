"""Text cut at any delimiter, a whole stream as one record, several lines as one: alike however the stream is cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.framing.delimited import Delimited
from logsluice.framing.limits import DEFAULT_LIMITS, Limits
from logsluice.framing.multiline import Multiline
from logsluice.framing.whole import Whole
from logsluice.model import EXCERPT_BYTES, Framing, Records


def cut(data: bytes, size: int) -> Iterator[bytes]:
    yield from (data[at : at + size] for at in range(0, len(data), size))


def framed(framing: Framing, data: bytes, size: int, limits: Limits = DEFAULT_LIMITS) -> list[tuple[int, bytes, bytes]]:
    batches = list(framing.frame(cut(data, size), limits))
    assert sum(batch.size for batch in batches) == len(data.removeprefix(b"\xef\xbb\xbf"))
    return [
        (position, record, batch.terminator(index))
        for batch in batches
        for index, (record, position) in enumerate(zip(batch.records, batch.positions, strict=True))
    ]


@given(data=st.lists(st.sampled_from([b"a", b"\r", b"\n", b"||", b"|"])).map(b"".join), size=st.integers(1, 9))
@pytest.mark.parametrize("framing", [Delimited(), Delimited(b"||"), Delimited(returns=True)])
def test_records_and_terminators_are_the_stream_wherever_it_is_cut(framing: Delimited, data: bytes, size: int) -> None:
    found = framed(framing, data, size)
    assert b"".join(record + terminator for _, record, terminator in found) == data
    assert found == framed(framing, data, len(data) or 1)
    assert all(data[position:].startswith(record + terminator) for position, record, terminator in found)


def test_a_mark_at_the_start_and_empty_pieces() -> None:
    assert framed(Delimited(), b"\xef\xbb\xbfa\n\nb", 2) == [(3, b"a", b"\n"), (5, b"", b"\n"), (6, b"b", b"")]


@pytest.mark.parametrize("size", [7, 1000, 10_000_000])
@pytest.mark.parametrize("ending", [b"||tail", b""])
def test_a_piece_over_the_limit_is_broken_and_what_follows_is_read(size: int, ending: bytes) -> None:
    long = b"x" * (EXCERPT_BYTES * 3)
    batches: list[Records] = list(Delimited(b"||").frame(cut(b"a||" + long + ending, size), Limits(record=100)))
    broken = [each for batch in batches for each in batch.broken]
    assert [(each.position, each.length, each.excerpt) for each in broken] == [(3, len(long), long[:EXCERPT_BYTES])]
    found = [pair for batch in batches for pair in zip(batch.positions, batch.records, strict=True)]
    assert found == [(0, b"a"), *([(len(long) + 5, b"tail")] if ending else [])]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_all_of_a_stream_is_one_record(size: int) -> None:
    assert framed(Whole(), b"a\nb\n", size) == [(0, b"a\nb\n", b"")]
    assert framed(Whole(), b"", size) == []
    (broken,) = [each for batch in Whole().frame(cut(b"abc", size), Limits(record=2)) for each in batch.broken]
    assert (broken.length, broken.excerpt) == (3, b"abc")


@given(data=st.lists(st.sampled_from([b"a", b" ", b"\n"])).map(b"".join), size=st.integers(1, 9))
@pytest.mark.parametrize("what", ["previous", "next"])
def test_several_lines_are_the_same_wherever_the_stream_is_cut(data: bytes, size: int, what: str) -> None:
    framing = Multiline(Delimited(), lambda line: line.startswith(b" "), what, max_lines=3)  # type: ignore[arg-type]
    found = framed(framing, data, size)
    assert b"".join(record + terminator for _, record, terminator in found) == data
    assert found == framed(framing, data, len(data) or 1)
