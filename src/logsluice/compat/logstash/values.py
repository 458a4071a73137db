"""Values as Logstash's plugins get them: variables replaced, repeated options joined, hashes in Java's order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from logsluice.compat.logstash.syntax import Attribute, Plugin
from logsluice.config.document import Document, Path

_VARIABLE = re.compile(r"\$\{([A-Za-z0-9_.]+)(?::([^}]*))?\}")
"""Logstash's own: there is no way to write a literal one."""


def options(plugin: Plugin, document: Document, path: Path, environ: Mapping[str, str] | None) -> dict[str, Any]:
    """The options of a plugin, as plain values; codecs stay `Plugin`. Without an environment `${NAME}` stays.

    Notes the place of each under `path` in the document, and unset variables among its problems.
    """
    found: dict[str, Any] = {}
    for attribute in plugin.attributes:
        here = (*path, attribute.name)
        document.marks.setdefault(here, attribute.mark)
        document.marks |= {(*here, *inner): mark for inner, mark in attribute.marks.items() if inner}
        value = _replaced(attribute.value, document, here, environ)
        found[attribute.name] = (
            _joined(attribute, found[attribute.name], value, document, here) if attribute.name in found else value
        )
    return {name: in_hash_order(value) for name, value in found.items()}


def _joined(attribute: Attribute, before: Any, value: Any, document: Document, path: Path) -> Any:
    """An option given twice: hashes merge and lists grow; a list after a single value is lost, as in Logstash."""
    if isinstance(before, Plugin) or isinstance(value, Plugin) or attribute.name == "codec":
        document.problems.append(document.problem(path, "there can be one codec only"))
        return before
    if isinstance(before, dict) and isinstance(value, dict):
        return before | {key: _both(before[key], each) if key in before else each for key, each in value.items()}
    if isinstance(before, list):
        return [*before, *(value if isinstance(value, list) else [value])]
    return [before] if isinstance(value, list) else [before, value]


def _both(before: Any, value: Any) -> list[Any]:
    """Two values of one key of a hash: a list of all."""
    return [item for each in (before, value) for item in (each if isinstance(each, list) else [each])]


def _replaced(value: Any, document: Document, path: Path, environ: Mapping[str, str] | None) -> Any:
    """`${NAME}` and `${NAME:default}` replaced in every text of a value."""
    if isinstance(value, dict):
        return {
            key: _replaced(inner, document, (*path, key), environ)
            for key, inner in ((_text(key, document, path, environ), inner) for key, inner in value.items())
        }
    if isinstance(value, list):
        return [_replaced(inner, document, (*path, index), environ) for index, inner in enumerate(value)]
    return _text(value, document, path, environ) if isinstance(value, str) else value


def _text(text: str, document: Document, path: Path, environ: Mapping[str, str] | None) -> str:
    if environ is None:
        return text

    def replace(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        value = environ.get(name)
        if value is not None:
            document.note_secret(value, name)
            return value
        if default is None:
            message = f"the environment variable {name} is not set; set it or write ${{{name}:a default}}"
            document.problems.append(document.problem(path, message))
            return ""
        return default

    return _VARIABLE.sub(replace, text)


def in_hash_order(value: Any) -> Any:
    """A value with every hash in the order in which Java's HashMap walks it, as Logstash's plugins do.

    Seen in the answers of Logstash 8.19 for add_field, rename and replace: the order decides which of two entries that
    touch one field comes last.
    """
    if isinstance(value, list):
        return [in_hash_order(item) for item in value]
    if isinstance(value, dict):
        return {key: in_hash_order(value[key]) for key in _hash_order(list(value))}
    return value


def _hash_order(keys: Sequence[str]) -> Iterator[str]:
    size = 16
    while len(keys) > size * 3 // 4:
        size *= 2
    yield from sorted(keys, key=lambda key: _spread(key) & (size - 1))


def _spread(key: str) -> int:
    """`String.hashCode` over UTF-16, and HashMap's spreading of its upper half."""
    code = 0
    units = key.encode("utf-16-be", "surrogatepass")
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (code * 31 + (high << 8 | low)) & 0xFFFFFFFF
    return code ^ (code >> 16)
