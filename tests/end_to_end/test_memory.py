"""What one very large object costs: memory stays flat, whatever its size. Slow: gigabytes are written and read."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import data
from bench.memory import MB, peak

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.mark.parametrize(("target", "bound"), [("stdout", 120), ("store", 160)])
@pytest.mark.parametrize(("name", "size"), [("alb", 1000 * MB), ("cloudtrail", 300 * MB)])
def test_one_large_object_takes_little_memory(name: str, size: int, target: str, bound: int, tmp_path: Path) -> None:
    path = data.large_path_of(name, size)
    megabytes, _ = peak([str(path), "--format", name, "--to", target], tmp_path)
    assert megabytes < bound
