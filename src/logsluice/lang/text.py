"""How values are written as text: by `%{…}` (as Java does) and by `convert => string` (as Ruby does)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import orjson


def time_text(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds, or microseconds where there are any: `2026-01-31T12:00:00.000Z`."""
    precision = "microseconds" if moment.microsecond % 1000 else "milliseconds"
    return in_utc(moment).isoformat(timespec=precision) + "Z"


def in_utc(moment: datetime) -> datetime:
    """The same moment without a zone; one that has none is in UTC."""
    if moment.tzinfo is not None and moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(tzinfo=None)


def json_text(value: Any) -> str:
    """Compact JSON; times as `time_text`, keys that are no text and unknown types by `str`."""
    options = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
    try:
        return orjson.dumps(value, default=_json_default, option=options).decode()
    except orjson.JSONEncodeError:  # orjson takes no integer over 64 bits
        return json.dumps(value, default=_json_default, ensure_ascii=False, separators=(",", ":"))


def _json_default(value: Any) -> str:
    return time_text(value) if isinstance(value, datetime) else str(value)


def java_float(value: float) -> str:
    """As Java's `Double.toString`: `5.0`, `1.0E20`, `1.0E-5`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    assert isinstance(exponent, int), "finite"
    shortest = "".join(map(str, digits)).rstrip("0")
    return f"{'-' * sign}{shortest[0]}.{shortest[1:] or '0'}E{exponent + len(digits) - 1}"


def ruby_float(value: float) -> str:
    """As Ruby's `Float#to_s`: `5.0`, `1.0e+20`, `1.0e-05`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    mantissa, mark, exponent = repr(value).partition("e")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}{mark}{exponent}"


def sprintf_text(value: Any) -> str:
    """A value within `%{…}`: lists joined by commas, objects as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ",".join(["" if item is None else _in_list(item) for item in value])
    if isinstance(value, dict):
        return json_text(value)
    return _scalar(value, java_float)


def ruby_text(value: Any) -> str:
    """A value as Ruby's `to_s` writes it: what `mutate` makes of `convert => string` and of `join`."""
    if isinstance(value, list | dict):
        return json_text(value)
    return _scalar(value, ruby_float)


def _in_list(value: Any) -> str:
    if isinstance(value, dict):  # Java's AbstractMap.toString
        return "{" + ", ".join(f"{key}={_in_list(inner)}" for key, inner in value.items()) + "}"
    return "null" if value is None else sprintf_text(value)


def _scalar(value: Any, float_text: Callable[[float], str]) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return float_text(value)
    if isinstance(value, datetime):
        return time_text(value)
    return "" if value is None else str(value)
