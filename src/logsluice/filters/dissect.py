"""Takes text apart at literal delimiters; much cheaper than `grok`, and enough where the parts come in a fixed order.

Options:

- `mapping`: field to pattern, such as `%{client} %{?ident} [%{time}] %{message}`; what stands between the braces is
  delimiter, and must be found in this order. The last field takes the rest.
- `convert_datatype`: field to `int` or `float`, after everything else. What can't be converted stays as it is, with the
  tag `_dataconversionuncoercible_<field>_<type>`; for nothing at all `_dataconversionnullvalue_<field>_<type>`. A
  number without a fraction stays whole.
- `tag_on_failure`: default `_dissectfailure`.
- `semantics`: `native` or `logstash`, see below.

Parts of a pattern:

- `%{name}`, `%{[a][b]}`: a field; `%{}`, `%{?name}`: nothing is kept.
- `%{+name}`: appended to the field, behind the delimiter that stands before it, or a blank; `%{+name/2}` says in
  which order.
- `%{&name}`: the field that is called as `name` says, a part that was found or a field of the event.
- `%{name->}`: the delimiter behind it may be repeated.

The pattern matches wholly or not at all. An empty or null source is a failure, a missing one is not. A text that
begins with the delimiter behind the first field has an empty first field. With `semantics: logstash` such a delimiter
is not used up: of `,b,c`, `%{x},%{y},%{z}` makes `x` and `y` empty and `z` the whole.

Example, in YAML::

    - dissect:
        mapping: {message: '%{version} %{account-id} %{?interface} %{srcaddr} %{dstaddr} %{rest}'}
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._conversions import decimal
from logsluice.filters._dissector import compile_parts, read, undivided
from logsluice.filters._options import FieldLiterals, FieldRef, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import MISSING, Reference
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter


class Config(CommonOptions):
    """See this module's docstring."""

    mapping: FieldLiterals = Field(default_factory=dict)
    convert_datatype: Annotated[dict[FieldRef, str], BeforeValidator(pairs)] = Field(default_factory=dict)
    tag_on_failure: Texts = ("_dissectfailure",)
    semantics: Literal["native", "logstash"] = "native"

    @field_validator("convert_datatype")
    @classmethod
    def _is_known(cls, types: dict[str, str]) -> dict[str, str]:
        for name in types.values():
            if name.lower() not in ("int", "float"):
                raise ValueError(f"dissect converts to int or float, not to {name!r}")
        return types

    @model_validator(mode="after")
    def _can_be_compiled(self) -> Config:
        for pattern in filter(None, self.mapping.values()):
            together = undivided(read(pattern))
            if together and self.semantics == "native":  # in Logstash it never matches
                raise ValueError(f"in {pattern!r} nothing parts %{{{together}}} from the field behind it")
        return self


class Dissect(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._dissectors = [
            (Reference(field), compile_parts(read(pattern), consumes_first=config.semantics == "native"))
            for field, pattern in config.mapping.items()
            if pattern
        ]
        self._conversions = [
            (Reference(field), name, int if name.lower() == "int" else _number)
            for field, name in config.convert_datatype.items()
        ]
        self._failure_tags = config.tag_on_failure

    def change(self, event: Event) -> bool:
        """Dissect each field; every match is a success of its own, and conversions come behind."""
        for field, take in self._dissectors:
            value = field.find(event)
            if value is MISSING:
                continue
            text = value if type(value) is str else "" if value is None else ruby_text(value)
            if text and take(event, text):
                self.succeed(event)
            else:
                add_failure_tags(event, self._failure_tags)
        for field, name, convert in self._conversions:
            _convert(event, field, name, convert)
        return False


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Dissect(config)


def _convert(event: Event, field: Reference, name: str, convert: Callable[[Any], Any]) -> None:
    value = field.get(event)
    try:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError(f"{value!r} is no number")
        field.set(event, convert(decimal(str(value))))
    except (ValueError, OverflowError):
        fault = "nullvalue" if value is None else "uncoercible"
        add_failure_tags(event, [f"_dataconversion{fault}_{field.text}_{name}"])


def _number(value: Decimal) -> int | float:
    """Whole as long as it was written without a fraction and an exponent. Raises OverflowError."""
    if value.as_tuple().exponent == 0:
        return int(value)
    number = float(value)
    if math.isinf(number):
        raise OverflowError(f"{value} is too large")
    return number
