"""Tables as S3logsbeat reads them, for those who want its documents to the letter.

It keeps `-` in columns where we see no value, and takes `+` in what is percent-encoded for a space. Facts: its patterns
and `kind.go`, in the package `logparser` of its last commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from logsluice.formats.columns import Column
from logsluice.formats.values import form_decoded, fully_decoded, fully_form_decoded, percent_decoded

_DECODING: tuple[tuple[Callable[[str], Any], Callable[[str], Any]], ...] = (
    (percent_decoded, form_decoded),
    (fully_decoded, fully_form_decoded),
)


def as_s3logsbeat(columns: Collection[Column], with_dashes: Collection[str]) -> tuple[Column, ...]:
    """The columns as it reads them.

    Args:
        columns: Ours.
        with_dashes: Those in which it keeps a `-`, by their first field.
    """
    return tuple(_column(column, column.fields[0].name in with_dashes) for column in columns)


def _column(column: Column, dashes: bool) -> Column:
    convert = next((theirs for ours, theirs in _DECODING if column.convert is ours), column.convert)
    return replace(column, absent=() if dashes else column.absent, convert=convert)
