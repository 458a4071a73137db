"""However a growing file is cut into ranges, its events are those of the file read whole, under the same positions."""

from __future__ import annotations

import os
import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.decode import Decoder
from logsluice.formats import load
from logsluice.sources.files.identity import HEAD_BYTES, Known, digest
from logsluice.sources.files.ranges import RangePayload, end_of_range

HEADER = b"#Version: 1.0\n#Fields: date time c-ip sc-status\n"
LINE = st.sampled_from(
    [
        b"2026-01-31\t12:00:00\t192.0.2.1\t200\n",
        b"2026-01-31\t12:00:01\t192.0.2.77\t404\r\n",
        b"\n",
        b"\r\n",
        b"# a remark\n",
        b"not of this format\n",
        b"x" * 3000 + b"\n",
        b"y" * 9000 + b"\n",
    ]
)


def outcome(known: Known, path: Path, handle: int, start: int, end: int) -> list[tuple[int, object]]:
    """Position and status, or reason, of everything in a range."""
    payload = RangePayload(known, path, handle, start, end, known.origin(""))
    found: list[tuple[int, object]] = []
    for piece in Decoder(load("cloudfront")).decode(payload):
        found += [(event["@metadata"]["position"], event["sc_status"]) for event in piece.events]
        found += [(reject.position, reject.reason) for reject in piece.rejects]
    return sorted(found, key=lambda entry: entry[0])


@settings(max_examples=150)
@given(st.lists(LINE, max_size=40), st.integers(1024, 20_000), st.booleans())
def test_ranges_give_what_the_whole_gives(lines: list[bytes], most: int, with_mark: bool) -> None:
    content = b"\xef\xbb\xbf" * with_mark + HEADER + b"".join(lines)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.log")
        path.write_bytes(content)
        head = content[:HEAD_BYTES]
        known = Known(digest(head), len(head), 0, str(path), digest(head), len(head))
        handle = os.open(path, os.O_RDONLY)
        try:
            cuts = [0]
            while cuts[-1] < len(content):
                end = end_of_range(handle, cuts[-1], len(content), most)
                assert end is not None
                assert content[end - 1 : end] == b"\n"
                cuts.append(end)
            ranges = [outcome(known, path, handle, start, end) for start, end in pairwise(cuts)]
            assert [entry for found in ranges for entry in found] == outcome(known, path, handle, 0, len(content))
        finally:
            os.close(handle)
