"""Configurations as YAML text."""

from __future__ import annotations

import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from logsluice.config.yaml_text import yaml_text

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"])) | st.sampled_from(
    [
        "",
        " ",
        "a: b",
        "- a",
        "yes",
        "null",
        "1",
        "0x1f",
        "2026-01-31",
        "a\nb",
        "\n a\n b\n",
        "a \nb\t\n",
        "#",
        "%{a}",
        "'\"",
    ]
)
VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=4))
def test_what_is_written_reads_back_the_same(data: dict[str, Any]) -> None:
    assert YAML(typ="safe", pure=True).load(io.StringIO(yaml_text(data, ["a comment"]))) == (data or {})


def test_the_options_of_a_pipeline_are_in_the_usual_order() -> None:
    pipeline = {"workers": 2, "outputs": [{"stdout": {"codec": "dots"}}], "name": "a", "source": {"type": "files"}}
    assert yaml_text({"pipelines": [pipeline]}) == (
        "pipelines:\n  - name: a\n    source: {type: files}\n"
        "    outputs:\n      - stdout: {codec: dots}\n    workers: 2\n"
    )
