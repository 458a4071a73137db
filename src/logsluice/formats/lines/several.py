"""Several lines as one event; Logstash's codec `multiline` is the model for the options and tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from logsluice.components import near
from logsluice.formats.fields import Field
from logsluice.framing.multiline import MAX_BYTES, MAX_LINES, Multiline
from logsluice.lang.ruby_regex import TIMEOUT_SECONDS, compile_ruby

if TYPE_CHECKING:
    from logsluice.model import Format, Framing, Origin, Parsed, Parser, Records

_OPTIONS = ("pattern", "what", "negate", "max_lines", "max_bytes", "tag")


@dataclass(frozen=True, slots=True)
class SeveralLines:
    """A format of lines whose records are several lines each.

    Attributes:
        inner: Makes the events.
        framing: Joins the lines.
        max_lines: An event with more gets a tag.
        max_bytes: An event with as many gets a tag.
        tag: For events of several lines; "" for none.
    """

    inner: Format
    framing: Framing
    max_lines: int
    max_bytes: int
    tag: str

    @property
    def name(self) -> str:
        """As its lines'."""
        return self.inner.name

    @property
    def fields(self) -> Sequence[Field]:
        """As its lines'."""
        return self.inner.fields

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """A parser of its lines, that tags."""
        return _Parser(self, self.inner.parser())


@dataclass(frozen=True, slots=True)
class _Parser:
    form: SeveralLines
    inner: Parser

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        results = self.inner.parse(records)
        for result, record in zip(results, records.records, strict=True):
            breaks = record.count(b"\n")
            if breaks and isinstance(result, dict):
                tags = [self.form.tag] if self.form.tag else []
                if len(record) - breaks >= self.form.max_bytes:
                    tags.append("multiline_codec_max_bytes_reached")
                if breaks + 1 > self.form.max_lines:
                    tags.append("multiline_codec_max_lines_reached")
                if tags:
                    result["tags"] = tags
        return results


def several_lines(options: Mapping[str, Any], inner: Format, charset: str = "utf-8") -> Format:
    """The format.

    Args:
        options: Of `multiline`.
        inner: Makes the events; it says where lines end.
        charset: In which the pattern is looked for.

    Raises:
        ValueError: An option is missing, unknown or of no use.
    """
    for name in options:
        if name not in _OPTIONS:
            raise ValueError(f"multiline has no option {name!r}{near(str(name), _OPTIONS)}")
    what: Literal["previous", "next"] = options.get("what", "previous")
    if what not in ("previous", "next"):
        raise ValueError(f"multiline: `what` is `previous` or `next`, not {what!r}")
    if not isinstance(options.get("pattern"), str):
        raise ValueError("multiline needs a `pattern`: a regular expression for lines that belong to another one")
    pattern = compile_ruby(options["pattern"], dotall=True)
    negate = options.get("negate") is True
    limits = {
        name: options.get(name, default) for name, default in (("max_lines", MAX_LINES), ("max_bytes", MAX_BYTES))
    }
    for name, limit in limits.items():
        if type(limit) is not int or limit < 1:
            raise ValueError(f"multiline: `{name}` must be a number from 1")

    def belongs(line: bytes) -> bool:
        try:
            found = pattern.search(line.decode(charset, "replace"), timeout=TIMEOUT_SECONDS) is not None
        except TimeoutError:
            found = False
        return found is not negate

    framing = Multiline(inner.framing, belongs, what, **limits)
    return SeveralLines(inner, framing, **limits, tag=str(options.get("tag", "multiline")))
