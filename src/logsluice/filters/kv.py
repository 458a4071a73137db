"""Finds `key=value` pairs in a text.

Options:

- `source`: the field with the text or texts, default `message`; `target`: the field that gets the pairs, default the
  event itself.
- `field_split` (a blank), `value_split` (`=`): the characters between pairs, and between key and value;
  `field_split_pattern`, `value_split_pattern`: the same as regular expressions, which win.
- `whitespace`: `lenient` (default) lets blanks stand around the `=`; `strict` does not.
- `include_brackets` (true): a value in `()`, `[]` or `<>` may hold blanks, as one in quotes may.
- `include_keys`, `exclude_keys`: which keys to take, before `prefix`; `prefix`: put before each key.
- `default_keys`: values for keys that are not found.
- `allow_duplicate_values` (true), `allow_empty_values` (false): a key that comes again makes a list.
- `recursive` (false): look for pairs within values too.
- `trim_key`, `trim_value`: characters taken off at both ends; `remove_char_key`, `remove_char_value`: taken out
  anywhere; `transform_key`, `transform_value`: `lowercase`, `uppercase` or `capitalize`.
- `timeout_millis` (30000; 0 for none) for one event; `tag_on_timeout`: default `_kv_filter_timeout`.
- `tag_on_failure`: default `_kv_filter_error`: for what can't be put into the event.
- `ecs_compatibility`: accepted; it changes nothing.

Texts in quotes lose them. Without a `target`, a key is a field reference. Fields named by the data grow in number
without end where anyone can write into the log: name them with `include_keys`, or give a `target`.

Example, in YAML::

    - kv: {source: query, field_split: "&", target: params}
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal, TypeAlias

import regex
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from logsluice.components import Context
from logsluice.filters._common import OPEN_ENDED, CommonOptions, EachEvent, named_by_data
from logsluice.filters._options import FieldRef, FilledText, TemplateText, Text, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import Reference
from logsluice.lang.ruby_regex import compile_ruby
from logsluice.lang.templates import template
from logsluice.model import Event, Filter

Transform: TypeAlias = Literal["lowercase", "uppercase", "capitalize"]
Edit: TypeAlias = Callable[[str], str]

_TRANSFORMS: dict[Transform, Edit] = {"lowercase": str.lower, "uppercase": str.upper, "capitalize": str.capitalize}
_QUOTES = ('""', "''")
_BRACKETS = ("()", "[]", "<>")
_DEEPEST = 20
"""How far values are looked into."""


def _is_pattern(text: str) -> str:
    compile_ruby(text)
    return text


PatternText: TypeAlias = Annotated[FilledText, AfterValidator(_is_pattern)]
"""A regular expression, not empty."""


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef = "message"
    target: FieldRef | None = None
    prefix: TemplateText = ""
    field_split: FilledText = " "
    value_split: FilledText = "="
    field_split_pattern: PatternText | None = None
    value_split_pattern: PatternText | None = None
    whitespace: Literal["lenient", "strict"] = "lenient"
    include_brackets: bool = True
    include_keys: Texts = ()
    exclude_keys: Texts = ()
    default_keys: Annotated[dict[str, str | int | float | bool], BeforeValidator(pairs)] = Field(default_factory=dict)
    allow_duplicate_values: bool = True
    allow_empty_values: bool = False
    recursive: bool = False
    trim_key: Text | None = None
    trim_value: Text | None = None
    remove_char_key: Text | None = None
    remove_char_value: Text | None = None
    transform_key: Transform | None = None
    transform_value: Transform | None = None
    timeout_millis: int = Field(default=30000, ge=0)
    tag_on_timeout: Text = "_kv_filter_timeout"
    tag_on_failure: Texts = ("_kv_filter_error",)
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"

    @model_validator(mode="after")
    def _can_be_compiled(self) -> Config:
        Kv(self)
        return self


class Kv(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._source = Reference(config.source)
        self._target = None if config.target is None else Reference(config.target)
        self._config = config
        value_split, pair = _patterns(config)
        self._has_pair = compile_ruby(value_split)
        self._pairs = compile_ruby(pair)
        self._edit_key = _edits(config.trim_key, config.remove_char_key, config.transform_key)
        self._edit_value = _edits(config.trim_value, config.remove_char_value, config.transform_value)
        self._prefix = template(config.prefix)
        self._included = [template(key) for key in config.include_keys]
        self._excluded = [template(key) for key in config.exclude_keys]
        self._seconds = config.timeout_millis / 1000

    def change(self, event: Event) -> bool:
        """Look for pairs and put them."""
        value = self._source.get(event)
        texts = value if isinstance(value, list) else [value]
        search = _Search(self, event)
        try:
            for text in texts:
                if isinstance(text, str):
                    search.collect(text, search.found)
        except TimeoutError:
            add_failure_tags(event, (self._config.tag_on_timeout,))
            return False
        found = {**self._config.default_keys, **search.found}
        if not found:
            return False
        if self._target is not None:
            self._target.set(event, found)
        else:
            for key, inner in found.items():
                named_by_data(key).set(event, inner)
        return True


class _Search:
    """The search for pairs in one event's texts."""

    def __init__(self, kv: Kv, event: Event) -> None:
        self._kv = kv
        self._config = kv._config
        self._prefix = kv._prefix.render(event)
        self._included = frozenset(key.render(event) for key in kv._included)
        self._excluded = frozenset(key.render(event) for key in kv._excluded)
        self._until = time.monotonic() + kv._seconds if kv._seconds else None
        self.found: dict[str, Any] = {}

    def collect(self, text: str, found: dict[str, Any], depth: int = 0) -> None:
        """Add the pairs of one text. Raises TimeoutError."""
        if not self._kv._has_pair.search(text, timeout=self._left()):
            return
        for match in self._kv._pairs.finditer(text, timeout=self._left()):
            key, *values = match.groups()
            self._add(found, key, next(filter(None, values), ""), depth)

    def _add(self, found: dict[str, Any], key: str, text: str, depth: int) -> None:
        if not text and not self._config.allow_empty_values:
            return
        key = self._kv._edit_key(key)
        if (self._included and key not in self._included) or key in self._excluded:
            return
        key = self._prefix + key
        value: Any = self._kv._edit_value(text)
        if not self._config.allow_duplicate_values and key in found and value in found[key]:
            return
        if self._config.recursive and depth < _DEEPEST:
            inner: dict[str, Any] = {}
            self.collect(value, inner, depth + 1)
            value = inner or value
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]

    def _left(self) -> float | None:
        return None if self._until is None else max(self._until - time.monotonic(), 0.001)


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Kv(config)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.target is None and not config.include_keys:
        yield "", OPEN_ENDED


def _patterns(config: Config) -> tuple[str, str]:
    """Ruby's patterns of what stands between key and value, and of a whole pair: its key, then its values' forms."""
    fields, values = config.field_split, config.value_split
    field_split = f"(?:{config.field_split_pattern})" if config.field_split_pattern else f"[{fields}]"
    value_split = f"(?:{config.value_split_pattern})" if config.value_split_pattern else f"[{values}]"
    if config.whitespace == "lenient":
        value_split = f"(?: *{value_split} *)"
    if config.field_split_pattern or config.value_split_pattern:
        key = _until(f"{value_split}|{field_split}")
    else:
        key = rf"((?:\\.|[^{values}{fields}])+)"
    plain = _until(field_split) if config.field_split_pattern else rf"((?:\\.|[^{fields}])+)"
    enclosed = [_enclosed(*pair) for pair in (*_QUOTES, *(_BRACKETS if config.include_brackets else ()))]
    return value_split, f"{key}{value_split}(?:{'|'.join([*enclosed, plain])})?(?:{field_split}|$)"


def _until(pattern: str) -> str:
    return rf"((?:(?!{pattern})(?:\\.|.))+)"


def _enclosed(opening: str, closing: str) -> str:
    return rf"\{opening}((?:\\.|[^\{closing}])+)?\{closing}"


def _edits(trim: str | None, remove: str | None, transform: Transform | None) -> Edit:
    """What is done to every key or value, in this order."""
    edits: list[Edit] = []
    if trim:
        edits.append(_without(compile_ruby(rf"^[{trim}]+|[{trim}]+$")))
    if remove:
        edits.append(_without(compile_ruby(rf"[{remove}]")))
    if transform:
        edits.append(_TRANSFORMS[transform])

    def edit(text: str) -> str:
        for each in edits:
            text = each(text)
        return text

    return edit


def _without(pattern: regex.Pattern[str]) -> Edit:
    return lambda text: pattern.sub("", text)
