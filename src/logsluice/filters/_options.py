"""Types of filter options, with the coercions that Logstash makes between a value and a list of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from logsluice.components import Options
from logsluice.lang.references import Reference
from logsluice.lang.templates import template


def _text(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _texts(value: Any) -> Any:
    return [_text(item) for item in (value if isinstance(value, list | tuple) else [value])]


def pairs(value: Any) -> Any:
    """`[key, value, key, value]` stands for an object, as in Logstash. Raises ValueError for an odd number."""
    if not isinstance(value, list):
        return value
    if len(value) % 2:
        raise ValueError(f"pairs of names and values need an even number of items, here are {len(value)}")
    return dict(zip(map(_text, value[::2]), value[1::2], strict=True))


def _text_values(value: Any) -> Any:
    value = pairs(value)
    return {key: _text(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _list_values(value: Any) -> Any:
    value = pairs(value)
    return {key: _texts(item) for key, item in value.items()} if isinstance(value, Mapping) else value


def _is_reference(text: str) -> str:
    Reference(text)
    return text


def _is_template(text: str) -> str:
    template(text)
    return text


def _is_name(text: str) -> str:
    return text if not template(text).is_constant else _is_reference(text)


def _is_filled(text: str) -> str:
    if not text:
        raise ValueError("must not be empty")
    return text


_ONE_OR_MORE = {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}

Text: TypeAlias = Annotated[str, BeforeValidator(_text)]
"""A text; numbers, booleans and a list of one become one."""

FilledText: TypeAlias = Annotated[Text, AfterValidator(_is_filled)]
"""A text that is not empty."""

FieldRef: TypeAlias = Annotated[Text, AfterValidator(_is_reference)]
"""A field reference such as `status` or `[a][b]`."""

FieldName: TypeAlias = Annotated[Text, AfterValidator(_is_name)]
"""A field reference in which `%{…}` may stand."""

TemplateText: TypeAlias = Annotated[Text, AfterValidator(_is_template)]
"""A text in which `%{…}` may stand."""

Texts: TypeAlias = Annotated[tuple[TemplateText, ...], BeforeValidator(_texts), WithJsonSchema(_ONE_OR_MORE)]
"""Texts with `%{…}`; a single one need not be in a list."""

FieldNames: TypeAlias = Annotated[tuple[FieldName, ...], BeforeValidator(_texts), WithJsonSchema(_ONE_OR_MORE)]
"""Field references with `%{…}`; a single one need not be in a list."""

FieldRefs: TypeAlias = Annotated[tuple[FieldRef, ...], BeforeValidator(_texts), WithJsonSchema(_ONE_OR_MORE)]
"""Field references; a single one need not be in a list."""

FieldTexts: TypeAlias = Annotated[dict[FieldRef, TemplateText], BeforeValidator(_text_values)]
"""Field to text with `%{…}`."""

FieldLists: TypeAlias = Annotated[dict[FieldRef, tuple[FieldRef, ...]], BeforeValidator(_list_values)]
"""Field to one or several fields."""

NameLists: TypeAlias = Annotated[dict[FieldName, tuple[TemplateText, ...]], BeforeValidator(_list_values)]
"""Field name with `%{…}` to one or several texts with `%{…}`."""

FieldLiterals: TypeAlias = Annotated[dict[FieldRef, str], BeforeValidator(_text_values)]
"""Field to text without `%{…}`."""

FieldRefPairs: TypeAlias = Annotated[dict[FieldRef, FieldRef], BeforeValidator(_text_values)]
"""Field to field."""

Names: TypeAlias = Annotated[dict[FieldName, FieldName], BeforeValidator(_text_values)]
"""Field name to field name, both with `%{…}`."""


class CommonOptions(Options):
    """The options that every filter has; they take effect on events that the filter was successful with.

    Attributes:
        id: A name for logs and metrics.
        add_field: Fields to add; a field that is there becomes a list with the new value behind.
        remove_field: Fields to remove.
        add_tag: Added to `tags`.
        remove_tag: Removed from `tags`.
    """

    id: str | None = None
    add_field: NameLists = Field(default_factory=dict)
    remove_field: FieldNames = ()
    add_tag: Texts = ()
    remove_tag: Texts = ()
