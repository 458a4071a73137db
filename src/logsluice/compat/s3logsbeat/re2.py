r"""Regular expressions of Go's RE2 in the syntax that Python's `regex` and Ruby read alike.

They differ where it does not show: `\d`, `\w`, `\s`, `\b` and `[[:alpha:]]` mean ASCII in RE2, `$` is the very end of
the text, braces that are no repetition are themselves. Such parts are rewritten. What RE2 has no word for (look-around,
back-references, possessive repetition) Go refuses, and so is it here, by name; the same holds for what can't be said
in `regex`: `\C`, and flags in the middle of a pattern.

Facts: "Syntax", the wiki of RE2, and Go's package regexp/syntax.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Ranges: TypeAlias = tuple[tuple[int, int], ...]

_LAST = 0x10FFFF
_REPEAT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\(\?(?:P?<(?P<name>[A-Za-z0-9_]+)>|(?P<flags>[A-Za-z-]*)(?P<end>[:)]))")
_HEX = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")
_PROPERTY = re.compile(r"\\([pP])(?:\{(\^?)([A-Za-z_]+)\}|([A-Z]))")
_OCTAL = re.compile(r"\\(0[0-7]{0,2}|[1-7][0-7]{1,2})")
_POSIX = re.compile(r"\[:(\^?)([a-z]+):\]")
_CONTROLS = {"a": 7, "f": 12, "t": 9, "n": 10, "r": 13, "v": 11}
_MOST_REPEATS = 1000


def _ranges(text: str) -> Ranges:
    return tuple((ord(text[index]), ord(text[index + 1])) for index in range(0, len(text), 2))


_DIGIT, _WORD, _SPACE = _ranges("09"), _ranges("09AZ__az"), _ranges("\t\n\f\r  ")
_SETS = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_NAMED = {
    "alnum": _ranges("09AZaz"),
    "alpha": _ranges("AZaz"),
    "ascii": _ranges("\x00\x7f"),
    "blank": _ranges("\t\t  "),
    "cntrl": _ranges("\x00\x1f\x7f\x7f"),
    "digit": _DIGIT,
    "graph": _ranges("!~"),
    "lower": _ranges("az"),
    "print": _ranges(" ~"),
    "punct": _ranges("!/:@[`{~"),
    "space": _ranges("\t\r  "),
    "upper": _ranges("AZ"),
    "word": _WORD,
    "xdigit": _ranges("09AFaf"),
}
_INSIDE = "[0-9A-Za-z_]"
_BOUNDARY = {
    "b": rf"(?:(?<={_INSIDE})(?!{_INSIDE})|(?<!{_INSIDE})(?={_INSIDE}))",
    "B": rf"(?:(?<={_INSIDE})(?={_INSIDE})|(?<!{_INSIDE})(?!{_INSIDE}))",
}
_LOOKS = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<=": "look-behind",
    "(?<!": "look-behind",
    "(?>": "atomic group",
    "(?P=": "back-reference",
    "(?#": "comment",
}


def translate(pattern: str, *, ruby: bool = False) -> str:
    """The same pattern for `regex`, or for Ruby.

    Raises:
        ValueError: RE2 does not read it, or it has something that can't be translated, which is named.
    """
    return _Translator(pattern, ruby).translated()


class _Translator:
    def __init__(self, pattern: str, ruby: bool) -> None:
        self._pattern = pattern
        self._at = 0
        self._out: list[str] = []
        self._ruby = ruby
        self._by_line = False
        self._repeatable = False
        self._names: set[str] = set()

    def translated(self) -> str:
        while self._at < len(self._pattern):
            self._next()
        return "".join(self._out)

    def _next(self) -> None:
        char = self._pattern[self._at]
        if char == "(":
            self._group()
        elif char == "[":
            self._emit(self._class())
        elif char == "\\":
            self._escape()
        elif char in "*+?":
            self._repeat(char)
        elif char == "{":
            found = _REPEAT.match(self._pattern, self._at)
            if found is None:
                self._literal(char)
            else:
                if max(int(found[1]), int(found[3] or 0)) > _MOST_REPEATS:
                    raise ValueError(f"RE2 repeats {_MOST_REPEATS} times at most, not {found[0]}")
                self._repeat(found[0])
        elif char in "^$":
            plain = char if self._by_line else r"\A" if char == "^" else r"\z" if self._ruby else r"\Z"
            self._out.append(plain)
            self._at += 1
            self._repeatable = False
        elif char in "|)":
            self._out.append(char)
            self._at += 1
            self._repeatable = char == ")"
        elif char == ".":
            self._at += 1
            self._emit(".")
        else:
            self._literal(char)

    def _emit(self, text: str) -> None:
        self._out.append(text)
        self._repeatable = True

    def _literal(self, char: str) -> None:
        self._at += 1
        self._emit(_quoted(ord(char)))

    def _repeat(self, text: str) -> None:
        if not self._repeatable:
            raise ValueError(f"RE2 does not read {text} where nothing is to be repeated, nor after another repetition")
        self._at += len(text)
        if self._pattern.startswith("?", self._at):
            text += "?"
            self._at += 1
        self._out.append(text)
        self._repeatable = False

    def _group(self) -> None:
        self._repeatable = False
        if not self._pattern.startswith("(?", self._at):
            self._out.append("(")
            self._at += 1
            return
        for begin in sorted(_LOOKS, key=len, reverse=True):
            if self._pattern.startswith(begin, self._at):
                raise ValueError(f"RE2 has no {_LOOKS[begin]}: {begin}…)")
        found = _GROUP.match(self._pattern, self._at)
        if found is None:
            raise ValueError(f"RE2 does not read {self._pattern[self._at : self._at + 4]!r}")
        if found["name"] is not None:
            if found["name"] in self._names or found["name"][0].isdigit():
                raise ValueError(f"the group name {found['name']!r} is given twice, or begins with a digit")
            self._names.add(found["name"])
            self._out.append(f"(?<{found['name']}>")
        else:
            self._out.append(self._flags(found["flags"], found["end"]))
        self._at = found.end()

    def _flags(self, flags: str, end: str) -> str:
        if unknown := set(flags) - set("ims-"):
            raise ValueError(f"the flag {min(unknown)!r} of (?{flags}{end} can't be translated")
        if flags and end == ")" and self._at:
            raise ValueError(f"flags in the middle of a pattern can't be translated: write (?{flags}:…) around it")
        if self._ruby and set(flags) - set("i-"):
            raise ValueError(f"the flags (?{flags}{end} can't be translated")
        self._by_line = self._by_line or "m" in flags.partition("-")[0]
        if self._ruby and end == ")":
            return f"(?{flags}:)" if not flags else f"(?{flags})"
        return f"(?{flags}{end}" if flags else "(?:"

    def _escape(self) -> None:
        at, following = self._at, self._pattern[self._at + 1 : self._at + 2]
        if following in ("A", "z"):
            self._out.append(r"\A" if following == "A" else r"\z" if self._ruby else r"\Z")
            self._repeatable = False
            self._at += 2
        elif following in _BOUNDARY and following:
            self._out.append(_BOUNDARY[following])
            self._repeatable = False
            self._at += 2
        elif following == "Q":
            end = self._pattern.find("\\E", at)
            end = len(self._pattern) if end < 0 else end
            for char in self._pattern[at + 2 : end]:
                self._emit(_quoted(ord(char)))
            self._at = end + 2
        elif following and following in "dDwWsS":
            self._at += 2
            self._emit(f"[{_written(_of_set(following))}]")
        elif found := _PROPERTY.match(self._pattern, at):
            self._at = found.end()
            self._emit(_property(found))
        else:
            self._emit(_quoted(self._character()))

    def _character(self) -> int:
        """The code point of an escape of one character, behind which reading goes on."""
        if found := _HEX.match(self._pattern, self._at):
            code = int(found[1] or found[2], 16)
        elif found := _OCTAL.match(self._pattern, self._at):
            code = int(found[1], 8)
        else:
            following = self._pattern[self._at + 1 : self._at + 2]
            if following in _CONTROLS:
                code = _CONTROLS[following]
            elif following and (not following.isalnum() or not following.isascii()):
                code = ord(following)
            else:
                what = "back-reference" if following.isdigit() else "escape"
                raise ValueError(f"RE2 has no {what} \\{following}")
            self._at += 2
            return code
        self._at = found.end()
        if code > _LAST:
            raise ValueError(f"{found[0]} is no character")
        return code

    def _class(self) -> str:
        """`[…]` with every set written out."""
        begin = self._at
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        parts: list[str] = []
        while not self._pattern.startswith("]", self._at) or not parts:
            if self._at >= len(self._pattern):
                raise ValueError(f"the ] of {self._pattern[begin:]!r} is missing")
            parts.append(self._item())
        self._at += 1
        return f"[{'^' if negated else ''}{''.join(parts)}]"

    def _item(self) -> str:
        if found := _POSIX.match(self._pattern, self._at):
            if found[2] not in _NAMED:
                raise ValueError(f"RE2 has no class {found[0]}")
            self._at = found.end()
            return _written(_complement(_NAMED[found[2]]) if found[1] else _NAMED[found[2]])
        following = self._pattern[self._at + 1 : self._at + 2]
        if self._pattern[self._at] == "\\":
            if following and following in "dDwWsS":
                self._at += 2
                return _written(_of_set(following))
            if found := _PROPERTY.match(self._pattern, self._at):
                self._at = found.end()
                return _property(found)
        low = self._one()
        if self._pattern.startswith("-", self._at) and not self._pattern.startswith("-]", self._at):
            self._at += 1
            high = self._one()
            if high < low:
                raise ValueError(f"a range goes upwards, and {chr(low)}-{chr(high)} does not")
            return _written(((low, high),))
        return _quoted(low)

    def _one(self) -> int:
        if self._at >= len(self._pattern):
            raise ValueError("the ] of a class is missing")
        if self._pattern[self._at] == "\\":
            return self._character()
        self._at += 1
        return ord(self._pattern[self._at - 1])


def _of_set(letter: str) -> Ranges:
    return _SETS[letter] if letter in _SETS else _complement(_SETS[letter.lower()])


def _complement(ranges: Ranges) -> Ranges:
    found, begin = [], 0
    for low, high in ranges:
        if low > begin:
            found.append((begin, low - 1))
        begin = high + 1
    return (*found, (begin, _LAST))


def _written(ranges: Ranges) -> str:
    return "".join(_quoted(a) if a == b else f"{_quoted(a)}-{_quoted(b)}" for a, b in ranges)


def _property(found: re.Match[str]) -> str:
    negated = (found[1] == "P") is not bool(found[2])
    name = found[3] or found[4]
    return rf"\{'P' if negated else 'p'}{{{name}}}"


def _quoted(code: int) -> str:
    """A character that stands for itself, in a class and outside."""
    char = chr(code)
    if char.isalnum() and char.isascii():
        return char
    if 0x20 < code < 0x7F:
        return char if char in "_/%:;<>=,@\"'`!" else f"\\{char}"
    return char if code > 0x7F else f"\\x{code:02x}"
