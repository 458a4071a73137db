"""Local files, a JSON document a line unless another codec is named.

Facts: Logstash Reference, "File output plugin".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from logsluice.compat.logstash.plugins import UNUSED, Flag, Output, OutputSettings
from logsluice.filters._options import TemplateText, Text

DEFAULT_MODE = "-1"


def _appending(value: Any) -> Any:
    if value == "overwrite":
        raise ValueError("files are only appended to here: each event would be the only one in its file")
    return value


class Settings(OutputSettings):
    """Options of `file`."""

    path: TemplateText = Field(description="The file, with %{field} and dates.")
    gzip: Flag = Field(default=False, description="Compress.")
    write_behavior: Annotated[Literal["append"], BeforeValidator(_appending)] = Field(
        default="append", description="`append` only."
    )
    file_mode: Text = Field(default=DEFAULT_MODE, description="Permissions in octal digits; -1 for those of the umask.")
    dir_mode: Text = Field(default=DEFAULT_MODE, description="-1 only: folders get the permissions of the umask.")
    create_if_deleted: Flag = Field(default=True, description="A file that was removed is always made again.")
    filename_failure: Any = Field(default=None, description=f"{UNUSED}such events go to the dead letter.")
    flush_interval: Any = Field(default=None, description=f"{UNUSED}all is on the disk before it is confirmed.")
    stale_cleanup_interval: Any = Field(default=None, description=f"{UNUSED}few files are kept open.")


def translate(settings: Settings) -> Output:
    """The sink `file`, without rotation."""
    options: dict[str, Any] = {"path": settings.path, "rotate_size": None}
    if settings.gzip:
        options["gzip"] = True
    if settings.file_mode != DEFAULT_MODE:
        options["mode"] = settings.file_mode
    return Output("file", options, tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.dir_mode != DEFAULT_MODE:
        yield "dir_mode", "folders get the permissions that the umask gives them"
    if not settings.create_if_deleted:
        yield "create_if_deleted", "a file that was removed is made again"
