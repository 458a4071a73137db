r"""Values as Ruby's `inspect` shows them.

Logstash makes one text of lists and objects so, and presents bytes that are not of the charset it expects so. Facts:
the documentation of `String#inspect`, and Logstash's `Charset#convert`, which takes off the quotes.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from logsluice.lang.text import ruby_float, time_text

_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f", "\v": "\\v", "\b": "\\b", "\a": "\\a", "\x1b": "\\e"}
_SPECIAL = re.compile(r'["\\]|#(?=[{$@])')  # with a mark behind it, `#` would begin an interpolation


def inspect(value: Any) -> str:
    """`{"a"=>[1, nil, "b"]}`; times without quotes."""
    if isinstance(value, str):
        return f'"{inspect_text(value)}"'
    if isinstance(value, dict):
        return "{" + ", ".join([f"{inspect(key)}=>{inspect(inner)}" for key, inner in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join([inspect(item) for item in value]) + "]"
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return ruby_float(value)
    return time_text(value) if isinstance(value, datetime) else str(value)


def inspect_text(text: str) -> str:
    r"""The inside of `"…"`. Surrogate escapes, bytes that are no UTF-8, become `\xC3`."""
    escaped = _SPECIAL.sub(r"\\\g<0>", text)
    return escaped if escaped.isprintable() else "".join(map(_shown, escaped))


def inspect_bytes(data: bytes) -> str:
    """The same of bytes that should be UTF-8."""
    return inspect_text(data.decode("utf-8", "surrogateescape"))


def _shown(character: str) -> str:
    if character.isprintable():
        return character
    if character in _ESCAPES:
        return _ESCAPES[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\u{{{code:X}}}"
