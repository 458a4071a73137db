"""Formats whose records are JSON objects, each made from a small declaration.

A new format is a folder with its fields and two lines::

    build = json_format("my_service", FIELDS, time="eventTime")
    recognise = recogniser(path=r"/my-service/", keys=(b'"myServiceId"',))

Keys keep AWS's own names. The time of the event becomes `@timestamp`, as text or number it is then gone.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

import orjson

from logsluice.errors import Unparsable
from logsluice.formats.fields import Field
from logsluice.framing.json_records import JsonRecords

if TYPE_CHECKING:
    from logsluice.model import Event, Format, Framing, Origin, Parsed, Parser, Records

Convert: TypeAlias = "Callable[[Event], Parsed]"
"""From a decoded record to what it gives; raises nothing, whatever its values are."""

ReadTime: TypeAlias = Callable[[Any], datetime]
"""From a value to an aware UTC time; raises ValueError, TypeError or OverflowError when it is none."""

NOT_A_TIME = (ValueError, TypeError, OverflowError)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON_START = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{\s*["}]|(?:\xef\xbb\xbf)?\s*\[\s*\]')
_RESERVED = frozenset({"@timestamp", "@metadata"})


def iso8601(value: Any) -> datetime:
    """`2026-01-31T12:00:00Z`, with fractions and any offset; UTC where it names none."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def epoch_milliseconds(value: Any) -> datetime:
    """Milliseconds since 1970, as a number or its digits."""
    return _EPOCH + timedelta(milliseconds=value if type(value) is int else _number(value))


def epoch_seconds(value: Any) -> datetime:
    """Seconds since 1970, perhaps with a fraction, as a number or its digits."""
    return _EPOCH + timedelta(seconds=_number(value))


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("a truth value is no time")
    return float(value)


@dataclass(frozen=True, slots=True)
class JsonFormat:
    """A format of JSON objects.

    Attributes:
        name: The folder's name.
        fields: What it declares.
        framing: Where its records lie.
        convert: From a record to events.
    """

    name: str
    fields: Sequence[Field]
    framing: Framing
    convert: Convert

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """Each record says all there is to know, so there is no state."""
        return JsonParser(self.convert)


class JsonParser:
    """Decodes each record on its own."""

    def __init__(self, convert: Convert) -> None:
        self._convert = convert

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        convert = self._convert
        parsed: list[Parsed] = []
        for record in records.records:
            try:
                value = orjson.loads(record)
            except orjson.JSONDecodeError as error:
                value = _leniently(record, error)
            if type(value) is not dict:
                parsed.append(value if isinstance(value, Unparsable) else Unparsable("a JSON value that is no object"))
                continue
            if not _RESERVED.isdisjoint(value):
                _free_reserved_names(value)
            parsed.append(convert(value))
        return parsed


def json_format(
    name: str,
    fields: Sequence[Field],
    *paths: str,
    time: str | None = None,
    read: ReadTime = iso8601,
    before: Convert | None = None,
) -> Callable[[], Format]:
    """The `build` of a format without options.

    Args:
        name: The folder's name.
        fields: What its events may have; unknown keys stay in the event too. Texts in fields of the kind `time` become
            times.
        *paths: Where arrays of records may lie, see `JsonRecords`.
        time: The top-level key that becomes `@timestamp`; it goes, unless it is declared itself.
        read: How to read it.
        before: Puts a record in order first, or says that it is none.
    """
    steps = [before] if before else []
    if time:
        keep = any(field.name == time for field in fields)
        steps.append(timestamp_from(time, read, keep=keep))
    if times := [field.name for field in fields if field.kind == "time" and field.name != "@timestamp"]:
        steps.append(lambda event: put_times(event, times))
    built = JsonFormat(name, tuple(fields), JsonRecords(*paths), _one_after_the_other(steps))
    return lambda: built


def _one_after_the_other(steps: Sequence[Convert]) -> Convert:
    if len(steps) == 1:
        return steps[0]

    def convert(event: Event) -> Parsed:
        parsed: Parsed = event
        for step in steps:
            if type(parsed) is not dict:
                break
            parsed = step(parsed)
        return parsed

    return convert


def timestamp_from(name: str, read: ReadTime, *, keep: bool = False) -> Convert:
    """Makes a top-level value the event's `@timestamp`; what can't be read stays, and the event has no time."""

    def convert(event: Event) -> Parsed:
        try:
            event["@timestamp"] = read(event[name])
        except (KeyError, *NOT_A_TIME):
            return event
        if not keep:
            del event[name]
        return event

    return convert


def put_times(event: Event, names: Iterable[str]) -> Event:
    """Make times of ISO 8601 texts, where there are any, under their own dotted names."""
    for name in names:
        *outer, last = name.split(".")
        inside: Any = event
        for part in outer:
            inside = inside.get(part) if isinstance(inside, dict) else None
        if isinstance(inside, dict) and last in inside:
            try:
                inside[last] = iso8601(inside[last])
            except NOT_A_TIME:
                continue
    return event


def put_integers(event: Event, *names: str) -> None:
    """Make whole numbers of digits, where there are any, at the top level."""
    for name in names:
        value = event.get(name)
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
            event[name] = int(value)


def unwrapped(event: Event) -> Event:
    """What an Amazon EventBridge event brings (its `detail`), or the record itself."""
    detail = event.get("detail")
    return detail if "detail-type" in event and isinstance(detail, dict) else event


def begins_json(head: bytes) -> bool:
    """Whether a payload's first bytes are those of JSON objects."""
    return _JSON_START.match(head) is not None


def recogniser(path: str, keys: Sequence[bytes], other: Sequence[bytes] = ()) -> Callable[[str, bytes], float]:
    """The `recognise` of a format: how sure it is of a payload, from 0 to 1.

    Args:
        path: Searched in the object's key: AWS's own path says most.
        keys: Must all occur in the first bytes of a JSON payload.
        other: Or else these.
    """
    in_path = re.compile(path)

    def recognise(name: str, head: bytes) -> float:
        """1 when key and content fit, 0.9 for the content alone, 0.5 for JSON under the right key."""
        if not begins_json(head):
            return 0.0
        fits = all(key in head for key in keys) or (bool(other) and all(key in head for key in other))
        return (0.9 if fits else 0.4) + 0.1 if in_path.search(name) else 0.9 * fits

    return recognise


def _free_reserved_names(event: Event) -> None:
    """A record's own `@timestamp` counts when it is one; any other reserved name gets a `_`, as Logstash has it."""
    if "@metadata" in event:
        event["_@metadata"] = event.pop("@metadata")
    if "@timestamp" in event:
        try:
            event["@timestamp"] = iso8601(event["@timestamp"])
        except NOT_A_TIME:
            event["_@timestamp"] = event.pop("@timestamp")


# ----------------------------------------------------------------------------------------- JSON that is not quite


def _leniently(record: bytes, refusal: orjson.JSONDecodeError) -> Any:
    """What orjson refuses and logs contain: bytes that are no UTF-8, control characters, NaN, half surrogates."""
    text = record.decode("utf-8", "replace")
    try:
        return _presentable(
            json.loads(text, strict=False, parse_int=_whole, parse_float=_real, parse_constant=lambda _: None)
        )
    except (ValueError, RecursionError):
        return Unparsable(f"no JSON: {refusal}")


def _whole(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= 18 else _real(digits)


def _real(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _presentable(value: Any) -> Any:
    """With U+FFFD for half surrogates, which no output could encode."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_presentable(item) for item in value]
    if isinstance(value, dict):
        return {_presentable(key): _presentable(item) for key, item in value.items()}
    return value
