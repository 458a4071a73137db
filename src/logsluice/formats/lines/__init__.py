"""Any text: each line is an event with its `message`, and nothing is looked for in it.

The event's time is when the object was written, for a line says nothing of its own. With `keep_newline`, the message
ends in the newline that ended the line, as Logstash's `s3snssqs` input gives it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from logsluice.formats.fields import Field
from logsluice.framing.lines import Lines

if TYPE_CHECKING:
    from logsluice.model import Format, Framing, Origin, Parsed, Parser, Records

LINES = Lines()
FIELDS = (Field("message", "text", about="The line"),)


@dataclass(frozen=True, slots=True)
class LinesFormat:
    """See the module's documentation."""

    keep_newline: bool = False
    name: str = "lines"
    fields: Sequence[Field] = FIELDS
    framing: Framing = LINES

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """Lines have no state."""
        return self

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        texts = [record.decode("utf-8", "replace") for record in records.records]
        if self.keep_newline:
            texts = [text + records.terminator(index).decode() for index, text in enumerate(texts)]
        return [{"message": text} for text in texts]


def build(keep_newline: bool = False) -> Format:
    """The format.

    Args:
        keep_newline: Whether messages keep the newline that ended their line.
    """
    return LinesFormat(keep_newline)


def recognise(name: str, head: bytes) -> float:  # noqa: ARG001 - the contract's
    """Anything that is text at all, where nothing else is surer."""
    return 0.01
