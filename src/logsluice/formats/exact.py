"""The exact parser of positional lines: token by token, for every line that the generated loop leaves alone.

What it knows of AWS's lines: columns are parted by exactly one delimiter, two in a row enclose an empty one. A column
may be in double quotes; within them `\\"` is a quote, and a quote that no delimiter follows belongs to the value
(AWS does not escape every one). A column in square brackets may hold the delimiter (times of S3 access logs).
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from logsluice.errors import Unparsable

if TYPE_CHECKING:
    from logsluice.formats.table import Table
    from logsluice.model import Event

PLAIN, QUOTED, BRACKETED = "pqb"
"""How a token stands in the line: one letter each; together they are the line's layout."""

MOST_EXTRAS = 32
"""A line with more unknown columns than this is of another format."""

_SHOWN = 80
_ESCAPE = re.compile(r'\\(["\\])')
_MEANT = {"integer": "an integer", "float": "a number", "time": "a time"}


@cache
def _token(delimiter: str, quotes: bool, brackets: bool) -> re.Pattern[str]:
    """One token and what ends it. The quoted form is tried first, so an unfinished quote becomes a plain token.

    What repeats possessively is an atomic group everywhere: without, Python before 3.11.5 (Debian 12 has 3.11.2) goes
    on at a wrong place after an iteration that fails in its middle (CPython's gh-106052).
    """
    end = f"(?={re.escape(delimiter)}|$)"
    forms = [rf"(?P<plain>[^{re.escape(delimiter)}]*)"]
    if brackets:
        forms.insert(0, rf"\[(?P<bracketed>[^\]]*)\]{end}")
    if quotes:
        forms.insert(0, rf'"(?P<quoted>[^"\\]*+(?:(?>(?:\\.|\\$|"(?!{re.escape(delimiter)}|$))[^"\\]*+))*+)"{end}')
    return re.compile("|".join(forms), re.DOTALL)


def tokens(line: str, table: Table) -> tuple[list[str], str]:
    """A line's tokens without their quotes and brackets, and its layout.

    Raises:
        Unparsable: A quote that nothing closes, or far too many columns.
    """
    most = len(table.columns) + MOST_EXTRAS
    pattern = _token(table.delimiter, table.quotes, table.brackets)
    found: list[str] = []
    layout: list[str] = []
    at = 0
    while True:
        match = pattern.match(line, at)
        assert match is not None, "the plain form matches everything, the empty token included"
        form = match.lastgroup
        token = match[form or 0]
        if form == "quoted":
            layout.append(QUOTED)
            token = _ESCAPE.sub(r"\1", token)
        elif form == "bracketed":
            layout.append(BRACKETED)
        else:
            if table.quotes and token[:1] == '"':
                raise Unparsable(f"the quote at character {at} is never closed")
            layout.append(PLAIN)
        found.append(token)
        if len(found) > most:
            raise Unparsable(f"more than {most} columns, this format has {len(table.columns)}")
        at = match.end()
        if at == len(line):
            return found, "".join(layout)
        at += len(table.delimiter)


def parse(line: str, table: Table) -> tuple[Event | Unparsable, str]:
    """One line to an event, or to the reason why not; and its layout, "" when it has none."""
    try:
        found, layout = tokens(line, table)
    except Unparsable as problem:
        return problem, ""
    if table.mend and len(mended := table.mend(found)) != len(found):
        found, layout = mended, ""
    if len(found) < table.at_least:
        return Unparsable(f"{len(found)} columns; lines of this format have {table.at_least} or more"), ""
    event: Event = {}
    for column, token in zip(table.padded(len(found)), found, strict=True):
        try:
            column.read(token, event)
        except ValueError:
            meant = next((_MEANT[field.kind] for field in column.fields if field.kind in _MEANT), "such a value")
            return Unparsable(f"column {column.aws}: {token[:_SHOWN]!r} is not {meant}"), ""
    if table.finish:
        try:
            table.finish(event)
        except ValueError as error:
            return Unparsable(str(error)), ""
    return event, layout
