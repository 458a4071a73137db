"""Any JSON: one object a line, documents one after the other, an array, or an array inside an object.

Which of these it is is found by itself, but for the array inside an object, whose dotted path is `records_path`. Every
key stays as it is.

With `timestamp_field`, that top-level key becomes `@timestamp` and goes; a record where it is missing or can't be read
is refused. `timestamp_format` is one of S3logsbeat's `timeISO8601`, `timeUnixMilliseconds` and `time:LAYOUT` (a layout
of Go, such as `time:2006-01-02 15:04:05`), or `ISO8601`, `UNIX`, `UNIX_MS`, as the `date` filter calls them.
Without it, `@timestamp`, `timestamp` or `time` counts when it is ISO 8601 text, and stays.

`as_logstash: true` takes each line by itself and refuses nothing, as Logstash's codecs `json` and `json_lines` do;
`as_logstash: whole` takes all of a message or a request as one document. `charset` is for these two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from logsluice.components import near
from logsluice.errors import Unparsable
from logsluice.formats.json.logstash import LINES, WHOLE, LogstashJson
from logsluice.formats.json_documents import (
    NOT_A_TIME,
    Convert,
    JsonFormat,
    ReadTime,
    begins_json,
    epoch_milliseconds,
    epoch_seconds,
    iso8601,
)
from logsluice.framing.json_records import JsonRecords
from logsluice.lang.charsets import charset_name
from logsluice.lang.go_times import parse_layout

if TYPE_CHECKING:
    from logsluice.model import Event, Format, Parsed

_GO_LAYOUT = "time:"
_READERS: dict[str, ReadTime] = {
    "timeISO8601": iso8601,
    "timeUnixMilliseconds": epoch_milliseconds,
    "ISO8601": iso8601,
    "UNIX": epoch_seconds,
    "UNIX_MS": epoch_milliseconds,
}


def build(
    records_path: str | None = None,
    timestamp_field: str | None = None,
    timestamp_format: str = "ISO8601",
    as_logstash: bool | Literal["whole"] = False,
    charset: str = "utf-8",
) -> Format:
    """The format.

    Args:
        records_path: Dotted path of the array whose elements are the records.
        timestamp_field: The top-level key that holds the time.
        timestamp_format: How to read it.
        as_logstash: By lines, or `whole`, refusing nothing.
        charset: With `as_logstash`, of the text.

    Raises:
        ValueError: `timestamp_format` is none of those, its layout is none of Go's, there is no such charset, or
            `as_logstash` has company.
    """
    if as_logstash:
        if records_path or timestamp_field:
            raise ValueError("as_logstash goes without records_path and timestamp_field: use filters")
        return LogstashJson(charset_name(charset), WHOLE if as_logstash == "whole" else LINES)
    read = _reader(timestamp_format)
    convert = _guess_time if timestamp_field is None else _required_time(timestamp_field, read, timestamp_format)
    return JsonFormat("json", (), JsonRecords(*([records_path] if records_path else [])), convert)


def _reader(name: str) -> ReadTime:
    if name.startswith(_GO_LAYOUT):
        return parse_layout(name.removeprefix(_GO_LAYOUT))
    if name not in _READERS:
        raise ValueError(
            f"timestamp_format {name!r} is none of {', '.join(_READERS)} and {_GO_LAYOUT}LAYOUT{near(name, _READERS)}"
        )
    return _READERS[name]


def _required_time(name: str, read: ReadTime, described: str) -> Convert:
    if name == "@timestamp":  # the parser has read it already, or else put it aside
        aside = _required_time("_@timestamp", read, described)
        return lambda event: event if name in event else aside(event)

    def convert(event: Event) -> Parsed:
        if name not in event:
            return Unparsable(f"the timestamp_field {name!r} is missing")
        try:
            event["@timestamp"] = read(event[name])
        except NOT_A_TIME:
            return Unparsable(f"the timestamp_field {name!r} can't be read as {described}: {str(event[name])[:100]!r}")
        del event[name]
        return event

    return convert


def _guess_time(event: Event) -> Parsed:
    if "@timestamp" not in event:
        for name in ("timestamp", "time"):
            if isinstance(event.get(name), str):
                try:
                    event["@timestamp"] = iso8601(event[name])
                except NOT_A_TIME:
                    continue
                break
    return event


def recognise(name: str, head: bytes) -> float:  # noqa: ARG001 - the contract's
    """Any JSON, where nothing else is surer."""
    return 0.1 if begins_json(head) else 0.0
