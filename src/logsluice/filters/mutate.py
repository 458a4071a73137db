"""Changes fields: renames, replaces, converts, cuts, joins them.

Whatever the order in the configuration, the operations run in Logstash's: `coerce`, `rename`, `update`, `replace`,
`convert`, `gsub`, `uppercase`, `capitalize`, `lowercase`, `strip`, `split`, `join`, `merge`, `copy`; then
`add_field`, `remove_field`, `add_tag`, `remove_tag`. For another order write several `mutate`s. The first error ends
the work on that event and tags it `_mutate_error` (`tag_on_failure`); what was done before stays.

Options (fields are references such as `[a][b]`; texts may hold `%{…}`):

- `coerce: {field: text}`: a value for a field that is there and null.
- `rename: {old: new}`, `copy: {from: to}`.
- `update: {field: text}` changes a field that has a value, `replace` also makes it.
- `convert: {field: type}`: `string`, `integer`, `float`, `boolean`, and `integer_eu`, `float_eu` for `1.234,5`.
- `gsub: [field, pattern, replacement, …]`: Ruby regular expressions; `\\1` in the replacement is a group.
- `uppercase`, `capitalize`, `lowercase`, `strip`: lists of fields; lists in them are worked on by element.
- `split: {field: separator}`, `join: {field: separator}`.
- `merge: {field: other}`: appends the other's values to a list, or merges two objects.

Example, in YAML::

    - mutate:
        rename: {clientIp: "[client][ip]"}
        convert: {"[target][port]": integer}
        gsub: [request_url, "[?].*", ""]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, field_validator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent, field_name
from logsluice.filters._conversions import CONVERSIONS, ConversionName, convert
from logsluice.filters._options import (
    FieldLists,
    FieldLiterals,
    FieldRef,
    FieldRefPairs,
    FieldRefs,
    FieldTexts,
    Names,
    Text,
    Texts,
    pairs,
)
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.ruby_regex import TIMEOUT_SECONDS, compile_replacement, compile_ruby
from logsluice.lang.templates import Template, template
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter

Operation: TypeAlias = Callable[[Event], None]

_RUBY_BLANKS = " \t\n\v\f\r\0"


class Config(CommonOptions):
    """See this module's docstring."""

    coerce: FieldTexts = Field(default_factory=dict)
    rename: Names = Field(default_factory=dict)
    update: FieldTexts = Field(default_factory=dict)
    replace: FieldTexts = Field(default_factory=dict)
    convert: Annotated[dict[FieldRef, ConversionName], BeforeValidator(pairs)] = Field(default_factory=dict)
    gsub: tuple[Text, ...] = ()
    uppercase: FieldRefs = ()
    capitalize: FieldRefs = ()
    lowercase: FieldRefs = ()
    strip: FieldRefs = ()
    split: FieldLiterals = Field(default_factory=dict)
    join: FieldLiterals = Field(default_factory=dict)
    merge: FieldLists = Field(default_factory=dict)
    copy_: FieldRefPairs = Field(default_factory=dict, alias="copy")  # pydantic's models have a method `copy`
    tag_on_failure: Texts = ("_mutate_error",)

    @field_validator("gsub")
    @classmethod
    def _in_threes(cls, gsub: tuple[str, ...]) -> tuple[str, ...]:
        if len(gsub) % 3:
            raise ValueError(f"gsub takes threes of field, pattern, replacement; here are {len(gsub)} items")
        for field, pattern, _ in _threes(gsub):
            Reference(field)
            if template(pattern).is_constant:
                compile_ruby(pattern)
        return gsub


class Mutate(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._operations: list[Operation] = [
            *(_coerce(Reference(field), template(text)) for field, text in config.coerce.items()),
            *(_rename(old, new) for old, new in config.rename.items()),
            *(_update(Reference(field), template(text)) for field, text in config.update.items()),
            *(_replace(Reference(field), template(text)) for field, text in config.replace.items()),
            *(_convert(Reference(field), name) for field, name in config.convert.items()),
            *(_gsub(Reference(field), pattern, text) for field, pattern, text in _threes(config.gsub)),
            *(_on_texts(Reference(field), str.upper) for field in config.uppercase),
            *(_on_texts(Reference(field), str.capitalize) for field in config.capitalize),
            *(_on_texts(Reference(field), str.lower) for field in config.lowercase),
            *(_on_texts(Reference(field), _strip) for field in config.strip),
            *(_split(Reference(field), separator) for field, separator in config.split.items()),
            *(_join(Reference(field), separator) for field, separator in config.join.items()),
            *(_merge(Reference(field), Reference(other)) for field, more in config.merge.items() for other in more),
            *(_copy(Reference(source), Reference(target)) for source, target in config.copy_.items()),
        ]

    def change(self, event: Event) -> bool:
        """Run the operations that are configured."""
        for operation in self._operations:
            operation(event)
        return True


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Mutate(config)


def _coerce(field: Reference, text: Template) -> Operation:
    def run(event: Event) -> None:
        if field.find(event) is None:
            field.set(event, text.render(event))

    return run


def _rename(old: str, new: str) -> Operation:
    old_name, new_name = field_name(old), field_name(new)

    def run(event: Event) -> None:
        value = old_name(event).delete(event)
        if value is not MISSING:
            new_name(event).set(event, value)

    return run


def _update(field: Reference, text: Template) -> Operation:
    def run(event: Event) -> None:
        if field.get(event) is not None:
            field.set(event, text.render(event))

    return run


def _replace(field: Reference, text: Template) -> Operation:
    return lambda event: field.set(event, text.render(event))


def _convert(field: Reference, name: ConversionName) -> Operation:
    conversion = CONVERSIONS[name]

    def run(event: Event) -> None:
        value = field.get(event)
        if value is not None:
            field.set(event, convert(value, conversion))

    return run


def _gsub(field: Reference, pattern: str, text: str) -> Operation:
    pattern_of, text_of = template(pattern), template(text)

    def run(event: Event) -> None:
        value = field.get(event)
        if isinstance(value, str | list):
            compiled = compile_ruby(pattern_of.render(event))
            replacement = compile_replacement(text_of.render(event))
            field.set(event, _each_text(value, lambda part: compiled.sub(replacement, part, timeout=TIMEOUT_SECONDS)))

    return run


def _on_texts(field: Reference, work: Callable[[str], str]) -> Operation:
    def run(event: Event) -> None:
        value = field.get(event)
        if isinstance(value, str | list):
            field.set(event, _each_text(value, work))

    return run


def _each_text(value: Any, work: Callable[[str], str]) -> Any:
    """A text, or a list with its texts worked on and all else as it is."""
    if isinstance(value, list):
        return [work(part) if isinstance(part, str) else part for part in value]
    return work(value)


def _strip(text: str) -> str:
    return text.strip(_RUBY_BLANKS)


def _split(field: Reference, separator: str) -> Operation:
    def run(event: Event) -> None:
        value = field.get(event)
        if isinstance(value, str):
            field.set(event, _ruby_split(value, separator))

    return run


def _ruby_split(text: str, separator: str) -> list[str]:
    """As Ruby's `String#split`: empty parts at the end are dropped, a blank splits at any white space."""
    parts = text.split() if separator == " " else list(text) if not separator else text.split(separator)
    while parts and not parts[-1]:
        parts.pop()
    return parts


def _join(field: Reference, separator: str) -> Operation:
    def run(event: Event) -> None:
        value = field.get(event)
        if isinstance(value, list):
            field.set(event, _joined(value, separator))

    return run


def _joined(parts: list[Any], separator: str) -> str:
    return separator.join(_joined(part, separator) if isinstance(part, list) else ruby_text(part) for part in parts)


def _merge(field: Reference, other: Reference) -> Operation:
    def run(event: Event) -> None:
        value, more = field.get(event), other.get(event)
        if value is None and more is None:
            return
        if isinstance(value, dict) and isinstance(more, dict):
            field.set(event, {**value, **deepcopy(more)})
        elif not isinstance(value, dict) and not isinstance(more, dict):
            field.set(event, [*_as_list(value), *deepcopy(_as_list(more))])

    return run


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _copy(source: Reference, target: Reference) -> Operation:
    def run(event: Event) -> None:
        value = source.get(event)
        if value is not None:
            target.set(event, deepcopy(value) if isinstance(value, list | dict) else value)

    return run


def _threes(items: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    return zip(items[::3], items[1::3], items[2::3], strict=True)
