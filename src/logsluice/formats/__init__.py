"""One folder a log format; see `logsluice.components` for how they are found and `fields` for how they are declared."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any

from logsluice.components import find, near

if TYPE_CHECKING:
    from logsluice.model import Format


def load(name: str, **options: Any) -> Format:
    """A format by its name, with its options; one without options is made once and shared.

    Raises:
        UnknownComponent: There is no such format; the message names the near match.
        TypeError: The format has no such option.
        ValueError: An option's value can't be used.
    """
    return _built(name) if not options else _build(name, options)


@cache
def _built(name: str) -> Format:
    return _build(name, {})


def _build(name: str, options: dict[str, Any]) -> Format:
    build = find("formats", name).build
    known = inspect.signature(build).parameters
    for option in options:
        if option not in known:
            has = f"its options are {', '.join(known)}" if known else "it has none"
            raise TypeError(f"the format {name} has no option {option!r}{near(option, known)} ({has})")
    built: Format = build(**options)
    return built
