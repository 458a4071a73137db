"""Runs Python code on events.

Options:

- `code`: the body of a function. In it are `event` (a `dict`; `@timestamp` is an aware `datetime`), and by reference
  `get("[a][b]", default)`, `put("[a][b]", value)`, `remove("[a][b]")` and `tag("text", …)`.
- `init`: run once; the modules that it imports and the names that it makes are there in `code`.
- `function`: instead of `code`, a function as `package.module:name`, called with the event. It must be importable
  (`PYTHONPATH`).
- `tag_on_exception`: default `_pythonexception`; with `tag_with_exception_message: true` there is also a tag with the
  message behind it. Either way the first exceptions are logged.

What is returned decides: nothing (or `True`) sends the event on; `False` drops it; a list of events takes its place,
where those that are new get its `_id` with a number. Of `[@metadata]`, `_id`, `position`, `format` and `window` stay.

The code runs in this process, in several threads at once: it may do what logsluice may.

Example, in YAML::

    - python:
        init: import ipaddress
        code: |
          address = get("[client][ip]")
          if address is None:
              return False
          put("[client][private]", ipaddress.ip_address(address).is_private)

    - python: {function: "our_company.logs:enrich"}
"""

from __future__ import annotations

import ast
import importlib
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import structlog
from pydantic import model_validator

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters._common import CommonOptions, Multiplies
from logsluice.filters._options import Text
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import MISSING, reference
from logsluice.model import OWN_METADATA, Event, Filter

Function: TypeAlias = Callable[[Event], Any]

_LOGGED = 20

log = structlog.get_logger(__name__)


class Config(CommonOptions):
    """See this module's docstring."""

    code: str | None = None
    init: str | None = None
    function: Text | None = None
    tag_on_exception: Text = "_pythonexception"
    tag_with_exception_message: bool = False

    @model_validator(mode="after")
    def _has_code(self) -> Config:
        if (self.code is None) == (self.function is None):
            raise ValueError("python needs either `code` or `function`")
        return self


class Python(Multiplies):
    """The filter."""

    def __init__(self, config: Config, function: Function) -> None:
        super().__init__(config)
        self._function = function
        self._tag = config.tag_on_exception
        self._with_message = config.tag_with_exception_message
        self._to_log = _LOGGED

    def multiply(self, event: Event) -> list[Event]:
        """What the code makes of an event."""
        metadata = event.get("@metadata")
        try:
            result = self._function(event)
            if metadata is not None and event.get("@metadata") is not metadata:
                event["@metadata"] = {**event.get("@metadata", {}), **_internal(metadata)}
            events = self._events(event, result)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever the user's code raises is that event's tag
            if metadata is not None:
                event["@metadata"] = metadata
            self._failed(event, error)
            return [event]
        if any(one is event for one in events):
            self.succeed(event)
        return events

    def _events(self, event: Event, result: Any) -> list[Event]:
        if result is None or result is True:
            return [event]
        if result is False:
            return []
        if not isinstance(result, list) or not all(isinstance(one, dict) for one in result):
            raise TypeError(f"the code returned {type(result).__name__}, not None, True, False or a list of events")
        number = 0
        events: list[Event] = []
        for one in result:
            if one is not event or any(other is event for other in events):  # a second time it is a copy
                number += 1
                one = self._new(event, one, number)
            events.append(one)
        self.has_children(event, number)
        return events

    def _new(self, event: Event, fields: Event, number: int) -> Event:
        about = {"@timestamp": event["@timestamp"]} if "@timestamp" in event else {}
        metadata = event.get("@metadata", {})
        own = {**metadata, **fields.get("@metadata", {}), **_internal(metadata)}
        return self.child({**about, **fields, "@metadata": own}, number)

    def _failed(self, event: Event, error: Exception | SystemExit) -> None:
        message = f"{type(error).__name__}: {error}"
        if self._to_log > 0:
            self._to_log -= 1
            log.warning("python exception", error=message)
        add_failure_tags(event, [*([f"{self._tag}: {message}"] if self._with_message else ()), self._tag])


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration. Raises UsageError when the code can't be compiled or the function be found."""
    if config.function is not None:
        return Python(config, _found(config.function))
    return Python(config, _compiled(config.code or "", config.init or ""))


def _internal(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: metadata[name] for name in OWN_METADATA if name in metadata}


def _compiled(code: str, init: str) -> Function:
    """The code as a function of the event."""
    names: dict[str, Any] = {"__name__": "logsluice.filters.python.code"}
    try:
        exec(compile(init, "<init>", "exec"), names)  # noqa: S102 - to run it is what was asked
        exec(compile(_as_function(code), "<code>", "exec"), names)  # noqa: S102
    except Exception as error:
        raise UsageError(f"Python refuses the code: {type(error).__name__}: {error}") from error
    run: Callable[..., Any] = names["run"]

    def function(event: Event) -> Any:
        def get(field: str, default: Any = None) -> Any:
            return reference(field).get(event, default)

        def put(field: str, value: Any) -> None:
            reference(field).set(event, value)

        def remove(field: str) -> Any:
            removed = reference(field).delete(event)
            return None if removed is MISSING else removed

        def tag(*texts: str) -> None:
            add_failure_tags(event, texts)

        return run(event, get, put, remove, tag)

    return function


def _as_function(code: str) -> ast.Module:
    """A module with the code as the body of `run`; its own lines, so that texts of several lines stay as they are."""
    module = ast.parse("def run(event, get, put, remove, tag): pass")
    body = ast.parse(textwrap.dedent(code)).body
    if body:
        assert isinstance(module.body[0], ast.FunctionDef), "it was written so"
        module.body[0].body = body
    return module


def _found(name: str) -> Function:
    module, colon, path = name.partition(":")
    if not colon or not path:
        raise UsageError(f"{name!r} names no function: write package.module:name")
    try:
        found: Any = importlib.import_module(module)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"python: there is no function {name!r}: {error}") from error
    if not callable(found):
        raise UsageError(f"python: {name!r} is no function")
    function: Function = found
    return function
