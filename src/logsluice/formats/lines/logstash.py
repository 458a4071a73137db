r"""Text as Logstash's codecs `plain`, `line` and `multiline` give it.

- Empty lines are events, and bytes that are no UTF-8 show as Ruby inspects them: `\xE9`, and then quotes, backslashes
  and line feeds in that message are escaped, too. In another `charset`, they become U+FFFD.
- `newline`: whether messages end in their newline. `cut`: never. `kept`: as it is (the input `s3`, for what is not
  compressed). `added`: a line feed, whatever ended the line (the input `s3snssqs`).
- `cut_keys`: a Ruby regular expression; where it is found in the object's key, the newline is cut (`s3` for gzip).
- `delimiter`: what ends a line, instead of a line feed. `whole`: nothing does, all of it is one message.
- `headers`: CloudFront's lines `#Version: …` and `#Fields: …` are no events; later events get what they say as
  `cloudfront_version` and `cloudfront_fields`.

Facts: the sources of logstash-core (Charset), of the inputs `s3` and `s3snssqs` and of the codecs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from logsluice.components import near
from logsluice.formats.fields import Field
from logsluice.formats.lines.several import several_lines
from logsluice.framing.delimited import Delimited
from logsluice.framing.whole import Whole
from logsluice.lang.ruby_regex import TIMEOUT_SECONDS, compile_ruby
from logsluice.lang.ruby_text import inspect_bytes

if TYPE_CHECKING:
    from logsluice.model import Format, Framing, Origin, Parsed, Parser, Records

_OPTIONS = ("newline", "cut_keys", "delimiter", "whole", "headers")
_NEWLINES = ("cut", "kept", "added")
_HEADER = re.compile(r"#(Version|Fields): (.+)")

FIELDS = (
    Field("message", "text", about="The line"),
    Field("cloudfront_version", about="Of CloudFront's header line, where there was one"),
    Field("cloudfront_fields", "text", about="Likewise, the names of the columns"),
)


@dataclass(frozen=True, slots=True)
class LogstashText:
    """See the module's documentation."""

    newline: Literal["cut", "kept", "added"]
    cut_keys: str
    headers: bool
    charset: str
    framing: Framing
    name: str = "lines"
    fields: Sequence[Field] = FIELDS

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """The same, or one that cuts newlines where the key says so."""
        if not self.cut_keys or self.newline == "cut":
            return self
        try:
            found = compile_ruby(self.cut_keys).search(origin.name, timeout=TIMEOUT_SECONDS)
        except TimeoutError:
            found = None
        return replace(self, newline="cut", framing=Delimited(returns=True)) if found else self

    def parser(self) -> Parser:
        """Remembers what header lines say."""
        return _Parser(self)


@dataclass(slots=True)
class _Parser:
    form: LogstashText
    headers: dict[str, str] = field(default_factory=dict)

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        texts = [_decoded(line, self.form.charset) for line in self._lines(records)]
        if not self.form.headers:
            return [{"message": text} for text in texts]
        return [self._event(text) for text in texts]

    def _lines(self, records: Records) -> list[bytes]:
        if self.form.newline == "cut":
            return records.records
        if self.form.newline == "added":
            return [record + b"\n" for record in records.records]
        return [record + records.terminator(index) for index, record in enumerate(records.records)]

    def _event(self, text: str) -> Parsed:
        if text.startswith("#") and (header := _HEADER.match(text.strip())):
            self.headers[f"cloudfront_{header[1].lower()}"] = header[2]
            return None
        return {"message": text, **self.headers}


def _decoded(line: bytes, charset: str) -> str:
    if charset != "utf-8":
        return line.decode(charset, "replace")
    try:
        return line.decode()
    except UnicodeDecodeError:
        return inspect_bytes(line)


def logstash_text(options: Mapping[str, Any], charset: str, multiline: Mapping[str, Any] | None) -> Format:
    """The format.

    Args:
        options: See the module's documentation.
        charset: Of the text.
        multiline: See `logsluice.formats.lines`.

    Raises:
        ValueError: An option is unknown or of no use.
    """
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"as_logstash has no option {name!r}{near(str(name), _OPTIONS)}")
    newline: Literal["cut", "kept", "added"] = options.get("newline", "cut")
    if newline not in _NEWLINES:
        raise ValueError(f"as_logstash: `newline` is one of {', '.join(_NEWLINES)}, not {newline!r}")
    delimiter = str(options.get("delimiter", "\n"))
    if not delimiter:
        raise ValueError("as_logstash: an empty `delimiter` ends no line")
    cut_keys = str(options.get("cut_keys", ""))
    compile_ruby(cut_keys)
    framing = Whole() if options.get("whole") is True else Delimited(delimiter.encode(), returns=newline == "added")
    form = LogstashText(newline, cut_keys, options.get("headers") is True, charset, framing)
    return form if multiline is None else several_lines(multiline, form, charset)
