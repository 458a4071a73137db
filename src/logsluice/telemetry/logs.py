"""The program's own log: readable on a terminal, JSON lines elsewhere, always on standard error.

A message that repeats is let through a few times a minute; the next one afterwards says how many were held back.
Values under names that speak of secrets are masked, and so are passwords inside URLs.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, MutableMapping
from typing import Any, TypeAlias

import structlog

EventDict: TypeAlias = MutableMapping[str, Any]

WINDOW_SECONDS = 60.0
REPEATS_IN_WINDOW = 3

_SECRET_NAME = re.compile(r"password|secret|token|authorization|credential|api_?key", re.IGNORECASE)
_USER_IN_URL = re.compile(r"(?<=://)[^/@\s]+:[^/@\s]+(?=@)")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


def configure(verbose: bool = False, readable: bool | None = None) -> None:
    """Set up logging for the whole program.

    Args:
        verbose: Also what is only of interest when something is being looked for.
        readable: For people rather than for machines; by default when standard error is a terminal.
    """
    if readable is None:
        readable = sys.stderr.isatty()
    renderer: Any = (
        structlog.dev.ConsoleRenderer(
            colors=True, pad_event_to=0, sort_keys=False, exception_formatter=structlog.dev.plain_traceback
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
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=_Logger,
        cache_logger_on_first_use=False,
    )


class RateLimit:
    """Drops what repeats too often: the same message from the same component, warnings and worse.

    Args:
        window: Seconds in which at most REPEATS_IN_WINDOW of one message get through.
        clock: Monotonic seconds.
    """

    def __init__(self, window: float = WINDOW_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._window = window
        self._clock = clock
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
            raise structlog.DropEvent
        if held_back:
            event["repeated"] = held_back
        return event


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
