"""Values that carry their unit: durations and sizes.

A bare number is refused, for `timeout: 30` reads as seconds to one and as milliseconds to another. Zero needs no unit.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    "B": 1,
    "KB": 1000,
    "MB": 1000**2,
    "GB": 1000**3,
    "TB": 1000**4,
    "KIB": 1024,
    "MIB": 1024**2,
    "GIB": 1024**3,
    "TIB": 1024**4,
}

_BARE = re.compile(r"\d+(?:\.\d+)?")
_DURATION_PART = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(ms|[smhd])")
_DURATION = re.compile(rf"(?:{_DURATION_PART.pattern}\s*)+")
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)\s*([kmgt]?i?b)", re.IGNORECASE)


def parse_duration(value: object) -> float:
    """Seconds of a text such as `30s`, `500ms`, `5m`, `1h30m` or `2d`.

    Raises:
        ValueError: It is a bare number, or no duration at all.
    """
    text = "" if isinstance(value, bool) else str(value).strip()
    if text == "0":
        return 0.0
    if _BARE.fullmatch(text):
        raise ValueError(f"a duration needs its unit: write {text}s, or {text}ms, {text}m, {text}h")
    if not _DURATION.fullmatch(text):
        raise ValueError("this is no duration; write one like 30s, 500ms, 5m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))


def parse_size(value: object) -> int:
    """Bytes of a text such as `32MiB` (1024s), `8 MB` (1000s) or `512B`.

    Raises:
        ValueError: It is a bare number, or no size at all.
    """
    text = "" if isinstance(value, bool) else str(value).strip()
    if text == "0":
        return 0
    if _BARE.fullmatch(text):
        raise ValueError(f"a size needs its unit: write {text}B, or {text}KiB, {text}MiB")
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("this is no size; write one like 32MiB, 8MB or 512B")
    return int(float(found[1]) * _BYTES[found[2].upper()])


def _written(pattern: str, *examples: str) -> Any:
    """For the JSON Schema: a text, or the number 0."""
    texts = {"type": ["string", "integer"], "pattern": rf"^\s*(0|{pattern})\s*$", "examples": list(examples)}
    return Annotated[Any, WithJsonSchema({**texts, "minimum": 0, "maximum": 0})]


_WrittenDuration = _written(r"(\d+(\.\d+)?\s*(ms|[smhd])\s*)+", "30s", "500ms", "1h30m")
_WrittenSize = _written(r"\d+(\.\d+)?\s*[kKmMgGtT]?[iI]?[bB]", "32MiB", "8MB", "512B")

Duration: TypeAlias = Annotated[float, BeforeValidator(parse_duration, json_schema_input_type=_WrittenDuration)]
"""Seconds, written with a unit; a default in a model is given as plain seconds."""

Size: TypeAlias = Annotated[int, BeforeValidator(parse_size, json_schema_input_type=_WrittenSize)]
"""Bytes, written with a unit; a default in a model is given as plain bytes."""
