"""Takes fields out of text by patterns with names: `%{IP:client} %{WORD:verb}`.

Options:

- `match` (required): field to pattern, or to several that are tried in turn; `[field, pattern]` is the same for one.
- `patterns_dir`, `patterns_files_glob` (`*`): folders with files of your own patterns, `NAME pattern` a line.
- `pattern_definitions`: patterns of your own, by name.
- `break_on_match` (true): stop at the first pattern that matches.
- `named_captures_only` (true): whether `%{WORD}` without a field's name captures nothing.
- `keep_empty_captures` (false): whether fields are set that captured nothing.
- `target`: the field under which captures are put.
- `overwrite`: fields whose value is replaced; any other that is a text already becomes a list of both.
- `tag_on_failure`: default `_grokparsefailure`; `timeout_millis` (30000; 0 for none), for each `pattern` or for all
  that are tried on an `event` (`timeout_scope`), and `tag_on_timeout` (`_groktimeout`).
- `ecs_compatibility`: `disabled` (`%{IPORHOST:clientip}` in our patterns) or `v1`, `v8` (`[source][address]`).

`%{INT:n:int}` and `%{NUMBER:n:float}` convert. Patterns are Ruby's regular expressions: `^` and `$` are a line's, the
dot matches a line feed, `\\w` is ASCII. A pattern may match anywhere in the text, unless it is anchored.

Example, in YAML::

    - grok:
        match:
          message: '%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{INT:bytes:int}'
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Container, Mapping, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent, within
from logsluice.filters._options import FieldRef, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.filters.grok.expand import Capture, Grok, InvalidGrok, compile_grok
from logsluice.filters.grok.library import builtin, from_folders
from logsluice.lang.references import CannotSet, Reference
from logsluice.lang.text import inspect_text, ruby_text
from logsluice.model import Event, Filter


def _patterns(value: Any) -> Any:
    """`[field, pattern]` stands for an object; a single pattern need not be in a list."""
    value = pairs(value)
    if not isinstance(value, Mapping):
        return value
    return {name: texts if isinstance(texts, list | tuple) else [texts] for name, texts in value.items()}


class Config(CommonOptions):
    """See this module's docstring."""

    match: Annotated[dict[FieldRef, tuple[str, ...]], BeforeValidator(_patterns)] = Field(default_factory=dict)
    patterns_dir: Texts = ()
    patterns_files_glob: str = "*"
    pattern_definitions: Annotated[dict[str, str], BeforeValidator(pairs)] = Field(default_factory=dict)
    break_on_match: bool = True
    named_captures_only: bool = True
    keep_empty_captures: bool = False
    target: FieldRef | None = None
    overwrite: Texts = ()
    tag_on_failure: Texts = ("_grokparsefailure",)
    timeout_millis: int = Field(default=30000, ge=0)
    timeout_scope: Literal["pattern", "event"] = "pattern"
    tag_on_timeout: str = "_groktimeout"
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"


class _Set:
    """Puts one capture of a match into events.

    Attributes:
        name: The field's, if it is one of the event's own that nothing is special about; else None.
        convert: From the text to a number, if one is wanted.
    """

    __slots__ = ("_field", "_overwrites", "convert", "name")

    def __init__(self, capture: Capture, target: str | None, overwrite: Container[tuple[str, ...]]) -> None:
        self._field = Reference(capture.field if target is None else within(target, capture.field))
        self._overwrites = Reference(capture.field).path in overwrite
        path = self._field.path
        self.name = path[0] if len(path) == 1 and path[0] not in _SPECIAL else None
        self.convert: Callable[[str], Any] | None = _CONVERSIONS.get(capture.type)

    def __call__(self, event: Event, value: Any) -> None:
        """Set it, or append it to a text or list that is there. Raises CannotSet."""
        there = None if self._overwrites else self._field.get(event)
        if there is None:
            self._field.set(event, value)
        elif isinstance(there, list):
            self._field.set(event, [*there, value])
        elif isinstance(there, str):
            self._field.set(event, [there, value])


class _Pattern:
    """One pattern for one field.

    Fields of the event's own that are not there yet, which is what captures mostly become, are set all at once; what
    else there may be is done a capture at a time.
    """

    def __init__(self, grok: Grok, config: Config) -> None:
        overwrite = [Reference(name).path for name in config.overwrite]
        puts = [_Set(capture, config.target, overwrite) for capture in grok.captures]
        self._puts = puts
        self._search = grok.pattern.search
        self._captured = _picked([capture.group - 1 for capture in grok.captures])
        self._names = tuple(put.name for put in puts)
        self._numbers = [(at, put.name, put.convert) for at, put in enumerate(puts) if put.convert]
        self._keeps_empty = config.keep_empty_captures
        self._one_by_one = self._keeps_empty or None in self._names or len({*self._names}) < len(self._names)

    def match(self, event: Event, text: str, seconds: float | None) -> bool:
        """Look for it and put what it captures into the event.

        Raises:
            TimeoutError: It took longer than the seconds.
            CannotSet: A capture's field can't be set.
        """
        found = self._search(text, timeout=seconds)
        if found is None:
            return False
        values = self._captured(found.groups())
        if self._one_by_one or not event.keys().isdisjoint(self._names):
            self._put(event, values)
            return True
        fresh = {name: value for name, value in zip(self._names, values, strict=True) if value}
        for at, name, convert in self._numbers:
            if (value := values[at]) is not None:
                fresh[name] = convert(value)
        event.update(fresh)  # type: ignore[arg-type]  # no name is None here
        return True

    def _put(self, event: Event, values: Sequence[str | None]) -> None:
        for put, text in zip(self._puts, values, strict=True):
            value = text if text is None or put.convert is None else put.convert(text)
            if self._keeps_empty or (value is not None and value != ""):
                put(event, value)


class GrokFilter(EachEvent):
    """The filter."""

    def __init__(self, config: Config, base: Path) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        library = {
            **builtin(ecs=config.ecs_compatibility != "disabled"),
            **from_folders([base / folder for folder in config.patterns_dir], config.patterns_files_glob),
            **config.pattern_definitions,
        }
        self._fields = [
            (Reference(field), [_compiled(field, text, library, config) for text in texts])
            for field, texts in config.match.items()
        ]
        self._stops = config.break_on_match
        self._failure_tags = config.tag_on_failure
        self._timeout_tags = (config.tag_on_timeout,)
        self._seconds = config.timeout_millis / 1000 or None
        self._for_event = config.timeout_scope == "event" and self._seconds is not None

    def change(self, event: Event) -> bool:
        """Try the patterns of each field."""
        deadline = time.monotonic() + self._seconds if self._for_event and self._seconds else None
        matched = False
        try:
            for field, patterns in self._fields:
                if self._match_field(event, patterns, field.get(event), deadline):
                    matched = True
                    if self._stops:
                        break
        except TimeoutError:
            add_failure_tags(event, self._timeout_tags)
            return False
        if not matched:
            add_failure_tags(event, self._failure_tags)
        return matched

    def _match_field(self, event: Event, patterns: Sequence[_Pattern], value: Any, deadline: float | None) -> bool:
        """Whether any of the values has matched; a missing one and null are the empty text."""
        try:
            if isinstance(value, str):
                return self._match(event, patterns, value, deadline)
            values = value if isinstance(value, list) else [value]
            return any([self._match(event, patterns, _source(each), deadline) for each in values])  # noqa: C419 - all
        except CannotSet:
            return False

    def _match(self, event: Event, patterns: Sequence[_Pattern], text: str, deadline: float | None) -> bool:
        """Whether the last pattern that was tried has matched: with `break_on_match`, any."""
        matched = False
        for pattern in patterns:
            seconds = self._seconds if deadline is None else max(deadline - time.monotonic(), _LEAST_SECONDS)
            matched = pattern.match(event, text, seconds)
            if matched and self._stops:
                break
        return matched


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises ValueError for a pattern that can't be compiled."""
    return GrokFilter(config, context.base)


def _compiled(field: str, text: str, library: Mapping[str, str], config: Config) -> _Pattern:
    try:
        return _Pattern(compile_grok(text, library, config.named_captures_only), config)
    except ValueError as error:
        raise InvalidGrok(f"match, for the field {field}: {error}") from error


def _picked(places: Sequence[int]) -> Callable[[tuple[Any, ...]], tuple[Any, ...]]:
    """From all groups of a match to those at some places."""
    if len(places) > 1:
        return itemgetter(*places)
    return lambda groups: tuple(groups[place] for place in places)


def _source(value: Any) -> str:
    """What patterns are tried on: a value that is no text is what Ruby's `to_s` makes of it."""
    return inspect_text(value) if isinstance(value, dict | list) else ruby_text(value)


def _integer(text: str) -> int:
    """As Ruby's `to_i`: what the text begins with, 0 without a digit."""
    try:
        return int(text)
    except ValueError:
        found = _INTEGER.match(text)
        return int(found[0]) if found else 0


def _float(text: str) -> float:
    """As Ruby's `to_f`: what the text begins with, 0.0 without a digit."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):  # words such as `inf` are none
        return number
    found = _FLOAT.match(text)
    return float(found[0]) if found else 0.0


_SPECIAL: Final = frozenset({"tags", "@timestamp", "@metadata"})
_CONVERSIONS: Final = {"int": _integer, "float": _float}
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]+")
_FLOAT: Final = re.compile(r"\s*[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LEAST_SECONDS: Final = 0.001
