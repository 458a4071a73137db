"""The grammar of Logstash's configuration language.

Facts: the language's own grammar, `lscl_grammar.treetop` of logstash-core, and the answers of a real Logstash 8.19.
Values take no escapes, `"a\\n"` is three characters, unless `config.support_escapes` is on. A bareword has two
characters or more. Array items are separated by commas, attributes and hash entries by whitespace only. Conditions are
read by `logsluice.lang.conditions`.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedEOF, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from logsluice.compat.logstash.syntax import Attribute, Branch, Case, Node, Plugin, Section
from logsluice.components import near
from logsluice.config.document import Mark
from logsluice.errors import Problem

# Octal for the backslash and the slash: lark reads escapes in its own way before `re` does. Possessive, as in Logstash:
# `"\\"` is a text that goes on behind an escaped quote, and never two characters in quotes.
_STRING = r""" "(?:(?>\134"|[^"]))*+"|'(?:(?>\134'|[^']))*+' """.strip()
_CONDITION = _STRING + r"""|\[[^\],"'\[]+\]|\057(?:(?>\134\057|[^\057]))*+\057|#[^\n]*\n?|[^"'\057#{]"""
"""One piece of a condition: what may hold a brace (a text, a field, a pattern, a comment), else one character."""

_GRAMMAR = rf"""
start: section*
section: WORD "{{" _nodes "}}"
_nodes: (plugin | branch)*
branch: case ("else" case)* otherwise?
case: IF CONDITION "{{" _nodes "}}"
otherwise: "else" "{{" _nodes "}}"
plugin: _name "{{" attribute* "}}"
attribute: _name "=>" _value
_name: WORD | STRING
_value: plugin | WORD | STRING | NUMBER | array | hash
array: "[" [_value ("," _value)*] "]"
hash: "{{" entry* "}}"
entry: (WORD | STRING | NUMBER) "=>" _value

IF: "if"
WORD: /[A-Za-z0-9_-]+/
NUMBER.2: /-?[0-9]+(\.[0-9]*)?(?![A-Za-z0-9_-])/
STRING: /{_STRING}/s
CONDITION.3: /({_CONDITION})+(?=\{{)/s
COMMENT: /#[^\n]*/
SPACE: /\s+/
%ignore COMMENT
%ignore SPACE
"""

_BAREWORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+", re.ASCII)
_PIECE = re.compile(_CONDITION, re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"', "'": "'", "/": "/"}
_SECTIONS = ("input", "filter", "output")
_NAMES = {
    "LBRACE": "`{`", "RBRACE": "`}`", "LSQB": "`[`", "RSQB": "`]`", "COMMA": "`,`", "ELSE": "`else`", "IF": "`if`",
    "WORD": "a name", "STRING": "a text in quotes", "NUMBER": "a number", "CONDITION": "a condition and `{`",
    "$END": "the end", "__ANON_0": "`=>`",
}  # fmt: skip


class InvalidSyntax(ValueError):
    """A text that is no Logstash configuration.

    Attributes:
        problem: Where, and what was expected there.
    """

    def __init__(self, message: str, mark: Mark) -> None:
        self.problem = Problem(message, mark.file, mark.line, column=mark.column)
        super().__init__(message)


def parse(text: str, file: str = "<text>", *, escapes: bool = False) -> list[Section]:
    """Read one text.

    Args:
        text: Of one file, or of several joined.
        file: Its name for messages.
        escapes: Whether texts in quotes have escapes (`config.support_escapes`).

    Raises:
        InvalidSyntax: At the first place that can't be read.
    """
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        raise _explained(error, text, file) from None
    try:
        sections: list[Section] = _Reader(file, escapes).transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidSyntax):
            raise error.orig_exc from None
        raise
    return sections


@cache
def _parser() -> Lark:
    return Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=False)


@v_args(inline=True)
class _Reader(Transformer[Token, list[Section]]):
    """lark's tree to ours. Values come as (value, marks), so that each place within them is kept."""

    def __init__(self, file: str, escapes: bool) -> None:
        super().__init__()
        self._file = file
        self._escapes = escapes

    def start(self, *sections: Section) -> list[Section]:
        return list(sections)

    def section(self, kind: Token, *nodes: Node) -> Section:
        if kind not in _SECTIONS:
            raise InvalidSyntax(
                f"there is no section {kind!s:.40}{near(str(kind), _SECTIONS)}; sections are input, filter and output",
                self._mark(kind),
            )
        return Section(kind.value, nodes, self._mark(kind))

    def branch(self, *parts: Case | tuple[Node, ...]) -> Branch:
        cases = tuple(part for part in parts if isinstance(part, Case))
        otherwise = next((part for part in parts if not isinstance(part, Case)), ())
        return Branch(cases, otherwise, cases[0].mark)

    def case(self, word: Token, condition: Token, *body: Node) -> Case:
        blanked = _PIECE.sub(lambda found: self._piece(found[0]), condition)
        lead = len(blanked) - len(blanked.lstrip())
        before = condition[:lead]
        line = condition.line + before.count("\n") if condition.line else word.line or 0
        column = (condition.column or 0) + lead if "\n" not in before else lead - before.rindex("\n")
        return Case(blanked.strip(), Mark(self._file, line, column), body)

    def otherwise(self, *body: Node) -> tuple[Node, ...]:
        return body

    def plugin(self, name: Token, *attributes: Attribute) -> Plugin:
        return Plugin(self._unquoted(name), attributes, self._mark(name))

    def attribute(self, name: Token, value: Any) -> Attribute:
        plain, marks = self._plain(value)
        return Attribute(self._unquoted(name), plain, self._mark(name), marks)

    def array(self, *items: Any) -> tuple[list[Any], dict[tuple[str | int, ...], Mark]]:
        values: list[Any] = []
        marks: dict[tuple[str | int, ...], Mark] = {}
        for index, item in enumerate(items):
            value, inner = self._plain(item)
            values.append(value)
            marks |= {(index, *path): mark for path, mark in inner.items()}
        return values, marks

    def hash(self, *entries: tuple[Token, Any]) -> tuple[dict[str, Any], dict[tuple[str | int, ...], Mark]]:
        values: dict[str, Any] = {}
        marks: dict[tuple[str | int, ...], Mark] = {}
        for name, item in entries:
            key = self._unquoted(name)
            if key in values:
                raise InvalidSyntax(f"the key {key!r} is given twice", self._mark(name))
            values[key], inner = self._plain(item)
            marks |= {(key, *path): mark for path, mark in inner.items()}
            marks[(key,)] = self._mark(name)
        return values, marks

    def entry(self, name: Token, value: Any) -> tuple[Token, Any]:
        return name, value

    def _plain(self, value: Any) -> tuple[Any, dict[tuple[str | int, ...], Mark]]:
        if isinstance(value, tuple):
            return value
        if isinstance(value, Plugin):
            return value, {(): value.mark}
        mark = self._mark(value)
        if value.type == "WORD" and not _BAREWORD.fullmatch(value):
            raise InvalidSyntax(f"{value!s:.40} must stand in quotes", mark)
        if value.type == "NUMBER":
            return (float(value) if "." in value else int(value)), {(): mark}
        return self._unquoted(value), {(): mark}

    def _mark(self, token: Token) -> Mark:
        return Mark(self._file, token.line or 0, token.column or 0)

    def _unquoted(self, token: Token) -> str:
        if token.type != "STRING":
            return str(token)
        return unescaped(token[1:-1]) if self._escapes else str(token[1:-1])

    def _piece(self, piece: str) -> str:
        """A piece of a condition: a comment becomes blanks, so that what follows keeps its place."""
        if piece.startswith("#"):
            return re.sub(r"[^\n]", " ", piece)
        if self._escapes and piece[0] in "\"'":
            text = unescaped(piece[1:-1])
            quote = "'" if '"' in text else '"'
            return f"{quote}{text}{quote}"
        return piece


def unescaped(text: str) -> str:
    """A text whose escapes are read: `\\n`, `\\r`, `\\t`, `\\0`, and a quote, a slash or a backslash behind one."""
    return _ESCAPE.sub(lambda found: _ESCAPES.get(found[1], found[0]), text)


def _explained(error: UnexpectedInput, text: str, file: str) -> InvalidSyntax:
    if (isinstance(error, UnexpectedToken) and error.token.type == "$END") or isinstance(error, UnexpectedEOF):
        lines = text.rstrip().splitlines() or [""]
        mark = Mark(file, len(lines), len(lines[-1]) + 1)
        return InvalidSyntax(f"the configuration ends too early: {_expected(error)} is missing", mark)
    mark = Mark(file, error.line, error.column)
    if isinstance(error, UnexpectedCharacters):
        rest = text[error.pos_in_stream :] if error.pos_in_stream is not None else ""
        if rest[:1] in ('"', "'"):
            return InvalidSyntax("this quote is never closed; escapes are not read, a backslash is itself", mark)
        return InvalidSyntax(f"unexpected {rest[:1]!r}; here {_expected(error)} may stand", mark)
    assert isinstance(error, UnexpectedToken)
    found = str(error.token).split(maxsplit=1)[0]
    if error.token.type == "COMMA":
        return InvalidSyntax("unexpected ','; only the items of [ ] are separated by commas", mark)
    return InvalidSyntax(f"unexpected {found[:40]!r}; here {_expected(error)} may stand", mark)


def _expected(error: UnexpectedInput) -> str:
    names: set[str] = set(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
    names |= set(getattr(error, "allowed", None) or ())
    said = sorted({_NAMES.get(name, "`=>`") for name in names - {"COMMENT", "SPACE"}})
    return " or ".join(said) or "something else"
