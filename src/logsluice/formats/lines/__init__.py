r"""Any text: each line is an event with its `message`, and nothing is looked for in it.

The event's time is when the object was written, for a line says nothing of its own. With `keep_newline`, the message
ends in the newline that ended the line. `charset` is what the bytes are written in; what can't be read becomes U+FFFD.

**Several lines as one event**, such as stack traces, whose id is that of their first line:

    format: {type: lines, multiline: {pattern: '^\s', what: previous}}

A line in which `pattern` (a Ruby regular expression) is found belongs to the `previous` or the `next` one; with
`negate: true`, one in which it is not found. After `max_lines` (500) or `max_bytes` (10 MiB) the event ends anyway.
Events of several lines get the tag `tag` (`multiline`; "" for none).

`as_logstash` takes text exactly as Logstash's codecs `plain`, `line` and `multiline` do: see
`logsluice.formats.lines.logstash`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logsluice.formats.fields import Field
from logsluice.framing.lines import Lines
from logsluice.lang.charsets import charset_name

if TYPE_CHECKING:
    from logsluice.model import Format, Framing, Origin, Parsed, Parser, Records

LINES = Lines()
FIELDS = (Field("message", "text", about="The line"),)


@dataclass(frozen=True, slots=True)
class LinesFormat:
    """See the module's documentation."""

    keep_newline: bool = False
    charset: str = "utf-8"
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
        charset = self.charset
        texts = [record.decode(charset, "replace") for record in records.records]
        if self.keep_newline:
            texts = [text + records.terminator(index).decode() for index, text in enumerate(texts)]
        return [{"message": text} for text in texts]


def build(
    keep_newline: bool = False,
    charset: str = "utf-8",
    multiline: Mapping[str, Any] | None = None,
    as_logstash: Mapping[str, Any] | None = None,
) -> Format:
    """The format.

    Args:
        keep_newline: Whether messages keep the newline that ended their line.
        charset: Of the text.
        multiline: `pattern`, `what`, `negate`, `max_lines`, `max_bytes`, `tag`: see above.
        as_logstash: See `logsluice.formats.lines.logstash`.

    Raises:
        ValueError: There is no such charset, or an option of `multiline` or `as_logstash` can't be used.
    """
    charset = charset_name(charset)
    if multiline is None and as_logstash is None:
        return LinesFormat(keep_newline, charset)
    from logsluice.formats.lines.logstash import logstash_text
    from logsluice.formats.lines.several import several_lines

    if as_logstash is not None:
        return logstash_text(as_logstash, charset, multiline)
    assert multiline is not None
    return several_lines(multiline, LinesFormat(keep_newline, charset))


def recognise(name: str, head: bytes) -> float:  # noqa: ARG001 - the contract's
    """Anything that is text at all, where nothing else is surer."""
    return 0.01
