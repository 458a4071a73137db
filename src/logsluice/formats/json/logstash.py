"""JSON as Logstash's `json` and `json_lines` codecs take it: each line by itself, or all of it, and nothing is refused.

A line that is no JSON object becomes its `message` with the tag `_jsonparsefailure`; the objects of an array are events
of their own. `@timestamp` counts when it is a time; else it is put aside as `_@timestamp`, with a tag. `tags` that are
neither a text nor a list of texts are put aside likewise. Facts: the answers of Logstash 8.19.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import NOT_A_TIME, iso8601
from logsluice.framing.lines import Lines
from logsluice.framing.whole import Whole
from logsluice.lang.from_json import loads
from logsluice.lang.ruby_text import inspect_bytes

if TYPE_CHECKING:
    from logsluice.model import Event, Format, Framing, Origin, Parsed, Parser, Records

LINES = Lines()
WHOLE = Whole()


@dataclass(frozen=True, slots=True)
class LogstashJson:
    """See the module's documentation."""

    charset: str = "utf-8"
    framing: Framing = LINES
    name: str = "json"
    fields: Sequence[Field] = ()
    brings_metadata: bool = True

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """Lines have no state."""
        return self

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        if self.charset != "utf-8":
            return [_parsed(record.decode(self.charset, "replace").encode()) for record in records.records]
        return [_parsed(record) for record in records.records]


def _parsed(record: bytes) -> Parsed:
    if not record.strip():
        return None
    try:
        value = loads(record)
    except ValueError:
        return _failure(record)
    if type(value) is dict:
        return event_of(value)
    if type(value) is list and value and all(type(item) is dict for item in value):
        return [event_of(item) for item in value]
    return _failure(record)


def _failure(record: bytes) -> Event:
    try:
        text = record.decode()
    except UnicodeDecodeError:
        text = inspect_bytes(record)
    return {"message": text, "tags": ["_jsonparsefailure"]}


def event_of(data: dict[str, Any]) -> Event:
    """The event that a JSON object makes in Logstash."""
    if not isinstance(data.get("@metadata", {}), dict):
        del data["@metadata"]
    if "@timestamp" in data:
        try:
            data["@timestamp"] = iso8601(data["@timestamp"])
        except NOT_A_TIME:
            data["_@timestamp"] = data.pop("@timestamp")
            _tag(data, "_timestampparsefailure")
    tags = data.get("tags", "")
    if not isinstance(tags, str) and not _are_texts(tags):
        del data["tags"]
        data["_tags"] = [tags]
        _tag(data, "_tagsparsefailure")
    return data


def _are_texts(tags: Any) -> bool:
    return isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)


def _tag(data: dict[str, Any], tag: str) -> None:
    tags = data.get("tags")
    if tags is None:
        data["tags"] = [tag]
    elif isinstance(tags, str):
        data["tags"] = [tags, tag]
    elif _are_texts(tags):
        tags.append(tag)
