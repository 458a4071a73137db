"""The page about migrating from Logstash says what the code says."""

from __future__ import annotations

from pathlib import Path

from docs import generate

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "migrating-from-logstash.md"


def test_the_tables_of_plugins_and_options_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert generate.migration(text) == text, "run `make docs`"


def test_every_plugin_has_a_summary() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.endswith("**:")] == []
