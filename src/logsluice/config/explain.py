"""Validation errors in the words of somebody who writes configurations."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from logsluice.components import near
from logsluice.config.document import Path

_SAID = "said"
"""The type of errors whose place and message are ours already."""

_QUOTED = re.compile(r"'([^']*)'")
_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a mapping of names to values",
    "model": "a mapping of options",
}


def refusals(problems: Iterable[tuple[Path, str]]) -> ValidationError:
    """What a validator raises to place its own messages at options inside the value that it was given."""
    # Custom errors format their text with {}: the message goes in as a value, so braces in it are left alone.
    return ValidationError.from_exception_data(
        "configuration",
        [
            InitErrorDetails(type=PydanticCustomError(_SAID, "{message}", {"message": message}), loc=path, input=None)
            for path, message in problems
        ],
        hide_input=True,
    )


def validate(model: type[BaseModel], options: Any, path: Path = ()) -> Any:
    """The options as an instance of their model.

    Raises:
        ValidationError: With messages that are already for the user and places that start with `path`.
    """
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise refusals(((*path, *where), message) for where, message in explain(error, model, options)) from None


def explain(error: ValidationError, model: type[BaseModel], data: Any) -> Iterator[tuple[Path, str]]:
    """Each problem's place and sentence; what the branches of one union say about one value is joined."""
    found: dict[Path, list[str]] = {}
    for detail in error.errors(include_url=False):
        path, value = _written(detail, data)
        if detail["type"] == "too_short" and value:
            continue  # it has items, and what is wrong with them is told of each
        messages = found.setdefault(path, [])
        message = _sentence(detail, model)
        if message not in messages:
            messages.append(message)
    for path, messages in found.items():
        yield path, " or ".join(messages)


def _written(detail: ErrorDetails, data: Any) -> tuple[Path, Any]:
    """The place, without pydantic's names of union branches, which stand nowhere in the file; and what is there."""
    if detail["type"] == _SAID:
        return detail["loc"], None
    path: list[str | int] = []
    for part in detail["loc"]:
        holds = part in data if isinstance(data, dict) else isinstance(part, int) and isinstance(data, (list, tuple))
        if holds:
            path.append(part)
            data = data[part]
    return ((*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)), data


def _sentence(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, message = detail["type"], detail["msg"]
    if kind == "missing":
        return "this option is required and missing"
    if kind == "extra_forbidden":
        name = str(detail["loc"][-1])
        return f"there is no option {name!r}{near(name, _options_at(model, detail['loc'][:-1]))}"
    if kind == "too_short":
        return "must not be empty"
    if kind in ("literal_error", "enum"):
        expected = detail.get("ctx", {}).get("expected", "")
        return f"must be {expected}{near(str(detail['input']), _QUOTED.findall(expected))}"
    stem = kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_from_float")
    if stem in _KINDS:
        return f"must be {_KINDS[stem]}"
    said = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return said.replace("Input should ", "must ")


def _options_at(model: type[BaseModel], path: Iterable[int | str]) -> list[str]:
    """The options that a model, or the model nested in it at a path, knows."""
    models = [model]
    for part in path:
        fields: Mapping[str, Any] = {
            field.alias or name: field for each in models for name, field in each.model_fields.items()
        }
        if part in fields:
            models = list(_models_in(fields[str(part)].annotation))
    return [field.alias or name for each in models for name, field in each.model_fields.items()]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)
