"""The table that a positional format is declared as: its columns in order, and how lines are cut.

From it come the declared fields, the generated loop (`generate`) and the exact parser (`exact`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from logsluice.formats.columns import Column, keyword
from logsluice.formats.fields import Field
from logsluice.model import Event


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A positional format.

    AWS appends columns over time. A line may therefore end early, and what comes after the last known column is kept
    as `extra_1`, `extra_2`, … Whether a column is in quotes is seen in the lines and needs no declaration.

    Attributes:
        columns: In the order of the line.
        delimiter: One character between two columns.
        quotes: Whether double quotes enclose columns.
        brackets: Whether square brackets do.
        at_least: A line with fewer columns is not of this format.
        mend: Puts tokens right that the cutting got wrong, before they are read.
        finish: Called with every event at the end, to derive one field from several.
        other: Another table for a line that is no line of this one (two kinds of line in one object).
    """

    columns: tuple[Column, ...]
    delimiter: str = " "
    quotes: bool = True
    brackets: bool = False
    at_least: int = 1
    mend: Callable[[list[str]], list[str]] | None = None
    finish: Callable[[Event], None] | None = None
    other: Callable[[str], Table | None] | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field once, in the order of the columns."""
        return fields_of(self.columns)

    def padded(self, count: int) -> tuple[Column, ...]:
        """The columns of a line that has `count` of them: cut short, or with unknown ones at the end."""
        return self.columns[:count] + _extras(max(0, count - len(self.columns)))


def fields_of(columns: tuple[Column, ...]) -> tuple[Field, ...]:
    """The fields of some columns, each name once."""
    return tuple({field.name: field for column in reversed(columns) for field in reversed(column.fields)}.values())[
        ::-1
    ]


@lru_cache(maxsize=64)
def _extras(count: int) -> tuple[Column, ...]:
    return tuple(keyword(f"extra_{n}") for n in range(1, count + 1))
