from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.framing import lines as module
from logsluice.framing.limits import DEFAULT_LIMITS, KIB, Limits
from logsluice.framing.lines import Lines
from logsluice.model import Broken, Records

TINY = Limits(record=10, batch=16)
EXCERPT = 14


@pytest.fixture(autouse=True, scope="module")
def _short_excerpts() -> Iterator[None]:
    """So that short lines reach the state in which a long one is let go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EXCERPT_BYTES", EXCERPT)
        yield


def frame(chunks: Iterable[bytes], limits: Limits = DEFAULT_LIMITS) -> list[tuple[int, bytes, bytes] | Broken]:
    """Everything in order of position, whatever the batches."""
    out: list[tuple[int, bytes, bytes] | Broken] = []
    for batch in Lines().frame(chunks, limits):
        out += [
            (p, r, batch.terminator(i)) for i, (p, r) in enumerate(zip(batch.positions, batch.records, strict=True))
        ]
        out += batch.broken
    return sorted(out, key=lambda found: found.position if isinstance(found, Broken) else found[0])


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


def test_positions_are_byte_offsets_and_the_last_line_needs_no_end() -> None:
    assert frame([b"one\ntw\xc3", b"\xb6\nthree"]) == [
        (0, b"one", b"\n"),
        (4, b"tw\xc3\xb6", b"\n"),
        (9, b"three", b""),
    ]


def test_ordinary_lines_have_no_list_of_terminators() -> None:
    assert list(Lines().frame([b"one\ntwo\n"], DEFAULT_LIMITS)) == [Records([b"one", b"two"], [0, 4], None, 8)]


def test_only_the_line_feed_ends_a_line() -> None:
    data = "a\rb\u2028c\x0bd\x85e\x1cf\r\ng\n".encode()
    assert frame([data]) == [(0, data[:-4], b"\r\n"), (len(data) - 2, b"g", b"\n")]


def test_empty_lines_are_no_records_and_count_in_positions() -> None:
    assert frame([b"\n\none\n\r\n\ntwo\n\n"]) == [(2, b"one", b"\n"), (9, b"two", b"\n")]


def test_a_byte_order_mark_belongs_to_no_record() -> None:
    assert frame([b"\xef", b"\xbb", b"\xbfone\n\xef\xbb\xbftwo\n"]) == [
        (3, b"one", b"\n"),
        (7, b"\xef\xbb\xbftwo", b"\n"),
    ]


def test_a_line_over_the_limit_is_broken_and_its_neighbours_are_not() -> None:
    data = b"one\n" + b"x" * 11 + b"\r\n" + b"y" * 10 + b"\r\ntwo\n" + b"z" * 12
    assert frame([data], TINY) == [
        (0, b"one", b"\n"),
        Broken(4, b"x" * 11, 11, "a line of 11 bytes is over the limit of 10"),
        (17, b"y" * 10, b"\r\n"),
        (29, b"two", b"\n"),
        Broken(33, b"z" * 12, 12, "a line of 12 bytes is over the limit of 10"),
    ]


def test_of_an_endless_line_only_an_excerpt_is_held() -> None:
    limits = Limits(record=100 * KIB)
    [broken] = frame((b"x" * KIB for _ in range(20_000)), limits)
    assert broken == Broken(
        0, b"x" * EXCERPT, 20_000 * KIB, f"a line of {20_000 * KIB} bytes is over the limit of {100 * KIB}"
    )


@given(
    st.lists(
        st.sampled_from([b"\n", b"\r\n", b"\r", b"abc", b"\xe2\x80\xa8", b"0123456789", b"\xef\xbb\xbf"]), max_size=40
    ),
    st.lists(st.integers(min_value=0), max_size=20),
)
def test_any_chunking_gives_the_same_records(pieces: list[bytes], cuts: list[int]) -> None:
    data = b"".join(pieces)
    assert (
        frame(cut(data, cuts), TINY) == frame([data], TINY) == frame((data[i : i + 1] for i in range(len(data))), TINY)
    )


@given(st.binary(max_size=200))
def test_records_lie_where_their_positions_say(data: bytes) -> None:
    found = frame([data])
    assert all(isinstance(f, tuple) and data[f[0] :].startswith(f[1] + f[2]) for f in found)
    content = data[3:] if data.startswith(b"\xef\xbb\xbf") else data
    lines = [
        line.removesuffix(b"\r") if i < content.count(b"\n") else line for i, line in enumerate(content.split(b"\n"))
    ]
    assert [f[1] for f in found if isinstance(f, tuple)] == [line for line in lines if line]
