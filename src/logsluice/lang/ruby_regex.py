r"""Regular expressions written for Ruby (Onigmo), as Logstash takes them, run by Python's `regex` module.

`re` is never used for them: it has no timeout and holds the interpreter's lock, which would stop heartbeats.

What differs and is translated (Onigmo's `doc/RE`): `\w \d \s \h` are ASCII only, `\z` and `\Z`, `(?m)` is "the dot
matches a line feed", `\u{…}`, `\k<name>`, `\g<name>`, and braces that are no quantifier are literal. POSIX classes
`[[:alpha:]]`, nested sets, atomic groups, possessive quantifiers, `\p{…}` and `(?<name>…)` are the same in both.
`^` and `$` match at every line.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, TypeAlias

import regex

TIMEOUT_SECONDS: Final = 1.0
"""What one match may take; pass it as `timeout=` to the pattern's methods, which then raise TimeoutError."""


class InvalidPattern(ValueError):
    """A regular expression that can't be compiled; the message says where and why."""


@lru_cache(maxsize=1024)
def compile_ruby(pattern: str, dotall: bool = False) -> regex.Pattern[str]:
    """Compile a Ruby regular expression.

    Args:
        pattern: Without the slashes.
        dotall: Ruby's MULTILINE option: the dot matches a line feed too (grok compiles so).

    Raises:
        InvalidPattern: It can't be read.
    """
    flags = regex.VERSION1 | regex.MULTILINE | (regex.DOTALL if dotall else 0)
    try:
        return regex.compile(translate(pattern), flags)
    except regex.error as error:
        raise InvalidPattern(f"regular expression /{pattern}/: {error}") from error


def translate(pattern: str) -> str:
    """The same expression in the `regex` module's VERSION1 syntax, for its MULTILINE mode."""
    return _Translation(pattern).run()


Replacement: TypeAlias = Callable[[regex.Match[str]], str]
"""From a match to the text that takes its place: what a pattern's `sub` calls."""

_BACKWARD = regex.compile(r"\\(?:([0-9])|k<([^>]+)>|([&`'\\]))")


@lru_cache(maxsize=1024)
def compile_replacement(text: str) -> Replacement:
    r"""The second argument of Ruby's `gsub`: `\1`, `\0`, `\&`, `\k<name>`, ``\` ``, `\'`, `\\`; all else is literal."""
    parts: list[str | Replacement] = []
    at = 0
    for found in _BACKWARD.finditer(text):
        parts.append(text[at : found.start()])
        parts.append(_backward(*found.groups()))
        at = found.end()
    parts.append(text[at:])
    if len(parts) == 1:
        return lambda _: text
    return lambda match: "".join([part if isinstance(part, str) else part(match) for part in parts])


def _backward(number: str | None, name: str | None, mark: str | None) -> str | Replacement:
    if mark == "\\":
        return mark
    if mark == "`":
        return lambda match: match.string[: match.start()]
    if mark == "'":
        return lambda match: match.string[match.end() :]
    group: int | str = name or int(number or 0)

    def value(match: regex.Match[str]) -> str:
        known = group in match.re.groupindex if isinstance(group, str) else group <= match.re.groups
        return (match[group] or "") if known else ""

    return value


_SETS = {
    "d": "0-9",
    "w": "A-Za-z0-9_",
    "s": r" \t\r\n\f\v",
    "h": "0-9A-Fa-f",
}
_ANCHORS = {"z": r"\Z", "Z": r"(?=\n?\Z)", "e": r"\x1b"}
_KEPT = frozenset("0123456789abfnrtvxABGKRX")
_QUANTIFIER = regex.compile(r"\{(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)\}")
_FLAGS = regex.compile(r"\(\?([imx]*)(?:-([imx]+))?([:)])")
_UNICODE = regex.compile(r"\\u(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))")
_NAME = regex.compile(r"\\([kg])<([A-Za-z_][A-Za-z0-9_]*|[0-9]+)>")
_HAS_NAMES = regex.compile(r"(?<!(?<!\\)(?:\\\\)*\\)\(\?<[A-Za-z_]")
_PROPERTY = regex.compile(r"\\[pP]\{\^?[A-Za-z_ ]+\}")
_POSIX = regex.compile(r"\[:\^?[a-z]+:\]")


class _Translation:
    """One pass over one pattern: `depth` counts the brackets of the set that we are in."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0
        self.depth = 0
        self.plain = "(?:" if _HAS_NAMES.search(pattern) else "("  # beside named groups others capture nothing

    def run(self) -> str:
        done: list[str] = []
        while self.at < len(self.pattern):
            letter = self.pattern[self.at]
            if letter == "\\":
                done.append(self._escape())
            elif self.depth or letter == "[":
                done.append(self._in_set(letter))
            elif letter == "{":
                done.append(self._brace())
            elif letter == "(":
                done.append(self._group())
            else:
                done.append(letter)
                self.at += 1
        return "".join(done)

    def _take(self, found: regex.Match[str]) -> regex.Match[str]:
        self.at = found.end()
        return found

    def _escape(self) -> str:
        if found := _UNICODE.match(self.pattern, self.at):
            self._take(found)
            return f"\\U{int(found[1] or found[2], 16):08x}"
        if found := _PROPERTY.match(self.pattern, self.at):
            return self._take(found)[0]
        if not self.depth and (found := _NAME.match(self.pattern, self.at)):
            self._take(found)
            return f"(?P={found[2]})" if found[1] == "k" else f"(?&{found[2]})"
        letter = self.pattern[self.at + 1 : self.at + 2]
        self.at += 2
        if letter.lower() in _SETS and letter:
            inside = _SETS[letter.lower()]
            if letter.isupper():
                return f"[^{inside}]"
            return inside if self.depth else f"[{inside}]"
        if letter in _ANCHORS and not self.depth:
            return _ANCHORS[letter]
        if letter in _KEPT or not letter.isalnum():
            return "\\" + letter
        return letter

    def _in_set(self, letter: str) -> str:
        if found := _POSIX.match(self.pattern, self.at):
            return self._take(found)[0]
        self.at += 1
        if letter == "[":
            self.depth += 1
            start = "[^" if self.pattern.startswith("^", self.at) else "["
            self.at += len(start) - 1
            if self.pattern.startswith("]", self.at):  # first in a set it is literal
                self.at += 1
                start += r"\]"
            return start
        if letter == "]":
            self.depth -= 1
        elif letter in "-|~" and self.pattern.startswith(letter, self.at):
            return "\\" + letter  # doubled, they are operators in regex's sets and literal in Ruby's
        return letter

    def _brace(self) -> str:
        """A quantifier, or literal: `regex` would read `{e}` as fuzzy matching."""
        if found := _QUANTIFIER.match(self.pattern, self.at):
            return self._take(found)[0]
        self.at += 1
        return r"\{"

    def _group(self) -> str:
        if not (found := _FLAGS.match(self.pattern, self.at)):
            self.at += 1
            return "(" if self.pattern.startswith("?", self.at) else self.plain
        self._take(found)
        on, off, end = (found[1] or "").replace("m", "s"), (found[2] or "").replace("m", "s"), found[3]
        return f"(?{on}{'-' + off if off else ''}{end}"
