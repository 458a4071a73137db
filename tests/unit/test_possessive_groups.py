"""Patterns repeat atomic groups only where they repeat possessively: Python before 3.11.5 matches others wrongly."""

from __future__ import annotations

import re
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "logsluice"
POSSESSIVE_GROUP = re.compile(r"[^(]\)(?:[*+?]|\{[0-9,]+\})\+[^+]")
OF_ATOMIC_GROUP = re.compile(r"\(\?:\(\?>.*?\)\)(?:[*+?]|\{[0-9,]+\})\+")


def test_whatever_repeats_possessively_is_an_atomic_group() -> None:
    """CPython's gh-106052. Debian 12 has 3.11.2, where an iteration that fails in its middle is not undone."""
    found = [
        f"{path.relative_to(SOURCE)}: {line.strip()}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if len(POSSESSIVE_GROUP.findall(line)) > len(OF_ATOMIC_GROUP.findall(line))
    ]
    assert found == []
