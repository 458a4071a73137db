"""Conditions, `[status] >= 500 and "waf" in [tags]`: Logstash's operators, compiled to a function of the event.

Operators: `== != < > <= >= =~ !~`, `in`, `not in`, `and`, `or`, `xor`, `nand`, `!` before a field or a bracket.
Operands: fields `[a][b]`, texts, numbers, lists; right of `=~` a `/regular expression/` or a text.
`and` binds before `or`; `xor` and `nand` stand between two operands only: chained, they need brackets.

Two semantics. `logstash` is what a real Logstash 8.19 does; `native` differs where that would surprise:

- `<` and its like on a missing field or on mixed types: native false; logstash raises `Undecidable`;
- `5 == 5.0`: native true, logstash false;
- `[a] in ["x"]`: native a list of one; in logstash brackets without a comma are a field, here called `"x"`;
- `"a\\"b"`: native reads the two escapes `\\"` and `\\\\`; in logstash the backslash stays.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from lark import Lark, Token, Transformer, UnexpectedCharacters, UnexpectedInput, UnexpectedToken, v_args
from lark.exceptions import VisitError

from logsluice.errors import Undecidable
from logsluice.lang import _operators
from logsluice.lang._operators import Comparison
from logsluice.lang.references import InvalidReference, Reference
from logsluice.lang.ruby_regex import TIMEOUT_SECONDS, InvalidPattern, compile_ruby
from logsluice.model import Event

__all__ = ["Condition", "InvalidCondition", "Semantics", "compile_condition"]

Semantics: TypeAlias = Literal["native", "logstash"]

Condition: TypeAlias = Callable[[Event], bool]
"""A compiled condition; may raise Undecidable. Shared by threads."""


class InvalidCondition(ValueError):
    """A condition that can't be read.

    Attributes:
        reason: What is wrong, without the place.
        text: The whole condition.
        column: Where, counted from 1 over the whole text.
    """

    def __init__(self, message: str, text: str, column: int) -> None:
        self.reason = message
        self.text = text
        self.column = column
        super().__init__(f"{message} at column {column} of: {text}")


def compile_condition(text: str, semantics: Semantics = "native") -> Condition:
    """Compile a condition.

    Args:
        text: Without `if`.
        semantics: See this module's docstring.

    Raises:
        InvalidCondition: With the column, and what was expected there.
    """
    parser = _parser(semantics)
    try:
        tree = parser.parse(text)
    except UnexpectedInput as error:
        raise _explained(error, text) from None
    try:
        condition: Condition = _Compiler(semantics, text).transform(tree)
    except VisitError as error:
        if isinstance(error.orig_exc, InvalidCondition):
            raise error.orig_exc from None
        raise
    return condition


_GRAMMAR = r"""
?start: disjunction
      | term "xor" term                      -> xor
      | term "nand" term                     -> nand
?disjunction: conjunction ("or" conjunction)*
?conjunction: term ("and" term)*
?term: "(" start ")"
     | "!" "(" start ")"                     -> negation
     | "!" field                             -> negation
     | value ORDERING value                  -> compared
     | value EQUALITY value                  -> compared
     | value MATCHING (REGEX | text)         -> matched
     | value "in" value                      -> contained
     | value "not" "in" value                -> not_contained
     | value                                 -> truth
?value: field | text | number | list
field: FIELD
text: TEXT
number: NUMBER
list: "[" [value ("," value)*] "]"
ORDERING: "<=" | ">=" | "<" | ">"
EQUALITY: "==" | "!="
MATCHING: "=~" | "!~"
NUMBER: /-?[0-9]+(\.[0-9]*)?/
REGEX: /\/(\\.|[^\/\\])*\//
%ignore /[ \t\r\n]+/
%ignore /#[^\n]*/
"""
_TERMINALS = {
    "native": r"""
FIELD.1: /\[(?!\s*["'])(?![-0-9.\s]+\])[^\[\],]+\](\[[^\[\],]+\])*/
TEXT: /"(\\.|[^"\\])*"|'(\\.|[^'\\])*'/s
""",
    "logstash": r"""
FIELD.1: /(\[[^\[\],]+\])+/
TEXT: /"([\\]"|[\\](?!")|[^"\\])*"|'([\\]'|[\\](?!')|[^'\\])*'/s
""",
}


@lru_cache(maxsize=2)
def _parser(semantics: Semantics) -> Lark:
    return Lark(_GRAMMAR + _TERMINALS[semantics], parser="lalr", propagate_positions=True, maybe_placeholders=False)


@dataclass(frozen=True, slots=True)
class _Constant:
    """An operand that is written in the condition; `many` for a list."""

    value: Any
    many: bool = False


_Operand: TypeAlias = Reference | _Constant


@v_args(inline=True)
class _Compiler(Transformer[Token, Any]):
    """From the tree to closures, innermost first: operands to References and constants, the rest to Conditions."""

    def __init__(self, semantics: Semantics, text: str) -> None:
        super().__init__()
        self._native = semantics == "native"
        self._text = text
        self._equal: Comparison = _operators.equal if self._native else _operators.equal_in_logstash
        self._ordering = _operators.ordering if self._native else _operators.ordering_in_logstash

    def field(self, token: Token) -> Reference:
        try:
            return Reference(str(token))
        except InvalidReference as error:
            raise InvalidCondition(str(error), self._text, _column(token)) from None

    def text(self, token: Token) -> _Constant:
        content = str(token)[1:-1]
        return _Constant(_ESCAPE.sub(r"\1", content) if self._native else content)

    def number(self, token: Token) -> _Constant:
        return _Constant(float(token) if "." in token else int(token))

    def list(self, *items: _Operand) -> _Constant:
        for item in items:
            if not isinstance(item, _Constant):
                raise InvalidCondition(f"a list holds texts and numbers, not the field {item.text}", self._text, 1)
        return _Constant([item.value for item in items if isinstance(item, _Constant)], many=True)

    def disjunction(self, *conditions: Condition) -> Condition:
        return lambda event: any(condition(event) for condition in conditions)

    def conjunction(self, *conditions: Condition) -> Condition:
        return lambda event: all(condition(event) for condition in conditions)

    def xor(self, left: Condition, right: Condition) -> Condition:
        return lambda event: left(event) is not right(event)

    def nand(self, left: Condition, right: Condition) -> Condition:
        return lambda event: not (left(event) and right(event))

    def negation(self, of: Condition | Reference) -> Condition:
        condition = self.truth(of) if isinstance(of, Reference) else of
        return lambda event: not condition(event)

    def truth(self, operand: _Operand) -> Condition:
        return _on(operand, _operators.truthy)

    def compared(self, left: _Operand, symbol: Token, right: _Operand) -> Condition:
        if symbol.type == "ORDERING":
            return _between(left, self._ordering(str(symbol)), right)
        same = _between(left, self._equal, right)
        return same if symbol == "==" else lambda event: not same(event)

    def contained(self, left: _Operand, right: _Operand) -> Condition:
        written = isinstance(left, _Constant) and not self._native
        if isinstance(right, _Constant) and right.many:
            if written:
                return lambda _: False  # Logstash never finds a written value in a written list
            return _between(left, _operators.within_literals(self._equal), right)
        if written:
            return _between(left, _operators.literal_within(self._equal), right)
        return _between(left, _operators.within(self._equal), right)

    def not_contained(self, left: _Operand, right: _Operand) -> Condition:
        found = self.contained(left, right)
        return lambda event: not found(event)

    def matched(self, left: _Operand, symbol: Token, pattern: Token | _Constant) -> Condition:
        matches = _on(left, self._matcher(pattern, _column(symbol)))
        return matches if symbol == "=~" else lambda event: not matches(event)

    def _matcher(self, pattern: Token | _Constant, column: int) -> Callable[[Any], bool]:
        source = pattern.value if isinstance(pattern, _Constant) else str(pattern)[1:-1]
        try:
            search = compile_ruby(source).search
        except InvalidPattern as error:
            raise InvalidCondition(str(error), self._text, column) from None

        def matches(value: Any) -> bool:
            try:
                return isinstance(value, str) and search(value, timeout=TIMEOUT_SECONDS) is not None
            except TimeoutError:
                raise Undecidable(f"/{source}/ took longer than {TIMEOUT_SECONDS} s") from None

        return matches


_ESCAPE = re.compile(r"""\\(["'\\])""")


def _on(operand: _Operand, decide: Callable[[Any], bool]) -> Condition:
    if isinstance(operand, _Constant):
        value = operand.value
        return lambda _: decide(value)
    find = operand.find
    return lambda event: decide(find(event))


def _between(left: _Operand, decide: Comparison, right: _Operand) -> Condition:
    """A closure for each mix of fields and constants: conditions run for every event."""
    if isinstance(left, Reference):
        find = left.find
        if isinstance(right, Reference):
            find_right = right.find
            return lambda event: decide(find(event), find_right(event))
        value = right.value
        return lambda event: decide(find(event), value)
    constant = left.value
    return _on(right, lambda value: decide(constant, value))


def _column(token: Token) -> int:
    return (token.start_pos or 0) + 1


_READABLE = {
    "FIELD": "a field like [status]",
    "TEXT": "a text in quotes",
    "NUMBER": "a number",
    "REGEX": "a /regular expression/",
    "LSQB": "a list",
    "LPAR": "'('",
    "RPAR": "')'",
    "BANG": "'!'",
    "COMMA": "','",
    "RSQB": "']'",
    "ORDERING": "< > <= >=",
    "EQUALITY": "== !=",
    "MATCHING": "=~ !~",
    "$END": "the end",
}


_CLOSING = frozenset({"RPAR", "RSQB", "COMMA"})


def _explained(error: UnexpectedInput, text: str) -> InvalidCondition:
    if isinstance(error, UnexpectedToken):
        names, found = error.accepts or error.expected, str(error.token)
    else:
        assert isinstance(error, UnexpectedCharacters), "the only other error of an LALR parser"
        names, found = error.allowed, text[error.pos_in_stream or 0 :][:1]
    if found in ("xor", "nand", "and", "or") and "$END" in names:
        message = "xor and nand stand between two operands: put brackets round the parts"
    else:
        # the lexer allows closing brackets that were never opened; naming them would not help
        likely = (names - _CLOSING) or names
        message = "expected " + ", ".join(sorted(_READABLE.get(name, name.lower()) for name in likely))
        message += f", found {found!r}" if found else ", found the end"
    at = error.pos_in_stream if found else len(text)
    return InvalidCondition(message, text, (at or 0) + 1)
