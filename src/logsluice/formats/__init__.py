"""One folder a log format; see `logsluice.components` for how they are found and `fields` for how they are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from logsluice.model import Format


def load(name: str, **options: Any) -> Format:
    """A format by its name, with its options.

    Raises:
        UnknownComponent: There is no such format; the message names the near match.
        TypeError, ValueError: An option that the format does not have, or a value that it can't use.
    """
    from logsluice.components import find

    built: Format = find("formats", name).build(**options)
    return built
