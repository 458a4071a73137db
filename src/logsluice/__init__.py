"""logsluice collects AWS logs; see `logsluice.read` for the library and `logsluice --help` for the program."""

from logsluice._version import __version__

__all__ = ["__version__"]
