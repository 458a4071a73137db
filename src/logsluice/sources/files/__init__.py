"""Files, folders and patterns on this machine, and standard input.

    source:
      type: files
      paths: [/var/log/alb, "exports/**/*.log.gz", "-"]

Folders are read with everything below them, in the order of the names; names that start with a dot are left out.
Compression is found by the bytes, whatever a file is called. Each file is read once, to the end that it has when it is
opened, and is identified by its content: reading the same content again, under whatever name, gives the same ids.
`-` and other pipes are identified by their first 64 KiB, and can be read only once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BeforeValidator, Field

from logsluice.components import Context, Options
from logsluice.config.types import Duration

if TYPE_CHECKING:
    from logsluice.sources.files.source import FilesSource


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Config(Options):
    """Options of the source `files`."""

    paths: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        min_length=1, description="Files, folders, patterns with `*`, `?`, `[…]` and `**`, and `-` for standard input."
    )
    recursive: bool = Field(default=True, description="Whether folders are read with the folders in them.")
    retry_delay: Duration = Field(default=1.0, description="Until a file that failed once is tried again; then longer.")
    retry_delay_max: Duration = Field(default=60.0, description="The longest such delay.")
    id_salt: str = Field(default="", description="Keeps ids apart from another pipeline's that reads the same files.")

    @property
    def reads(self) -> tuple[str, ...]:
        """The paths, as they are written."""
        return self.paths


def build(config: Config, context: Context) -> FilesSource:
    """The source; relative paths start from the context's folder."""
    from logsluice.sources.files.source import FilesSource

    return FilesSource(config, context.base)
