"""Takes text apart at literal delimiters; much cheaper than `grok`, and enough where the parts come in a fixed order.

Options:

- `mapping`: field to pattern, such as `%{client} %{?ident} [%{time}] %{message}`; what stands between the braces is
  delimiter, and must be found in this order. The last field takes the rest.
- `convert_datatype`: field to `int` or `float`, after everything else. What can't be converted stays as it is, with the
  tag `_dataconversionuncoercible_<field>_<type>`; for nothing at all `_dataconversionnullvalue_<field>_<type>`. A
  number without a fraction stays whole.
- `tag_on_failure`: default `_dissectfailure`.
- `semantics`: `native` or `logstash`, see below.

Parts of a pattern:

- `%{name}`, `%{[a][b]}`: a field; `%{}`, `%{?name}`: nothing is kept.
- `%{+name}`: appended to the field, behind the delimiter that stands before it, or a blank; `%{+name/2}` says in
  which order.
- `%{&name}`: the field that is called as `name` says, a part that was found or a field of the event.
- `%{name->}`: the delimiter behind it may be repeated.

The pattern matches wholly or not at all. An empty or null source is a failure, a missing one is not. A text that
begins with the delimiter behind the first field has an empty first field. With `semantics: logstash` such a delimiter
is not used up: of `,b,c`, `%{x},%{y},%{z}` makes `x` and `y` empty and `z` the whole.

Example, in YAML::

    - dissect:
        mapping: {message: '%{version} %{account-id} %{?interface} %{srcaddr} %{dstaddr} %{rest}'}
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._conversions import decimal
from logsluice.filters._options import FieldLiterals, FieldRef, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import MISSING, Reference, reference
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter

_PART = re.compile(r"(.*?)%\{([^}]*)\}", re.DOTALL)
_NAME = re.compile(r"(?P<kind>[?+&]?)(?P<name>.*?)(?:/(?P<order>[0-9]{1,4}))?(?P<padded>->)?", re.DOTALL)

Put: TypeAlias = Callable[[Event, Sequence[str]], None]
"""Puts one part into an event; it is given all of them."""


class Config(CommonOptions):
    """See this module's docstring."""

    mapping: FieldLiterals = Field(default_factory=dict)
    convert_datatype: Annotated[dict[FieldRef, str], BeforeValidator(pairs)] = Field(default_factory=dict)
    tag_on_failure: Texts = ("_dissectfailure",)
    semantics: Literal["native", "logstash"] = "native"

    @field_validator("convert_datatype")
    @classmethod
    def _is_known(cls, types: dict[str, str]) -> dict[str, str]:
        for name in types.values():
            if name.lower() not in ("int", "float"):
                raise ValueError(f"dissect converts to int or float, not to {name!r}")
        return types

    @model_validator(mode="after")
    def _can_be_compiled(self) -> Config:
        for pattern in filter(None, self.mapping.values()):
            together = Dissector(pattern, consumes_first=True).undivided
            if together and self.semantics == "native":  # in Logstash it never matches
                raise ValueError(f"in {pattern!r} nothing parts %{{{together}}} from the field behind it")
        return self


@dataclass(frozen=True, slots=True)
class _Part:
    """One `%{…}` of a pattern, and the delimiters around it."""

    kind: str
    name: str
    order: int
    padded: bool
    before: str
    after: str


class Dissector:
    """One compiled pattern.

    Runs of equal delimiters are split at once, which is what makes it fast: most patterns are a single run.

    Attributes:
        undivided: A field that no delimiter parts from the next one; such a pattern never matches.
    """

    def __init__(self, pattern: str, consumes_first: bool) -> None:
        """Compile.

        Args:
            pattern: As in the configuration.
            consumes_first: Whether a delimiter at the very start of the text ends an empty first field.

        Raises:
            ValueError: There is no field in it, or one can't be understood.
        """
        parts = _parts(pattern)
        self.undivided = next((part.name or "?" for part in parts[:-1] if not part.after), "")
        self._lead = parts[0].before
        self._runs = _runs(parts)
        self._first = parts[0].after if not self._lead and not consumes_first else ""
        self._parts = parts
        self._direct = [(n, part) for n, part in enumerate(parts) if part.name and _is_direct(part)]
        self._names = tuple(part.name for _, part in self._direct)
        numbers = [n for n, _ in self._direct]
        whole = numbers == list(range(len(parts)))
        self._pick = None if whole or len(numbers) < 2 else itemgetter(*numbers)
        direct = set(numbers) if whole or self._pick else set()
        rest = [(n, part) for n, part in enumerate(parts) if part.name and n not in direct and part.kind != "?"]
        self._whole = whole
        self._puts = [_put(n, part, parts) for n, part in sorted(rest, key=lambda each: _order(each[1]))]

    def dissect(self, event: Event, text: str) -> bool:
        """Put the parts of a text into an event, unless the pattern does not match. Raises CannotSet."""
        found = self._split(text)
        if found is None:
            return False
        if self._whole:
            event.update(zip(self._names, found, strict=True))
        elif self._pick is not None:
            event.update(zip(self._names, self._pick(found), strict=True))
        for put in self._puts:
            put(event, found)
        return True

    def _split(self, text: str) -> list[str] | None:
        if self.undivided:
            return None
        if self._lead:
            if not text.startswith(self._lead):
                return None
            text = text[len(self._lead) :]
        elif self._first and text.startswith(self._first):
            return self._from_start(text)
        found: list[str] = []
        for delimiter, count, padded in self._runs:
            pieces = text.split(delimiter, count)
            if len(pieces) <= count:
                return None
            text = pieces.pop()
            if padded:
                while text.startswith(delimiter):
                    text = text[len(delimiter) :]
            found += pieces
        found.append(text)
        return found[: len(self._parts)]

    def _from_start(self, text: str) -> list[str] | None:
        """As Logstash does it: a delimiter at the very start gives an empty part, and is found again."""
        found: list[str] = []
        at = 0
        for part in self._parts:
            if part.before and found and self._parts[len(found) - 1].padded:
                while text.startswith(part.before, at):
                    at += len(part.before)
            end = text.find(part.after, at) if part.after else len(text)
            if end < 0:
                return None
            found.append(text[at:end])
            at = end + len(part.after) if end else 0
        return found


class Dissect(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._dissectors = [
            (Reference(field), Dissector(pattern, config.semantics == "native"))
            for field, pattern in config.mapping.items()
            if pattern
        ]
        self._conversions = [
            (Reference(field), name, int if name.lower() == "int" else _number)
            for field, name in config.convert_datatype.items()
        ]
        self._failure_tags = config.tag_on_failure

    def change(self, event: Event) -> bool:
        """Dissect each field; every match is a success of its own, and conversions come behind."""
        for field, dissector in self._dissectors:
            value = field.find(event)
            if value is MISSING:
                continue
            text = value if type(value) is str else "" if value is None else ruby_text(value)
            if text and dissector.dissect(event, text):
                self.succeed(event)
            else:
                add_failure_tags(event, self._failure_tags)
        for field, name, convert in self._conversions:
            _convert(event, field, name, convert)
        return False


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Dissect(config)


def _parts(pattern: str) -> list[_Part]:
    found = list(_PART.finditer(pattern))
    if not found:
        raise ValueError(f"the pattern {pattern!r} names no field: write %{{name}}")
    tail = pattern[found[-1].end() :]
    afters = [*(match[1] for match in found[1:]), tail]
    return [_part(match[2], match[1], after) for match, after in zip(found, afters, strict=True)]


def _part(text: str, before: str, after: str) -> _Part:
    if text.startswith(("+&", "&+")):
        raise ValueError(f"%{{{text}}} can't be appended and indirect at once")
    match = _NAME.fullmatch(text)
    assert match is not None, "it matches everything"
    kind, name = match["kind"], match["name"]
    if kind in ("+", "&"):
        if not name:
            raise ValueError(f"%{{{text}}} needs a name behind {kind}")
    elif match["order"]:
        name += f"/{match['order']}"
    if name and kind != "?":
        Reference(name)
    return _Part(kind if name else "?", name, int(match["order"] or 0), bool(match["padded"]), before, after)


def _runs(parts: list[_Part]) -> list[tuple[str, int, bool]]:
    """Delimiters in order, with how often each follows itself and whether it may be repeated."""
    runs: list[tuple[str, int, bool]] = []
    for part in parts:
        if part.after:
            if runs and not part.padded and runs[-1][0] == part.after and not runs[-1][2]:
                runs[-1] = (part.after, runs[-1][1] + 1, False)
            else:
                runs.append((part.after, 1, part.padded))
    return runs


def _is_direct(part: _Part) -> bool:
    """Whether its value can go into the event without any check."""
    return not part.kind and "[" not in part.name and not part.name.startswith("@")


def _order(part: _Part) -> tuple[int, int]:
    return {"": 0, "+": 1, "&": 2}[part.kind], part.order


def _put(number: int, part: _Part, parts: Sequence[_Part]) -> Put:
    if part.kind == "&":
        return _indirect(number, part.name, parts)
    field = Reference(part.name)
    if part.kind == "+":
        joint = part.before if number and part.before else " "

        def append(event: Event, found: Sequence[str]) -> None:
            there = field.find(event)
            before = "" if there is MISSING else ruby_text(there) + joint
            field.set(event, before + found[number])

        return append
    return lambda event, found: field.set(event, found[number])


def _indirect(number: int, name: str, parts: Sequence[_Part]) -> Put:
    field = Reference(name)
    others = [n for n, part in enumerate(parts) if part.name == name and n != number]

    def put(event: Event, found: Sequence[str]) -> None:
        value = field.find(event)
        called = ruby_text(value) if value is not MISSING else found[others[0]] if others else ""
        if called:
            reference(called).set(event, found[number])

    return put


def _convert(event: Event, field: Reference, name: str, convert: Callable[[Any], Any]) -> None:
    value = field.get(event)
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{value!r} is no number")
        field.set(event, convert(decimal(str(value))))
    except (ValueError, OverflowError):
        fault = "nullvalue" if value is None else "uncoercible"
        add_failure_tags(event, [f"_dataconversion{fault}_{field.text}_{name}"])


def _number(value: Decimal) -> int | float:
    """Whole as long as it was written without a fraction and an exponent. Raises OverflowError."""
    if value.as_tuple().exponent == 0:
        return int(value)
    number = float(value)
    if math.isinf(number):
        raise OverflowError(f"{value} is too large")
    return number
