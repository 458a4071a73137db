from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.config.types import parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30s", 30.0), ("500ms", 0.5), ("5m", 300.0), ("1h30m", 5400.0), ("1h 30m", 5400.0), ("2d", 172800.0), ("0", 0.0)],
)
def test_durations_are_read_as_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("512B", 512), ("32MiB", 33_554_432), ("8 MB", 8_000_000), ("1.5KiB", 1536), ("1gib", 1_073_741_824), ("0", 0)],
)
def test_sizes_are_read_as_bytes(text: str, count: int) -> None:
    assert parse_size(text) == count


@pytest.mark.parametrize("bare", [30, 1.5, "30"])
def test_a_bare_number_is_refused_with_the_units_to_write(bare: object) -> None:
    with pytest.raises(ValueError, match=f"a duration needs its unit: write {bare}s, or {bare}ms, {bare}m, {bare}h"):
        parse_duration(bare)
    with pytest.raises(ValueError, match=f"a size needs its unit: write {bare}B, or {bare}KiB, {bare}MiB"):
        parse_size(bare)


@pytest.mark.parametrize("value", ["", "fast", "5 minutes", "-5s", "5s later", True, None, [5]])
def test_what_is_no_duration_is_refused_with_an_example(value: object) -> None:
    with pytest.raises(ValueError, match="this is no duration; write one like 30s"):
        parse_duration(value)


@given(st.integers(min_value=1, max_value=10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_parts_of_a_duration_add_up(number: int, unit: str) -> None:
    assert parse_duration(f"{number}{unit}1s") == parse_duration(f"{number}{unit}") + 1.0
