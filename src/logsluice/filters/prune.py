"""Removes fields at the top by their names or values.

Options (patterns are Ruby regular expressions, found anywhere in the text):

- `whitelist_names`: only fields whose name matches one of these patterns stay.
- `blacklist_names`: fields whose name matches one of these go; default `%\\{[^}]+\\}`, names that were never filled in.
- `whitelist_values: {field: pattern}`: the field goes unless its value matches; of a list, the elements.
- `blacklist_values: {field: pattern}`: the field goes when its value matches; of a list, the elements.
- `interpolate`: whether `%{…}` in patterns and in the names of fields are filled in; default false.

A list that loses all elements goes as a whole. Numbers and booleans are looked at as text; objects always stay, and
`@metadata` does.

Example, in YAML::

    - prune: {whitelist_names: ["^@timestamp$", "^message$", "^client"]}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, TypeAlias

import regex
from pydantic import BeforeValidator, Field, model_validator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldName, Texts, pairs
from logsluice.lang.references import METADATA, MISSING, reference
from logsluice.lang.ruby_regex import TIMEOUT_SECONDS, compile_ruby
from logsluice.lang.templates import template
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter

Patterns: TypeAlias = Annotated[dict[FieldName, str], BeforeValidator(pairs)]
"""Field to regular expression."""

PatternOf: TypeAlias = Callable[[Event], regex.Pattern[str]]
"""The pattern that holds for one event."""


class Config(CommonOptions):
    """See this module's docstring."""

    whitelist_names: Texts = ()
    blacklist_names: Texts = (r"%\{[^}]+\}",)
    whitelist_values: Patterns = Field(default_factory=dict)
    blacklist_values: Patterns = Field(default_factory=dict)
    interpolate: bool = False

    @model_validator(mode="after")
    def _patterns_compile(self) -> Config:
        values = (*self.whitelist_values.values(), *self.blacklist_values.values())
        for pattern in (*self.whitelist_names, *self.blacklist_names, *values):
            if not self.interpolate or template(pattern).is_constant:
                compile_ruby(pattern)
        return self


class Prune(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config)
        self._interpolate = config.interpolate
        self._kept_names = self._patterns(config.whitelist_names)
        self._lost_names = self._patterns(config.blacklist_names)
        self._kept_values = self._by_field(config.whitelist_values)
        self._lost_values = self._by_field(config.blacklist_values)

    def change(self, event: Event) -> bool:
        """Take out what is not to stay."""
        if self._kept_names:
            kept = [pattern(event) for pattern in self._kept_names]
            self._remove(event, lambda name: not _any(kept, name))
        if self._lost_names:
            lost = [pattern(event) for pattern in self._lost_names]
            self._remove(event, lambda name: _any(lost, name))
        for name_of, pattern in self._kept_values:
            _sift(event, name_of(event), pattern(event), wanted=True)
        for name_of, pattern in self._lost_values:
            _sift(event, name_of(event), pattern(event), wanted=False)
        return True

    def _remove(self, event: Event, goes: Callable[[str], bool]) -> None:
        for name in [name for name in event if name != METADATA and goes(name)]:
            del event[name]

    def _patterns(self, texts: Sequence[str]) -> list[PatternOf]:
        return [self._pattern(text) for text in texts]

    def _pattern(self, text: str) -> PatternOf:
        if self._interpolate and not template(text).is_constant:
            written = template(text)
            return lambda event: compile_ruby(written.render(event))
        compiled = compile_ruby(text)
        return lambda _: compiled

    def _by_field(self, values: Mapping[str, str]) -> list[tuple[Callable[[Event], str], PatternOf]]:
        return [(self._field_name(field), self._pattern(pattern)) for field, pattern in values.items()]

    def _field_name(self, field: str) -> Callable[[Event], str]:
        return template(field).render if self._interpolate else lambda _: field


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Prune(config)


def _any(patterns: Sequence[regex.Pattern[str]], text: str) -> bool:
    return any(pattern.search(text, timeout=TIMEOUT_SECONDS) for pattern in patterns)


def _sift(event: Event, name: str, pattern: regex.Pattern[str], wanted: bool) -> None:
    """Keep only values of a field that match, or only those that don't."""
    field = reference(name)
    value = field.find(event)
    if value is MISSING or value is None or isinstance(value, dict):
        return
    values = value if isinstance(value, list) else [value]
    kept = [one for one in values if (pattern.search(ruby_text(one), timeout=TIMEOUT_SECONDS) is not None) == wanted]
    if not kept:
        field.delete(event)
    elif len(kept) < len(values):
        field.set(event, kept)
