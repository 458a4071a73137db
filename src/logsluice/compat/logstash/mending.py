"""Mistakes in Logstash's configurations that can be mended without asking: `logsluice convert --fix`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_BREAK = re.compile(r"[ \t]*\r?\n\s*")


def mend(data: dict[str, Any]) -> Iterator[str]:
    """Mend a document in the native model, in place; yields a sentence for each thing done.

    A line break in a pattern of grok is part of it and matches only a line break: most came there when a long pattern
    was written over several lines. The lines are joined by one blank.
    """
    for pipeline in data["pipelines"]:
        for options in _filters(pipeline.get("filters", []), "grok"):
            for name in ("match", "pattern_definitions"):
                if name in options and (joined := _joined(options[name])) != options[name]:
                    options[name] = joined
                    yield f"{pipeline['name']}: the line breaks in a pattern of grok were joined by blanks"


def _filters(nodes: list[dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    for node in nodes:
        if "if" in node:
            yield from _filters(node["then"], name)
            yield from _filters(node.get("else", []), name)
        elif name in node:
            yield node[name]


def _joined(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _joined(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_joined(inner) for inner in value]
    return _BREAK.sub(" ", value.strip()) if isinstance(value, str) and "\n" in value else value
