"""Patterns of `dissect`, compiled to straight-line Python.

Measured on the 21 fields of a flow log, such code takes two thirds of the time of a loop over names and values. For
`<%{a->}, %{b} %{?c} %{[d][e]}` it reads::

    def take(event, text):
        try:
            if not text.startswith('<'): return False
            text = text[1:]
            [p0, text] = text.split(', ', 1)
            text = behind(text, ', ')
            [p1, p2, p3] = text.split(' ', 2)
        except ValueError:
            return False
        event['a'] = p0
        event['b'] = p1
        put3(event, [p0, p1, p2, p3])
        return True

A text of another form can't be unpacked, which is the ValueError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from logsluice.filters._common import named_by_data
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.text import ruby_text
from logsluice.model import Event

Take: TypeAlias = Callable[[Event, str], bool]
"""Puts the parts of a text into an event; False where the pattern does not match. Raises CannotSet."""

_Put: TypeAlias = Callable[[Event, Sequence[str]], None]
"""Puts one part into an event; it is given all of them."""

_PART = re.compile(r"(.*?)%\{([^}]*)\}", re.DOTALL)
_NAME = re.compile(r"(?P<kind>[?+&]?)(?P<name>.*?)(?:/(?P<order>[0-9]{1,4}))?(?P<padded>->)?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """One `%{…}` of a pattern, and the delimiters around it.

    Attributes:
        kind: `""`, `?` for what is not kept, `+` for what is appended, `&` for what another part names.
        name: The field's.
        order: Among those that are appended.
        padded: Whether the delimiter behind it may be repeated.
        before: The delimiter before it.
        after: The delimiter behind it.
    """

    kind: str
    name: str
    order: int
    padded: bool
    before: str
    after: str

    @property
    def is_plain(self) -> bool:
        """Whether its value goes into the event without any check."""
        return not self.kind and "[" not in self.name and not self.name.startswith("@")


def read(pattern: str) -> list[Part]:
    """The parts of a pattern.

    Raises:
        ValueError: There is none, or one can't be understood.
    """
    found = list(_PART.finditer(pattern))
    if not found:
        raise ValueError(f"the pattern {pattern!r} names no field: write %{{name}}")
    afters = [*(match[1] for match in found[1:]), pattern[found[-1].end() :]]
    return [_part(match[2], match[1], after) for match, after in zip(found, afters, strict=True)]


def undivided(parts: Sequence[Part]) -> str:
    """A field that no delimiter parts from the next one, "" where there is none: such a pattern never matches."""
    return next((part.name or "?" for part in parts[:-1] if not part.after), "")


def compile_parts(parts: Sequence[Part], consumes_first: bool) -> Take:
    """Compile.

    Args:
        parts: See `read`.
        consumes_first: Whether a delimiter at the very start of the text ends an empty first field. In Logstash it
            does not.
    """
    if undivided(parts):
        return lambda _, __: False
    namespace: dict[str, Any] = {f"put{n}": _put(n, parts) for n in range(len(parts))}
    namespace["behind"] = _behind
    namespace["from_start"] = lambda text: _from_start(parts, text)
    source = "\n".join(_source(parts, consumes_first))
    exec(compile(source, "<generated for a pattern>", "exec"), namespace)  # noqa: S102 - our own text
    taken: Take = namespace["take"]
    return taken


def _part(text: str, before: str, after: str) -> Part:
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
    return Part(kind if name else "?", name, int(match["order"] or 0), bool(match["padded"]), before, after)


def _source(parts: Sequence[Part], consumes_first: bool) -> Iterator[str]:
    values = [f"p{n}" for n in range(len(parts))]
    lead, first = parts[0].before, parts[0].after
    yield "def take(event, text):"
    yield "  try:"
    if lead:
        yield f"    if not text.startswith({lead!r}): return False"
        yield f"    text = text[{len(lead)}:]"
    elif first and not consumes_first:
        yield f"    if text.startswith({first!r}): [{', '.join(values)}] = from_start(text)"
        yield "    else:"
    for line in _unpacking(parts):
        yield f"      {line}" if first and not lead and not consumes_first else f"    {line}"
    yield "  except ValueError:"
    yield "    return False"
    for n, part in sorted(enumerate(parts), key=lambda each: _order(each[1])):
        if part.is_plain:
            yield f"  event[{part.name!r}] = p{n}"
        elif part.kind != "?":
            yield f"  put{n}(event, [{', '.join(values)}])"
    yield "  return True"


def _unpacking(parts: Sequence[Part]) -> Iterator[str]:
    """Runs of equal delimiters are split at once."""
    at = 0
    while at < len(parts):
        delimiter = parts[at].after
        if not delimiter:
            yield f"p{at} = text"
            return
        end = at + 1
        while end < len(parts) and parts[end].after == delimiter and not parts[end - 1].padded:
            end += 1
        is_last = end == len(parts) - 1 and not parts[end].after and not parts[end - 1].padded
        names = [f"p{n}" for n in range(at, end)]
        yield f"[{', '.join([*names, f'p{end}' if is_last else 'text'])}] = text.split({delimiter!r}, {end - at})"
        if is_last:
            return
        if parts[end - 1].padded:
            yield f"text = behind(text, {delimiter!r})"
        at = end


def _behind(text: str, delimiter: str, at: int = 0) -> str:
    """A text without the delimiters that it begins with; cut once, for there may be very many."""
    while text.startswith(delimiter, at):
        at += len(delimiter)
    return text[at:]


def _from_start(parts: Sequence[Part], text: str) -> list[str]:
    """As Logstash does it: a delimiter at the very start gives an empty part, and is found again.

    Raises:
        ValueError: The pattern does not match.
    """
    found: list[str] = []
    at = 0
    for n, part in enumerate(parts):
        if n and parts[n - 1].padded:
            while text.startswith(part.before, at):
                at += len(part.before)
        end = text.index(part.after, at) if part.after else len(text)
        found.append(text[at:end])
        at = end + len(part.after) if end else 0
    return found


def _order(part: Part) -> tuple[int, int]:
    """Fields come first, then what is appended to them, then what they name."""
    return {"": 0, "?": 0, "+": 1, "&": 2}[part.kind], part.order


def _put(number: int, parts: Sequence[Part]) -> _Put | None:
    """How a part is put that is not plain."""
    part = parts[number]
    if part.is_plain or part.kind == "?":
        return None
    if part.kind == "&":
        return _indirect(number, parts)
    field = Reference(part.name)
    if part.kind == "+":
        return _append(number, field, part.before if number and part.before else " ")
    return lambda event, found: field.set(event, found[number])


def _append(number: int, field: Reference, joint: str) -> _Put:
    def put(event: Event, found: Sequence[str]) -> None:
        there = field.find(event)
        field.set(event, found[number] if there is MISSING else f"{ruby_text(there)}{joint}{found[number]}")

    return put


def _indirect(number: int, parts: Sequence[Part]) -> _Put:
    name = parts[number].name
    field = Reference(name)
    others = [n for n, part in enumerate(parts) if part.name == name and n != number]

    def put(event: Event, found: Sequence[str]) -> None:
        value = field.find(event)
        called = ruby_text(value) if value is not MISSING else found[others[0]] if others else ""
        if called:
            named_by_data(called).set(event, found[number])

    return put
