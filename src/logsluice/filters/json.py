"""Reads JSON out of a field.

Options:

- `source` (required): the field with the text. Missing, null and false change nothing.
- `target`: the field that gets the value, whatever it is. Without it the keys of an object become fields, replacing
  those that are there.
- `tag_on_failure`: default `_jsonparsefailure`: for what is no JSON, for anything but an object without a target, and
  for `tags` in it that are neither a text nor texts. The event then stays as it was.
- `skip_on_invalid_json` (false): leave events with other text alone, without a tag.
- `ecs_compatibility`: accepted; it changes nothing.

Without a target, `@timestamp` in the object counts when it is an ISO 8601 time; else it is kept as `_@timestamp`, with
the tag `_timestampparsefailure`, and the event has the time of now. What it holds under `@metadata` never replaces our
own. Whole numbers are exact at any length.

Example, in YAML::

    - json: {source: message, target: doc}
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Literal

from logsluice.components import Context
from logsluice.filters._common import OPEN_ENDED, CommonOptions, EachEvent, named_by_data
from logsluice.filters._options import FieldRef, Texts
from logsluice.filters._tags import BAD_TAGS_TAG, TAGS, add_failure_tags
from logsluice.lang.from_json import loads
from logsluice.lang.references import METADATA, TIMESTAMP, CannotSet, Reference
from logsluice.lang.text import ruby_text
from logsluice.lang.times import read_iso8601
from logsluice.model import OWN_METADATA, Event, Filter

BAD_TIMESTAMP = "_@timestamp"
BAD_TIMESTAMP_TAG = "_timestampparsefailure"


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef
    target: FieldRef | None = None
    tag_on_failure: Texts = ("_jsonparsefailure",)
    skip_on_invalid_json: bool = False
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"


class Json(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._source = Reference(config.source)
        self._target = None if config.target is None else Reference(config.target)
        self._failure_tags = config.tag_on_failure
        self._skips = config.skip_on_invalid_json

    def change(self, event: Event) -> bool:
        """Read the text and put its value, or tag."""
        text = self._source.get(event)
        if text is None or text is False:
            return False
        try:
            value = parse(text)
        except ValueError:
            if not self._skips:
                add_failure_tags(event, self._failure_tags)
            return False
        if self._target is not None:
            self._target.set(event, value)
        else:
            put_all(event, value)
        return True


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Json(config)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.target is None:
        yield "source", OPEN_ENDED


def parse(text: Any) -> Any:
    """The value of a JSON text; blank ones are null, as in Logstash. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"a {type(text).__name__} is no JSON text")
    if not text or text.isspace():
        return None
    return loads(text.encode())


def put_all(event: Event, value: Any) -> None:
    """Make fields of an object's keys, which are field references.

    Raises:
        ValueError: It is no object, or something in it can't be put where it belongs.
    """
    if not isinstance(value, dict):
        raise ValueError("what is no object needs a target")
    if TAGS in value and not _are_tags(value[TAGS]):
        raise CannotSet(f"{BAD_TAGS_TAG}: {value[TAGS]!r}")
    moment = value.pop(TIMESTAMP, None)
    metadata = value.pop(METADATA, {})
    if not isinstance(metadata, dict):
        raise CannotSet(f"[@metadata] holds an object, not {metadata!r}")
    if metadata:
        brought = {name: inner for name, inner in metadata.items() if name not in OWN_METADATA}
        event[METADATA] = {**brought, **event.get(METADATA, {})}
    for name, inner in value.items():
        if "[" in name or "]" in name:
            named_by_data(name).set(event, inner)
        else:
            event[name] = inner
    if moment is not None:
        _put_time(event, moment)


def _put_time(event: Event, value: Any) -> None:
    try:
        if not isinstance(value, str):
            raise ValueError(f"{value!r} is no time")
        event[TIMESTAMP] = read_iso8601(value)
    except ValueError:
        event[TIMESTAMP] = datetime.now(UTC)
        add_failure_tags(event, [BAD_TIMESTAMP_TAG])
        event[BAD_TIMESTAMP] = ruby_text(value)


def _are_tags(tags: Any) -> bool:
    return isinstance(tags, str) or (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags))
