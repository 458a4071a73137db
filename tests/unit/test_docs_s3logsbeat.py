"""The page about migrating from S3logsbeat names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "migrating-from-s3logsbeat.md"
TESTS = ROOT / "tests" / "end_to_end" / "test_s3logsbeat_losses.py"


def test_every_loss_of_s3logsbeat_has_its_test_and_every_test_is_named() -> None:
    part = PAGE.read_text(encoding="utf-8").partition("## Where S3logsbeat loses")[2].partition("\n## ")[0]
    rows = [line for line in part.splitlines() if line.startswith("| ")][1:]
    named = [re.findall(r"`(test_\w+)` \|$", row) for row in rows]
    assert [row for row, names in zip(rows, named, strict=True) if len(names) != 1] == []
    written = set(re.findall(r"^def (test_\w+)\(", TESTS.read_text(encoding="utf-8"), re.MULTILINE))
    assert {name for names in named for name in names} == written
