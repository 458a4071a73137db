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
- `tag_on_failure`: default `_grokparsefailure`; `timeout_millis` (30000; 0 for none) and `tag_on_timeout`
  (`_groktimeout`).
- `ecs_compatibility`: `disabled` (`%{IPORHOST:clientip}` in our patterns) or `v1`, `v8` (`[source][address]`).

`%{INT:n:int}` and `%{NUMBER:n:float}` convert. Patterns are Ruby's regular expressions: `^` and `$` are a line's, the
dot matches a line feed, `\\w` is ASCII. A pattern may match anywhere in the text, unless it is anchored.

Example, in YAML::

    - grok:
        match:
          message: '%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{INT:bytes:int}'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent, within
from logsluice.filters._options import FieldRef, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.filters.grok.expand import Capture, Grok, compile_grok
from logsluice.filters.grok.library import builtin, from_folders
from logsluice.lang.references import Reference
from logsluice.lang.text import ruby_text
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
    """Puts one capture of a match into events."""

    __slots__ = ("_convert", "_field", "_name", "_overwrites", "group")

    def __init__(self, capture: Capture, target: str | None, overwrite: Sequence[str]) -> None:
        field = within(target, capture.field)
        self.group = capture.group
        self._field = Reference(field)
        self._name = field if "[" not in field and field not in ("tags", "@timestamp", "@metadata") else ""
        self._convert = {"int": _integer, "float": _float}.get(capture.type)
        self._overwrites = capture.field in overwrite

    def __call__(self, event: Event, text: str | None) -> None:
        value: Any = text if self._convert is None or not text else self._convert(text)
        if self._name and self._name not in event:  # what happens nearly always
            event[self._name] = value
            return
        there = None if self._overwrites else self._field.get(event)
        if there is None:
            self._field.set(event, value)
        elif isinstance(there, list):
            self._field.set(event, [*there, value])
        elif isinstance(there, str):
            self._field.set(event, [there, value])


class _Pattern:
    """One pattern for one field."""

    def __init__(self, grok: Grok, config: Config) -> None:
        self._search = grok.pattern.search
        self._sets = [_Set(capture, config.target, config.overwrite) for capture in grok.captures]
        self._groups = tuple(capture.group for capture in grok.captures)
        self._keeps_empty = config.keep_empty_captures
        self._timeout = config.timeout_millis / 1000 or None

    def match(self, event: Event, text: str) -> bool:
        """Look for it and put what it captures into the event. Raises TimeoutError."""
        found = self._search(text, timeout=self._timeout)
        if found is None:
            return False
        for put in self._sets:
            value = found[put.group]
            if value or self._keeps_empty:
                put(event, value)
        return True


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
            (
                Reference(field),
                [_Pattern(compile_grok(text, library, config.named_captures_only), config) for text in texts],
            )
            for field, texts in config.match.items()
        ]
        self._stops = config.break_on_match
        self._failure_tags = config.tag_on_failure
        self._timeout_tags = (config.tag_on_timeout,)

    def change(self, event: Event) -> bool:
        """Try the patterns of each field."""
        matched = False
        try:
            for field, patterns in self._fields:
                value = field.get(event)
                if value is None:
                    continue
                values = value if isinstance(value, list) else [value]
                if any([self._match(event, patterns, each) for each in values]):  # noqa: C419 - every one of them
                    matched = True
                    if self._stops:
                        break
        except TimeoutError:
            add_failure_tags(event, self._timeout_tags)
            return False
        if not matched:
            add_failure_tags(event, self._failure_tags)
        return matched

    def _match(self, event: Event, patterns: Sequence[_Pattern], value: Any) -> bool:
        """Whether the last pattern that was tried has matched: with `break_on_match`, any."""
        text = value if isinstance(value, str) else ruby_text(value)
        matched = False
        for pattern in patterns:
            matched = pattern.match(event, text)
            if matched and self._stops:
                break
        return matched


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises ValueError for a pattern that can't be compiled."""
    return GrokFilter(config, context.base)


def _integer(text: str) -> int | float | str:
    try:
        return int(text)
    except ValueError:
        return int(_float(text))


def _float(text: str) -> float:
    """As Ruby's to_f for what the number patterns let through."""
    try:
        return float(text)
    except ValueError:
        return 0.0
