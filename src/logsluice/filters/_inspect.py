"""Values as Ruby's `inspect` writes them; Logstash shows them so where it makes one text of lists and objects."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from logsluice.lang.text import ruby_float, time_text

_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f", "\v": "\\v", "\b": "\\b", "\a": "\\a", "\x1b": "\\e"}
_SPECIAL = re.compile(r'["\\]|#(?=[{$@])')


def inspect(value: Any) -> str:
    """`{"a"=>[1, nil, "b"]}`; times without quotes."""
    if isinstance(value, str):
        return f'"{inspect_text(value)}"'
    if isinstance(value, dict):
        return "{" + ", ".join(f"{inspect(key)}=>{inspect(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inspect, value)) + "]"
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return ruby_float(value)
    return time_text(value) if isinstance(value, datetime) else str(value)


def inspect_text(text: str) -> str:
    r"""The inside of `"…"`. Surrogate escapes, bytes that are no UTF-8, become `\xC3`."""
    escaped = _SPECIAL.sub(lambda found: "\\" + found[0], text)
    return escaped if escaped.isprintable() else "".join(map(_shown, escaped))


def _shown(char: str) -> str:
    if char.isprintable():
        return char
    if char in _ESCAPES:
        return _ESCAPES[char]
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02X}"
    if code < 0x80:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code < 0x10000 else f"\\u{{{code:X}}}"
