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
- `ecs_compatibility`: `disabled` (`%{IPORHOST:clientip}` in our patterns) or `v1`, `v8` (`[source][address]`);
  the patterns of Bacula, BIND, Cisco, Exim, firewalls, HAProxy, Junos, Nagios, Rails and Zeek have plain names only.

`%{INT:n:int}` and `%{NUMBER:n:float}` convert. Patterns are Ruby's regular expressions: `^` and `$` are a line's, the
dot matches a line feed, `\\w` is ASCII. A pattern may match anywhere in the text, unless it is anchored.

Example, in YAML::

    - grok:
        match:
          message: '%{IP:client} %{WORD:method} %{URIPATHPARAM:request} %{INT:bytes:int}'
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import regex
from pydantic import BeforeValidator, Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.filters.grok.captures import Captures, Values
from logsluice.filters.grok.expand import InvalidGrok, compile_grok
from logsluice.filters.grok.library import builtin, from_folders
from logsluice.lang.references import CannotSet, Reference
from logsluice.lang.ruby_text import inspect
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter


def _patterns(value: Any) -> Any:
    """`[field, pattern]` stands for an object; a single pattern need not be in a list."""
    value = pairs(value)
    if not isinstance(value, Mapping):
        return value
    return {name: texts if isinstance(texts, list | tuple) else [texts] for name, texts in value.items()}


BROKEN = (
    "holds a line break, which matches nothing but a line break; if it was only written over several lines,"
    " `logsluice convert --fix` joins it"
)


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


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One pattern for one field: how it is looked for, and what puts its captures into an event."""

    search: Callable[..., regex.Match[str] | None]
    put: Callable[[Event, Values], None]


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
                value = field.get(event)
                work = self._match if isinstance(value, str) else self._match_each
                if work(event, patterns, value, deadline):
                    matched = True
                    if self._stops:
                        break
        except TimeoutError:
            add_failure_tags(event, self._timeout_tags)
            return False
        if not matched:
            add_failure_tags(event, self._failure_tags)
        return matched

    def _match_each(self, event: Event, patterns: Sequence[_Pattern], value: Any, deadline: float | None) -> bool:
        """Whether any of a list's values has matched; a missing value and null are the empty text."""
        matched = False
        for each in value if isinstance(value, list) else [value]:
            matched |= self._match(event, patterns, _source(each), deadline)
        return matched

    def _match(self, event: Event, patterns: Sequence[_Pattern], text: str, deadline: float | None) -> bool:
        """Whether the last pattern that was tried has matched: with `break_on_match`, any. Raises TimeoutError."""
        matched = False
        for pattern in patterns:
            seconds = self._seconds if deadline is None else max(deadline - time.monotonic(), _LEAST_SECONDS)
            found = pattern.search(text, timeout=seconds)
            matched = found is not None
            if found is not None:
                try:
                    pattern.put(event, found.groups())
                except CannotSet:
                    return False
                if self._stops:
                    break
        return matched


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises ValueError for a pattern that can't be compiled."""
    return GrokFilter(config, context.base)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    for field, patterns in config.match.items():
        if any("\n" in pattern for pattern in patterns):
            yield "match", f"the pattern for {field} {BROKEN}"


def _compiled(field: str, text: str, library: Mapping[str, str], config: Config) -> _Pattern:
    try:
        grok = compile_grok(text, library, config.named_captures_only)
        captures = Captures(grok, config.target, config.overwrite, config.keep_empty_captures)
    except ValueError as error:
        raise InvalidGrok(f"match, for the field {field}: {error}") from error
    return _Pattern(grok.pattern.search, captures.put)


def _source(value: Any) -> str:
    """What patterns are tried on: a value that is no text is what Ruby's `to_s` makes of it."""
    return inspect(value) if isinstance(value, dict | list) else ruby_text(value)


_LEAST_SECONDS: Final = 0.001
