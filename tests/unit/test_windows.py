"""Windows end where the stream says, however it is read; requests and chunks hold whole ones."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from logsluice.framing.limits import Limits
from logsluice.framing.lines import Lines
from logsluice.framing.windows import RECORD_BYTES, windows
from logsluice.model import Broken, Records


def cut(content: bytes, chunk: int, batch: int, size: int) -> dict[int, list[int]]:
    """The positions in each window, by where it begins."""
    chunks = [content[at : at + chunk] for at in range(0, len(content), chunk)]
    found: dict[int, list[int]] = {}
    for records in windows(Lines().frame(chunks, Limits(batch=batch)), size):
        assert records.records == [content[at:].partition(b"\n")[0] for at in records.positions]
        if records.positions:
            found.setdefault(records.window, []).extend(records.positions)
    return found


@given(
    lines=st.lists(st.integers(0, 300), max_size=40),
    size=st.integers(1, 5000),
    one=st.tuples(st.integers(1, 400), st.integers(1, 400)),
    other=st.tuples(st.integers(1, 400), st.integers(1, 400)),
)
def test_the_same_windows_however_the_stream_is_read(
    lines: list[int], size: int, one: tuple[int, int], other: tuple[int, int]
) -> None:
    content = b"".join(b"x" * length + b"\n" for length in lines)
    found = cut(content, *one, size)
    assert found == cut(content, *other, size)
    assert all(window == positions[0] for window, positions in found.items())
    assert [at for positions in found.values() for at in positions] == [
        at for at in range(len(content)) if (not at or content[at - 1 : at] == b"\n") and content[at : at + 1] != b"\n"
    ]


def test_a_window_ends_with_the_record_that_fills_it() -> None:
    content = b"".join(b"%03d\n" % number for number in range(7))
    assert cut(content, 1000, 1000, 3 * (3 + RECORD_BYTES)) == {0: [0, 4, 8], 12: [12, 16, 20], 24: [24]}
    assert cut(content, 1000, 1000, 3 * (3 + RECORD_BYTES) + 1) == {0: [0, 4, 8, 12], 16: [16, 20, 24]}
    assert cut(content, 1000, 1000, 1) == {at: [at] for at in range(0, 28, 4)}


def test_nothing_that_is_said_of_a_batch_is_lost_or_doubled() -> None:
    broken = Broken(9, b"x", 1, "too long")
    batch = Records([b"a", b"b", b"c"], [0, 3, 6], [b"\r\n", b"\r\n", b""], 9, [broken])
    parts = list(windows([batch], 2 * (1 + RECORD_BYTES)))
    assert parts == [
        Records([b"a", b"b"], [0, 3], [b"\r\n", b"\r\n"], 0, [], 0),
        Records([b"c"], [6], [b""], 9, [broken], 6),
    ]
