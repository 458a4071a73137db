"""Events as JSON, whatever they hold: for outputs, the dead letter and the terminal."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

import orjson

from logsluice.lang.text import in_utc, time_text
from logsluice.model import Event

_STEERING = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]")
"""In UTF-8: delete, the C1 controls (ECMA-48), and the marks that reverse text (Unicode TR 36)."""

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC | orjson.OPT_NON_STR_KEYS

Timestamps: TypeAlias = Literal["exact", "milliseconds", "logstash"]
"""`exact`: no fraction or microseconds (`10:00:00Z`); `milliseconds`: three digits, what is finer is cut, as Beats do
(libbeat's `common.TsLayout`); `logstash`: three digits or six (`10:00:00.000Z`)."""


@dataclass(frozen=True, slots=True)
class Json:
    """How the values of one pipeline become JSON.

    Attributes:
        options: orjson's.
        other: From what orjson does not know to what it does.
        large: The same for integers beyond 64 bits.
    """

    options: int
    other: Callable[[Any], Any]
    large: Callable[[int], Any] = str

    def document(self, event: Event) -> bytes:
        """An event without `@metadata`, on one line.

        Raises:
            ValueError: It holds what JSON can't say: too deep, or going round in a circle.
        """
        return self.dumps({name: value for name, value in event.items() if name != "@metadata"})

    def dumps(self, value: Any) -> bytes:
        """JSON on one line; unpaired surrogates become U+FFFD, integers beyond 64 bits text (not as Logstash).

        Raises:
            ValueError: It holds what JSON can't say: too deep, or going round in a circle.
        """
        try:
            return orjson.dumps(value, default=self.other, option=self.options)
        except TypeError:
            pass
        try:
            return orjson.dumps(_scrubbed(value, self.large), default=self.other, option=self.options)
        except (TypeError, RecursionError) as error:
            raise ValueError(f"no JSON can be made of it: {error}") from error


def _other(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return sorted(map(str, value)) if isinstance(value, (set, frozenset)) else str(value)


def _other_as_logstash(value: Any) -> Any:
    return time_text(value) if isinstance(value, datetime) else _other(value)


def _other_as_beats(value: Any) -> Any:
    if isinstance(value, datetime):
        return in_utc(value).isoformat(timespec="milliseconds") + "Z"
    return _other(value)


def _digits(value: int) -> orjson.Fragment:
    return orjson.Fragment(str(value))


EXACT = Json(_OPTIONS, _other)
AS_LOGSTASH = Json(_OPTIONS | orjson.OPT_PASSTHROUGH_DATETIME, _other_as_logstash, _digits)
_FORMS: dict[Timestamps, Json] = {
    "exact": EXACT,
    "milliseconds": Json(_OPTIONS | orjson.OPT_PASSTHROUGH_DATETIME, _other_as_beats, _digits),
    "logstash": AS_LOGSTASH,
}
document = EXACT.document
dumps = EXACT.dumps


def json_of(timestamps: Timestamps) -> Json:
    """The JSON of a pipeline that writes its times so."""
    return _FORMS[timestamps]


def for_terminals(line: bytes) -> bytes:
    """JSON that means the same and can't steer a terminal: `\\u009b` for the control characters that JSON lets pass."""
    return _STEERING.sub(lambda found: b"\\u%04x" % ord(found[0].decode()), line)


def scrubbed_text(text: str) -> str:
    """Text that can be encoded: unpaired surrogates become U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _scrubbed(value: Any, large: Callable[[int], Any]) -> Any:
    if isinstance(value, str):
        return scrubbed_text(value)
    if isinstance(value, dict):
        return {_scrubbed(name, str): _scrubbed(inner, large) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_scrubbed(inner, large) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return large(value)
    return value
