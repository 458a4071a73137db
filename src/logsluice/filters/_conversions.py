"""The types that `mutate`'s `convert` knows, as Ruby and Logstash read them."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from logsluice.lang.text import ruby_text

ConversionName: TypeAlias = Literal["string", "integer", "float", "boolean", "integer_eu", "float_eu"]

Conversion: TypeAlias = Callable[[Any], Any]
"""From one value, no list and no object and not None, to another. Raises ValueError."""

_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_HEX = re.compile(r"[+-]?0[xX][0-9a-fA-F]+(?:\.[0-9a-fA-F]+)?(?:[pP][+-]?[0-9]{1,4})?")

_LONGEST_NUMBER = 400
"""Characters of a number; a longer one would only cost time."""

_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0"})


def convert(value: Any, conversion: Conversion) -> Any:
    """A field's value converted: lists element by element, all or none; null and objects as they are.

    Raises:
        ValueError: A value, or one element, can't be converted.
    """
    if isinstance(value, list):
        return [convert(element, conversion) for element in value]
    return value if value is None or isinstance(value, dict) else conversion(value)


def _integer(value: Any) -> int:
    if isinstance(value, bool | int | float):
        return int(value)
    text = _american(value)
    return int(float.fromhex(text)) if _HEX.fullmatch(text) else int(decimal(text))


def _float(value: Any) -> float:
    if isinstance(value, bool | int | float):
        return float(value)
    text = _american(value)
    return float.fromhex(text) if _HEX.fullmatch(text) else float(decimal(text))


def _integer_eu(value: Any) -> int:
    return _integer(_european(value))


def _float_eu(value: Any) -> float:
    return _float(_european(value))


def _boolean(value: Any) -> Any:
    """What is neither true nor false stays as it is."""
    text = str(value).lower()
    return True if text in _TRUE else False if text in _FALSE else value


def _american(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no number")
    return value.strip().replace(",", "")


def _european(value: Any) -> Any:
    return value.replace(".", "").replace(",", ".") if isinstance(value, str) else value


def decimal(text: str) -> Decimal:
    """A number as Java's BigDecimal reads it. Raises ValueError."""
    if len(text) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text[:100]!r} is no number")
    return Decimal(text)


CONVERSIONS: dict[ConversionName, Conversion] = {
    "string": ruby_text,
    "integer": _integer,
    "float": _float,
    "boolean": _boolean,
    "integer_eu": _integer_eu,
    "float_eu": _float_eu,
}
