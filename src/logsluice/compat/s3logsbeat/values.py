"""How values of S3logsbeat's options are read: Go's durations and regular expressions, lists, times, buckets."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator

from logsluice.compat.s3logsbeat.re2 import translate

_GO_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_GO_DURATION = re.compile(rf"\+?(?:{_GO_PART.pattern})+")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_FLAGS = dict.fromkeys(("true", "yes", "y", "on"), True) | dict.fromkeys(("false", "no", "n", "off"), False)
"""YAML 1.1, which beats read."""
_BUCKET = re.compile(r"s3://([^/]+)(?:/(.*))?")


def go_duration(value: object) -> float:
    """Seconds of a Go duration such as `1m`, `1h15m30.9s`; a bare number is seconds, as beats read it.

    Raises:
        ValueError: It is none.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return float(value)
    text = str(value).strip()
    if text == "0":
        return 0.0
    if not _GO_DURATION.fullmatch(text):
        raise ValueError("this is no duration; write one like 5s, 1m or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _GO_PART.findall(text))


def is_off(value: Any) -> bool:
    """Whether what is written switches something off: `false`, or `enabled: false` in it, or in all of its parts."""
    if not isinstance(value, dict):
        return _flag(value) is False
    return is_off(value["enabled"]) if "enabled" in value else bool(value) and all(map(is_off, value.values()))


def _as_list(value: Any) -> Any:
    """One value is a list of one, and a text with commas (from `-E` or the environment) a list of several."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [value]
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _flag(value: Any) -> Any:
    return _FLAGS.get(value.lower(), value) if isinstance(value, str) else value


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _re2(pattern: object) -> str:
    import regex

    if not isinstance(pattern, str):
        raise ValueError("must be a regular expression with named groups")
    try:
        translated = translate(pattern)
        compiled = regex.compile(translated)
    except regex.error as error:
        raise ValueError(f"this regular expression can't be read: {error}") from None
    if not compiled.groupindex:
        raise ValueError("no group has a name, so no field would be made; write (?P<environment>[^/]+)")
    return translated


def _moment(value: object) -> str:
    """ISO 8601 with as much of the time as is written; in UTC unless it has an offset."""
    try:
        if isinstance(value, date | datetime):
            return value.isoformat()
        return datetime.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError("this is no time; write one like 2018-10-15T01:00 or 2018-10-15T01:00:00Z") from None


def in_utc(moment: str) -> datetime:
    """The time that a `Moment` says."""
    found = datetime.fromisoformat(moment)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _bucket(value: object) -> tuple[str, str]:
    found = _BUCKET.fullmatch(str(value))
    if found is None:
        raise ValueError("write s3://bucket/prefix")
    return found[1], found[2] or ""


GoDuration: TypeAlias = Annotated[float, BeforeValidator(go_duration)]
Texts: TypeAlias = Annotated[tuple[Annotated[str, BeforeValidator(_text)], ...], BeforeValidator(_as_list)]
Flag: TypeAlias = Annotated[bool, BeforeValidator(_flag)]
Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
Pattern: TypeAlias = Annotated[str, BeforeValidator(_re2)]
Moment: TypeAlias = Annotated[str, BeforeValidator(_moment)]
Buckets: TypeAlias = Annotated[
    tuple[Annotated[tuple[str, str], BeforeValidator(_bucket)], ...], BeforeValidator(_as_list)
]
