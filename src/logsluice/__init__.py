"""logsluice collects AWS logs; see `logsluice.read` for the library and `logsluice --help` for the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from logsluice._version import __version__

if TYPE_CHECKING:
    from logsluice.reading import read

__all__ = ["__version__", "read"]


def __getattr__(name: str) -> Any:
    """`read` is loaded when it is first used, so that importing logsluice stays cheap."""
    if name == "read":
        from logsluice.reading import read

        return read
    raise AttributeError(f"module 'logsluice' has no attribute {name!r}")
