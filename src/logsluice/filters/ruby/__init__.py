"""Runs Ruby code on events, with the methods of Logstash's events (needs Ruby: `apt-get install ruby`).

Options:

- `code`: Ruby, with `event` to work on: `event.get("[a][b]")`, `set`, `remove`, `include?`, `tag`, `cancel`, `clone`,
  `to_hash`, `timestamp`, `sprintf`. `new_event_block.call(other)` sends another event on, behind this one.
- `init`: Ruby that is run once, when the process starts (`check` starts it too). Its `@variables` are there in `code`.
- `path`: instead of `code` a file that defines `filter(event)`, which returns a list of events, and perhaps
  `register(params)`, which gets `script_params`. Its `test` blocks are run at the start.
- `tag_on_exception`: default `_rubyexception`; with `tag_with_exception_message: true` there is also a tag with the
  message behind it. Either way the first exceptions are logged.
- `timeout`: seconds for a batch, default 30. A Ruby process that takes longer or dies is started anew, and its events
  are tried again one by one; those that it happens to again are tagged.
- `processes`: how many Ruby processes there are at most, default: the number of processors. There are as many as
  threads that have work at once. Each has its own `@variables`; with `processes: 1` they are shared.

The code runs in Ruby processes of its own with the time zone of this one (`TZ`). What it prints goes to standard error.
Values that `get` returns are copies, but for texts; `set` them back. Of `[@metadata]`, Ruby sees all but `_id`,
`position`, `format` and `window`. Events that `LogStash::Event.new` made get the first event's `_id` with a number.

Example, in YAML::

    - ruby:
        code: event.set("[@metadata][day]", event.get("@timestamp").time.localtime.strftime("%Y-%m-%d"))

    - ruby:
        init: '@names = {"80" => "http", "443" => "https"}'
        code: event.set("service", @names[event.get("port").to_s])
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import structlog
from pydantic import Field, model_validator

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters._common import CommonOptions, Multiplies
from logsluice.filters._options import Text
from logsluice.filters._tags import add_failure_tags
from logsluice.filters.ruby._child import Child, ChildFailed, Code
from logsluice.model import OWN_METADATA, Event, Filter, RejectEvent

_BATCH = 250
_LOGGED = 20
_NAMED_BY_DATA = re.compile(r"event\.set\(\s*(?:(?>\w+\s*=\s*))?+(?![\"'])\S")
"""A field whose name is no literal: `event.set(header["name"], …)`."""

NAMED_BY_DATA = (
    "fields are named by the data: with open-ended names the mapping of an index grows until it refuses documents;"
    " set them below one field, such as [headers][name]"
)

log = structlog.get_logger(__name__)


class Config(CommonOptions):
    """See this module's docstring."""

    code: Text | None = None
    init: Text | None = None
    path: Text | None = None
    script_params: dict[str, Any] = Field(default_factory=dict)
    tag_on_exception: Text = "_rubyexception"
    tag_with_exception_message: bool = False
    timeout: float = Field(default=30, gt=0)
    processes: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)

    @model_validator(mode="after")
    def _has_code(self) -> Config:
        if (self.code is None) == (self.path is None):
            raise ValueError("ruby needs either `code` or `path`")
        return self


class Ruby(Multiplies):
    """The filter. Starts a process at once, so that code that Ruby refuses is known before the first event."""

    def __init__(self, config: Config, code: Code) -> None:
        super().__init__(config)
        self._children = Children(code, config.timeout, config.processes)
        self._tag = config.tag_on_exception
        self._with_message = config.tag_with_exception_message
        self._to_log = _LOGGED

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`."""
        out: list[Event] = []
        for start in range(0, len(events), _BATCH):
            batch = events[start : start + _BATCH]
            for event, answer in zip(batch, self._asked(batch), strict=True):
                try:
                    out += self._become(event, answer)
                except Exception as error:  # noqa: BLE001 - the common options failed for this event alone
                    reject(event, f"ruby: {error or type(error).__name__}")
        return out

    def multiply(self, event: Event) -> list[Event]:
        """One event by itself."""
        return self._become(event, self._asked([event])[0])

    def _asked(self, events: list[Event]) -> list[Mapping[str, Any]]:
        with self._children.borrowed() as child:
            try:
                return child.ask(events)
            except ChildFailed:
                return [_alone(child, event) for event in events]

    def _become(self, event: Event, answer: Mapping[str, Any]) -> list[Event]:
        """The event as Ruby left it, unless it was cancelled, and those that were made beside it."""
        if not answer:
            self.succeed(event)
            return [event]
        internal = {name: event["@metadata"][name] for name in OWN_METADATA if name in event.get("@metadata", {})}
        for name in answer.get("gone", ()):
            event.pop(name, None)
        event.update(answer.get("set", {}))
        if (metadata := answer.get("metadata")) is not None:
            event["@metadata"] = {**internal, **metadata}
        if (error := answer.get("error")) is not None:
            self._failed(event, answer.get("class"), error)
        else:
            self.succeed(event)
        made = [self._made(fields, internal, number) for number, fields in enumerate(answer.get("made", ()), 1)]
        self.has_children(event, len(made))
        return made if answer.get("cancelled") else [event, *made]

    def _made(self, fields: Event, internal: Mapping[str, Any], number: int) -> Event:
        return self.child({**fields, "@metadata": {**fields.get("@metadata", {}), **internal}}, number)

    def _failed(self, event: Event, kind: str | None, error: str) -> None:
        if self._to_log > 0:
            self._to_log -= 1
            log.warning("ruby exception", error=f"{kind}: {error}" if kind else error)
        add_failure_tags(event, [*([f"{self._tag}: {error}"] if self._with_message else ()), self._tag])


class Children:
    """Processes that threads borrow; there are never more than `limit`."""

    def __init__(self, code: Code, timeout: float, limit: int) -> None:
        """Start the first. Raises UsageError when there is no Ruby or the code can't be used."""
        self._code, self._timeout = code, timeout
        self._permits = threading.BoundedSemaphore(limit)
        first = Child(self._code, self._timeout)
        try:
            first.start()
        except ChildFailed as error:
            first.end()
            raise UsageError(str(error)) from error
        self._idle = [first]

    @contextmanager
    def borrowed(self) -> Iterator[Child]:
        """One for this thread alone; the one last used comes first."""
        with self._permits:
            try:
                child = self._idle.pop()
            except IndexError:
                child = Child(self._code, self._timeout)
            try:
                yield child
            finally:
                self._idle.append(child)


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises UsageError when there is no Ruby or it refuses the code."""
    path = None if config.path is None else str(context.base / config.path)
    return Ruby(config, Code(config.code, config.init, path, config.script_params, OWN_METADATA))


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.code is not None and _NAMED_BY_DATA.search(config.code):
        yield "code", NAMED_BY_DATA


def _alone(child: Child, event: Event) -> Mapping[str, Any]:
    try:
        return child.ask([event])[0]
    except ChildFailed as error:
        return {"error": str(error)}
