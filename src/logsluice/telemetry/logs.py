"""The program's own log: readable on a terminal, JSON lines elsewhere, always on standard error.

A message that repeats is let through a few times a minute; how many were held back is said when the minute is over.
Values under names that speak of secrets are masked, and so are passwords inside URLs.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any, TypeAlias

import structlog

EventDict: TypeAlias = MutableMapping[str, Any]

WINDOW_SECONDS = 60.0
REPEATS_IN_WINDOW = 3

_SECRET_NAME = re.compile(r"password|secret|token|authorization|credential|api_?key", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+:[^/@\s]+(?=@)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def configure(level: str = "info", readable: bool | None = None) -> None:
    """Set up logging for the whole program.

    Args:
        level: The least that is said: `debug` (when something is being looked for), `info`, `warning` or `error`.
        readable: For people rather than for machines; by default when standard error is a terminal.
    """
    if readable is None:
        readable = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(),
            pad_event_to=0,
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,
        )
        if readable
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            RateLimit(),
            structlog.processors.add_log_level,
            _component,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if readable else "iso", utc=not readable),
            mask,
            structlog.processors.format_exc_info,
            _first_things_first,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=_Logger,
        cache_logger_on_first_use=False,
    )


def _later(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(max(0.0, seconds), call)
    timer.daemon = True
    timer.start()


class RateLimit:
    """Drops what repeats too often: the same message from the same component, warnings and worse.

    Args:
        window: Seconds in which at most REPEATS_IN_WINDOW of one message get through.
        clock: Monotonic seconds.
        later: Calls something after so many seconds, in a thread of its own.
    """

    def __init__(
        self,
        window: float = WINDOW_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        later: Callable[[float, Callable[[], None]], None] = _later,
    ) -> None:
        self._window = window
        self._clock = clock
        self._later = later
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}
        self._lock = threading.Lock()

    def __call__(self, logger: Any, method: str, event: EventDict) -> EventDict:
        """Structlog's processor."""
        if method in ("debug", "info"):
            return event
        key = (getattr(logger, "name", ""), str(event.get("event")))
        now = self._clock()
        with self._lock:
            since, count = self._seen.get(key, (now, 0))
            held_back = 0
            if now - since >= self._window:
                held_back, since, count = max(0, count - REPEATS_IN_WINDOW), now, 0
            self._seen[key] = (since, count + 1)
        if count >= REPEATS_IN_WINDOW:
            if count == REPEATS_IN_WINDOW:
                self._later(since + self._window - now, partial(self._sum_up, *key, since))
            raise structlog.DropEvent
        if held_back:
            event["repeated"] = held_back
        return event

    def _sum_up(self, name: str, message: str, since: float) -> None:
        """At the end of a window: how many were held back, unless a later message has said so already."""
        with self._lock:
            begun, count = self._seen.get((name, message), (since, 0))
            if begun != since or count <= REPEATS_IN_WINDOW:
                return
            del self._seen[name, message]
        _say_held_back(name, message, count)

    def end(self) -> None:
        """The program ends before the window does: say now what was held back in it."""
        with self._lock:
            seen, self._seen = self._seen, {}
        for (name, message), (_, count) in seen.items():
            if count > REPEATS_IN_WINDOW:
                _say_held_back(name, message, count)


def _say_held_back(name: str, message: str, count: int) -> None:
    structlog.get_logger(name).info("held back, for it repeated", message=message, times=count - REPEATS_IN_WINDOW)


def end() -> None:
    """To be called before the last line: says what was held back until now."""
    for processor in structlog.get_config()["processors"]:
        if isinstance(processor, RateLimit):
            processor.end()


def mask(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Hides secrets, and escapes control characters: names of objects and reasons may come from anybody."""
    for name, value in event.items():
        if _SECRET_NAME.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", _USER_IN_URL.sub("***", value))
    return event


def _component(logger: Any, _method: str, event: EventDict) -> EventDict:
    if logger.name:
        event["component"] = logger.name
    return event


def _first_things_first(_logger: Any, _method: str, event: EventDict) -> EventDict:
    first = {name: event[name] for name in ("timestamp", "level", "event", "component") if name in event}
    return first | dict(event)


class _Logger:
    """Writes lines to whatever standard error is at that moment: a progress bar puts its own in place."""

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, message: str) -> None:
        sys.stderr.write(f"{message}\n")
        sys.stderr.flush()

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg
