"""Looks a field's value up in a dictionary.

Options:

- `source` (required): the field with the value; of a list the first. `field` is its former name.
- `target`: the field that gets what is found, default `translation`, with ECS the source itself. `destination` is its
  former name.
- `dictionary`: value to translation; or `dictionary_path`: a file with it, in YAML, JSON or CSV by its ending.
- `refresh_interval` (300): how many seconds until the file is looked at again, 0 for never; `refresh_behaviour`:
  `merge` (default) keeps entries that the file no longer has, `replace` does not.
- `yaml_dictionary_code_point_limit`: how long a YAML file may be, default 134217728 characters.
- `exact` (true): the whole value must be a key. With `regex` (false) the keys are regular expressions, and the first
  that matches wins. With `exact: false` every key that occurs within the value is replaced.
- `fallback`: a text with `%{…}` for what is not found.
- `override`: whether a target that is there is replaced; default false, unless it is the source. In the objects of
  `iterate_on` it always is.
- `iterate_on`: a list field. Its objects are translated one by one, `source` and `target` being fields within them;
  where it is the source itself, its values are, and the target gets a list.
- `ecs_compatibility`: `disabled`, or `v1`, `v8`.

A missing source is left alone and gets no fallback; a null one gets it.

Example, in YAML::

    - translate:
        source: elb_status_code
        target: outcome
        dictionary: {"200": ok, "404": not found}
        fallback: other
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

import regex
from pydantic import BeforeValidator, Field, model_validator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent, copied
from logsluice.filters._dictionary import CODE_POINTS, YAML_ENDINGS, Dictionary, Refreshed
from logsluice.filters._options import FieldRef, TemplateText, Text, pairs
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.ruby_regex import TIMEOUT_SECONDS, compile_ruby
from logsluice.lang.templates import template
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter

LookUp: TypeAlias = Callable[[str], Any]
"""From a value to its translation, or MISSING."""


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef | None = None
    field: FieldRef | None = None
    target: FieldRef | None = None
    destination: FieldRef | None = None
    dictionary: Annotated[dict[str, Any], BeforeValidator(pairs)] = Field(default_factory=dict)
    dictionary_path: Text | None = None
    refresh_interval: float = 300
    refresh_behaviour: Literal["merge", "replace"] = "merge"
    yaml_dictionary_code_point_limit: int | None = Field(default=None, gt=0)
    exact: bool = True
    regex: bool = False
    fallback: TemplateText | None = None
    override: bool | None = None
    iterate_on: FieldRef | None = None
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"

    @model_validator(mode="after")
    def _says_it_once(self) -> Config:
        for name, former in (("source", "field"), ("target", "destination")):
            if getattr(self, name) is not None and getattr(self, former) is not None:
                raise ValueError(f"{former} is the former name of {name}; remove it")
        if self.source is None and self.field is None:
            raise ValueError("translate needs a source")
        if self.dictionary and self.dictionary_path is not None:
            raise ValueError("translate takes a dictionary or a dictionary_path, not both")
        is_yaml = (self.dictionary_path or "").lower().endswith(YAML_ENDINGS)
        if self.yaml_dictionary_code_point_limit is not None and not is_yaml:
            raise ValueError("yaml_dictionary_code_point_limit is for a dictionary_path that ends in .yml or .yaml")
        _look_up(self)(self.dictionary)
        return self

    @property
    def source_field(self) -> str:
        """The source, by whichever name."""
        return self.source or self.field or ""

    @property
    def target_field(self) -> str:
        """The target, or its default."""
        default = "translation" if self.ecs_compatibility == "disabled" else self.source_field
        return self.target or self.destination or default


class Translate(EachEvent):
    """The filter."""

    def __init__(self, config: Config, base: Path) -> None:
        super().__init__(config)
        self._source = Reference(config.source_field)
        self._target = Reference(config.target_field)
        self._in_place = self._source == self._target
        self._overrides = self._in_place if config.override is None else config.override
        self._fallback = None if config.fallback is None else template(config.fallback)
        self._list = None if config.iterate_on is None else Reference(config.iterate_on)
        self._look_up = _refreshing(config, base)

    def change(self, event: Event) -> bool:
        """Translate one value, or each of a list."""
        if self._list is None:
            return self._one(event, event) or (self._in_place and self._source.exists(event))
        values = self._list.find(event)
        if values is MISSING:
            return False
        if self._list == self._source:
            return self._values(event, values if isinstance(values, list) else [] if values is None else [values])
        objects = [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
        return any([self._one(event, each) for each in objects])  # noqa: C419 - every one of them

    def _one(self, event: Event, holder: Event) -> bool:
        """Translate a field of the event, or of an object within it."""
        value = self._source.find(holder)
        if value is MISSING or (holder is not event and value is None):
            return False
        if holder is event and not self._overrides and self._target.exists(event):
            return False
        if isinstance(value, list):
            value = value[0] if value else None
        found = self._translated(event, value)
        if found is MISSING:
            return False
        self._target.set(holder, found)
        return True

    def _values(self, event: Event, values: list[Any]) -> bool:
        if not self._overrides and self._target.exists(event):
            return False
        found = [self._translated(event, value) for value in values]
        self._target.set(event, [None if value is MISSING else value for value in found])
        return any(value is not MISSING for value in found)

    def _translated(self, event: Event, value: Any) -> Any:
        found = self._look_up()(value if isinstance(value, str) else "" if value is None else ruby_text(value))
        if found is MISSING:
            return MISSING if self._fallback is None else self._fallback.render(event)
        return copied(found)


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises ValueError for a dictionary that can't be read."""
    return Translate(config, context.base)


def _refreshing(config: Config, base: Path) -> Callable[[], LookUp]:
    make = _look_up(config)
    if config.dictionary_path is None:
        fixed = make(config.dictionary)
        return lambda: fixed
    limit = config.yaml_dictionary_code_point_limit or CODE_POINTS
    path = base / config.dictionary_path
    return Refreshed(path, make, config.refresh_interval, config.refresh_behaviour, limit).get


def _look_up(config: Config) -> Callable[[Dictionary], LookUp]:
    return _within if not config.exact else _by_pattern if config.regex else _exactly


def _exactly(dictionary: Dictionary) -> LookUp:
    return lambda text: dictionary.get(text, MISSING)


def _by_pattern(dictionary: Dictionary) -> LookUp:
    patterns = [(compile_ruby(key), value) for key, value in dictionary.items()]

    def look_up(text: str) -> Any:
        for pattern, value in patterns:
            if pattern.search(text, timeout=TIMEOUT_SECONDS):
                return value
        return MISSING

    return look_up


def _within(dictionary: Dictionary) -> LookUp:
    """Keys that occur in a text are replaced, the first in the dictionary's order where several could be."""
    keys = regex.compile("|".join(map(regex.escape, dictionary)))

    def look_up(text: str) -> Any:
        replaced = keys.sub(lambda match: ruby_text(dictionary[match[0]]), text) if dictionary else text
        return MISSING if replaced == text else replaced

    return look_up
