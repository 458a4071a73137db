"""A configuration as YAML text, the way a person would write it."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

SHORT = 60
"""What is shorter may stand on one line with its key, in characters."""

UNFOLDED = 1 << 20
FIRST = ("name", "source", "format", "defaults", "filters", "outputs")
"""The options of a pipeline that come before others, in this order."""


def yaml_text(data: Mapping[str, Any], comments: Iterable[str] = ()) -> str:
    """The text of a document, under comments that stand at its head. It reads back as the same values."""
    written = io.StringIO()
    for comment in comments:
        written.write(f"# {comment}\n")
    _yaml().dump(_node(data, ordered=True), written)
    return written.getvalue()


def _node(value: Any, *, ordered: bool = False) -> Any:
    """The value in ruamel's types, which say how each is written."""
    if isinstance(value, Mapping):
        return _mapping(value, ordered)
    if isinstance(value, list | tuple):
        items = CommentedSeq(_node(item, ordered=ordered) for item in value)
        if _fit_one_line(value):
            items.fa.set_flow_style()
        return items
    return _text(value) if isinstance(value, str) else value


def _mapping(value: Mapping[str, Any], ordered: bool) -> CommentedMap:
    """A mapping: options in the usual order; what is given to a filter or an output keeps its own."""
    keys = list(value)
    if "source" in value and ordered:
        keys.sort(key=lambda key: FIRST.index(key) if key in FIRST else len(FIRST))
    node = CommentedMap()
    for key in keys:
        inner = value[key]
        if key in ("filters", "outputs", "then", "else", "pipelines") and isinstance(inner, list | tuple):
            node[_text(key)] = CommentedSeq(_node(item, ordered=True) for item in inner)
        else:
            node[_text(key)] = _node(inner)
    if not node or (len(node) == 1 and not ordered and _fit_one_line(value.values())):
        node.fa.set_flow_style()
    return node


def _fit_one_line(values: Collection[Any]) -> bool:
    plain = all(str(value).isprintable() for value in values if not isinstance(value, Mapping | list | tuple))
    nested = any(isinstance(value, Mapping | list | tuple) for value in values)
    return plain and not nested and sum(len(str(value)) + 4 for value in values) < SHORT


def _text(text: str) -> Any:
    if text.isprintable():
        return text
    block = LiteralScalarString(text)
    return block if "\n" in text.strip() and _reads_back(block) else DoubleQuotedScalarString(text)


def _reads_back(text: str) -> bool:
    """Not every text can stand in a block: one with blanks at the end of a line, or with control characters, can't."""
    written = io.StringIO()
    try:
        _yaml().dump({"text": [text]}, written)
        read = _yaml().load(written.getvalue())
    except YAMLError:
        return False
    return bool(read["text"] == [text])


def _yaml() -> YAML:
    yaml = YAML()
    yaml.width = UNFOLDED
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.ignore_aliases = lambda *_: True
    return yaml
