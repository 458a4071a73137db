"""The page of components says what their docstrings and options say."""

from __future__ import annotations

from pathlib import Path

from docs import generate

PAGE = Path(__file__).parents[2] / "docs" / "components.md"


def test_the_page_of_components_is_made_from_their_docstrings_and_options() -> None:
    assert PAGE.read_text(encoding="utf-8") == "\n".join(generate.page()) + "\n", "run `make docs`"
