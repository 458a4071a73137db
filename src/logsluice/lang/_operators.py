"""What the operators of conditions mean, value by value."""

from __future__ import annotations

import operator
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from logsluice.errors import Undecidable
from logsluice.lang.references import MISSING
from logsluice.lang.text import java_float

Comparison: TypeAlias = Callable[[Any, Any], bool]


def truthy(value: Any) -> bool:
    """A field alone: false when missing, null, false, empty text or the text `false`; 0, [] and {} are true."""
    if isinstance(value, str):
        return value not in ("", "false")
    return value is not None and value is not MISSING and value is not False


def equal(left: Any, right: Any) -> bool:
    """Native `==`: numbers by value, a text is never equal to a number; two missing fields are equal."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right)


def equal_in_logstash(left: Any, right: Any) -> bool:
    """Logstash's `==`: `5` and `5.0` differ, at any depth."""
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(equal_in_logstash, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(equal_in_logstash(left[key], right[key]) for key in left)
    return bool(left == right)


def ordering(symbol: str) -> Comparison:
    """Native `<`, `>`, `<=`, `>=`: false for values that have no order."""
    compare = _ORDERINGS[symbol]
    return lambda left, right: _same_kind(left, right) and compare(left, right)


def ordering_in_logstash(symbol: str) -> Comparison:
    """Logstash's orderings: null and booleans are false, whatever else has no order is undecidable."""
    compare = _ORDERINGS[symbol]

    def decide(left: Any, right: Any) -> bool:
        if _same_kind(left, right):
            return compare(left, right)
        if left is None or right is None or isinstance(left, bool) or isinstance(right, bool):
            return False
        raise Undecidable(f"{_named(left)} {symbol} {_named(right)} can't be compared")

    return decide


def within(same: Comparison) -> Comparison:
    """`in` a field: an equal element of a list, a part of a text, the same value. Lists and objects are in nothing."""

    def decide(left: Any, right: Any) -> bool:
        if not _is_scalar(left):
            return False
        if isinstance(right, str):
            return isinstance(left, str) and left in right
        if isinstance(right, list):
            return any(same(left, element) for element in right)
        return _is_scalar(right) and same(left, right)

    return decide


def literal_within(same: Comparison) -> Comparison:
    """Logstash's `5 in [field]`: a list or a text is looked into; one value never matches a literal number."""
    look = within(same)
    return lambda left, right: isinstance(right, str | list) and look(left, right)


def within_literals(same: Comparison) -> Comparison:
    """`in` a list of the configuration: there `1` and `"1"` meet as well."""

    def decide(left: Any, right: Any) -> bool:
        if not _is_scalar(left):
            return False
        text = _literal(left)
        return any(same(left, element) or text == _literal(element) for element in right)

    return decide


_ORDERINGS: dict[str, Comparison] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _same_kind(left: Any, right: Any) -> bool:
    for kind in (str, int | float, datetime):
        if isinstance(left, kind):
            return isinstance(right, kind) and not isinstance(left, bool) and not isinstance(right, bool)
    return False


def _is_scalar(value: Any) -> bool:
    return value is not MISSING and value is not None and not isinstance(value, list | dict)


def _literal(value: Any) -> str:
    return java_float(value) if isinstance(value, float) else str(value)


def _named(value: Any) -> str:
    return "a missing field" if value is MISSING else f"a {type(value).__name__}"
