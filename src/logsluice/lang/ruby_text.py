r"""Text as Ruby's `String#inspect` shows it: how Logstash presents bytes that are not of the charset it expects.

Facts: the documentation of `String#inspect`, and Logstash's `Charset#convert`, which takes off the quotes.
"""

from __future__ import annotations

_NAMED = {
    '"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f",
    "\v": "\\v", "\b": "\\b", "\a": "\\a", "\x1b": "\\e",
}  # fmt: skip


def inspected(data: bytes) -> str:
    r"""UTF-8 with what is none as `\xE9`, and with everything escaped that Ruby escapes, without quotes around it."""
    text = data.decode("utf-8", "surrogateescape")
    return "".join(map(_shown, text, text[1:] + " "))


def _shown(character: str, following: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02X}"
    if character in _NAMED:
        return _NAMED[character]
    if character == "#" and following in "{$@":  # it would begin an interpolation
        return "\\#"
    if character.isprintable():
        return character
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\u{{{code:X}}}"
