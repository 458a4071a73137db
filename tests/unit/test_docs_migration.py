"""The page about migrating from Logstash says what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "migrating-from-logstash.md"


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_plugins_and_options_are_those_of_the_code() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert generator().migration(text) == text, "run `make docs`"


def test_every_plugin_has_a_summary() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.endswith("**:")] == []
