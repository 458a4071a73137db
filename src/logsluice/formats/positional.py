"""Positional formats at work: a `Format` and a `Parser` around a table.

A new format is a folder with a table and two lines::

    build = positional("my_format", TABLE)
    recognise = recogniser(path=r"/my-service/", line=rb"\\d+ \\S+ ")
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logsluice.errors import Unparsable
from logsluice.formats import exact
from logsluice.formats.fields import Field
from logsluice.formats.generate import Loop, loop
from logsluice.formats.table import Table, fields_of
from logsluice.framing.lines import Lines

if TYPE_CHECKING:
    from logsluice.model import Event, Format, Framing, Origin, Parsed, Parser, Records

ReadHeader = Callable[[str], "Table | bool"]
"""What a line says of those after it: their table; True: a comment; False: it is no header line."""


def no_header(line: str) -> Table | bool:  # noqa: ARG001 - the contract's
    """For formats whose objects have no header lines."""
    return False


@dataclass(frozen=True, slots=True, eq=False)
class Positional:
    """A positional format.

    Attributes:
        name: The folder's name.
        table: What lines look like until a header says otherwise.
        header: Reads header lines.
        fields: Every field that its events may have.
    """

    name: str
    table: Table
    header: ReadHeader = no_header
    fields: Sequence[Field] = ()

    @property
    def framing(self) -> Framing:
        """Lines."""
        return Lines()

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """A parser that starts with the format's own table."""
        return PositionalParser(self.table, self.header)


class PositionalParser:
    """Parses the lines of one payload: by the loop for the layout that most lines have, the others exactly."""

    def __init__(self, table: Table, header: ReadHeader = no_header) -> None:
        self._table = table
        self._header = header
        self._loop: Loop | None = None
        self._missed: Counter[tuple[Table, str]] = Counter()

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        try:
            lines = [record.decode() for record in records.records]
        except UnicodeDecodeError:
            lines = [record.decode("utf-8", "replace") for record in records.records]
        parsed: list[Parsed] = []
        while len(parsed) < len(lines):
            rest = lines[len(parsed) :] if parsed else lines
            try:
                self._choose(rest[0])(rest, parsed.append, self._exactly)
            except _NewTable as header:
                self._table, self._loop = header.table, None
                parsed.append(None)
        self._adapt(len(lines))
        return parsed

    def _choose(self, line: str) -> Loop:
        """The loop to use: at the beginning, and after a header, the one for the first line."""
        if self._loop is None and self._header(line) is False:
            _, table, layout = self._parse(line)
            self._loop = loop(table, layout) if layout else None
        return self._loop or _each_exactly

    def _parse(self, line: str) -> tuple[Event | Unparsable, Table, str]:
        """One line by the table, or by the one that its lines of another kind have."""
        parsed, layout = exact.parse(line, self._table)
        if not layout and isinstance(parsed, Unparsable) and self._table.other:
            other = self._table.other(line)
            if other:
                parsed, layout = exact.parse(line, other)
                return parsed, other, layout
        return parsed, self._table, layout

    def _exactly(self, line: str) -> Parsed:
        header = self._header(line)
        if isinstance(header, Table):
            raise _NewTable(header)
        if header:
            return None
        parsed, table, layout = self._parse(line)
        self._missed[table, layout] += 1
        return parsed

    def _adapt(self, lines: int) -> None:
        """When most lines of a batch took the long way in one layout, the next batch gets a loop of that layout."""
        if self._missed:
            (table, layout), count = self._missed.most_common(1)[0]
            if layout and count * 2 > lines:
                self._loop = loop(table, layout)
            self._missed.clear()


class _NewTable(Exception):
    """A header line in the middle of the lines: those after it have another table."""

    def __init__(self, table: Table) -> None:
        self.table = table


def _each_exactly(lines: list[str], add: Callable[[Parsed], None], exact: Callable[[str], Parsed]) -> None:
    for line in lines:
        add(exact(line))


def positional(name: str, table: Table, *, also: Sequence[Field] = ()) -> Callable[[], Format]:
    """The `build` of a format without options.

    Args:
        name: The folder's name.
        table: Its columns.
        also: Fields that events may have besides the table's.
    """
    known = {field.name for field in table.fields}
    fields = (*table.fields, *(field for field in also if field.name not in known))

    def build() -> Format:
        return Positional(name, table, fields=fields)

    return build


def recogniser(path: str, line: bytes) -> Callable[[str, bytes], float]:
    """The `recognise` of a format: how sure it is of a payload, from 0 to 1.

    Args:
        path: Searched in the object's key: AWS's own path says most.
        line: Matched at the first line.
    """
    in_path, first_line = re.compile(path), re.compile(line)

    def recognise(name: str, head: bytes) -> float:
        """1 when both the key and the first line fit, 0 when the first line does not."""
        if not first_line.match(head):
            return 0.0
        return 1.0 if in_path.search(name) else 0.8

    return recognise


__all__ = ["Positional", "PositionalParser", "fields_of", "positional", "recogniser"]
