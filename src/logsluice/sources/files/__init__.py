"""Files, folders and patterns on this machine, and standard input.

    source:
      type: files
      paths: [/var/log/alb, "exports/**/*.log.gz", "-"]

Folders are read with everything below them, in the order of the names; names that start with a dot are left out.
Compression is found by the bytes, whatever a file is called. Each file is read once, to the end that it has when it is
opened, and is identified by its content: reading the same content again, under whatever name, gives the same ids.
`-` and other pipes are identified by their first 64 KiB, which are waited for, and can be read only once.

With `follow: true` the source never ends: it looks every `interval` for new files and new lines in those it knows.

    source: {type: files, paths: ["/var/log/app/*.log*"], follow: true}

**Where it goes on** is kept in the pipeline's `state:`: after a restart, or a kill, every line is read from where the
last one was confirmed, with equal ids (the byte offset of the line in its file). A file is known by its first KiB and a
generation, not by its name. Files that are new get read from their beginning; with `start_at: end`, those that are
there at the very first start from their end.

**Rotation** by renaming and by copying and truncating is followed. Let `paths` match the rotated names as well
(`app.log*`): what was written before the rotation and not read by then, for the program was down, is found there. A
copy of a file that is being followed is left alone, and so is what rotation has compressed of it, unless it holds more
than was read: then all of it is read, under the same ids. Other compressed files are read once and whole, when they no
longer grow.

**A last line without a newline** waits until it is complete, or until nothing came for `idle`. Each line must be a
record of its own: JSON over several lines can't be followed. Header lines (CloudFront, VPC flow logs) are known to all
later lines when they stand within the first 4 KiB of their file.

**Standard input** is followed with `paths: "-", follow: true`: complete lines are handed on as they come, in their
order, until it ends. Its events are known by the run of the program and their offset, so the same input once more gives
other ids. A line over 10 MiB is cut there, and compressed input can't be followed. Nobody can read it again: lines that
are in hand when the program is killed, or that could not be delivered within the shutdown timeout, are lost.

A file that is truncated before it was read to its end, and copied to nowhere, has lost those lines; the log says so.
State in S3 is written with a delay: after a kill within the first seconds of a new file its lines may come under other
ids. One process follows a file; a second one with the same state reads it too, and says so.
"""

from __future__ import annotations

import glob
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from logsluice.components import Context, Options
from logsluice.config.types import Duration, Size

if TYPE_CHECKING:
    from logsluice.model import Source
    from logsluice.state import Keeper


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Config(Options):
    """Options of the source `files`."""

    paths: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        min_length=1, description="Files, folders, patterns with `*`, `?`, `[…]` and `**`, and `-` for standard input."
    )
    recursive: bool = Field(default=True, description="Whether folders are read with the folders in them.")
    exclude: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        default=(), description="Files whose names, without folders, fit one of these patterns are left out."
    )
    follow: bool = Field(default=False, description="Whether to go on with what is added, and with new files.")
    interval: Duration = Field(default=1.0, gt=0, description="Following: how often files are looked at.")
    start_at: Literal["beginning", "end"] = Field(
        default="beginning", description="Following: where to start in files that are there at the very first start."
    )
    positions: dict[str, int] = Field(
        default_factory=dict,
        description="Following: where to start in some files, by absolute path and in bytes, at the very first start.",
    )
    range_bytes: Size = Field(
        default=8 * 1024 * 1024, ge=1024, description="Following: how much of a file is handed out at once."
    )
    idle: Duration = Field(
        default=60.0, gt=0, description="Following: a last line without a newline waits so long, and closing a file."
    )
    quarantine_after: int = Field(
        default=6, ge=1, description="What was read so often and never used up goes to the dead letter by reference."
    )
    retry_delay: Duration = Field(default=1.0, description="Until a file that failed once is tried again; then longer.")
    retry_delay_max: Duration = Field(default=60.0, description="The longest such delay.")
    id_salt: str = Field(default="", description="Keeps ids apart from another pipeline's that reads the same files.")

    @model_validator(mode="after")
    def _can_be_followed(self) -> Config:
        if self.follow and "-" in self.paths and len(self.paths) > 1:
            raise ValueError("standard input is followed alone: give the files a pipeline of their own")
        return self

    @property
    def reads(self) -> tuple[str, ...]:
        """The paths, as they are written."""
        return self.paths


def rivalry(one: Config, other: Config) -> str:
    """Two pipelines on standard input each get a part of its bytes, cut anywhere."""
    if "-" not in one.paths or "-" not in other.paths:
        return ""
    return (
        "each piece of standard input goes to only one of them; read it in one pipeline, with conditions around its"
        " filters and outputs"
    )


def build(config: Config, context: Context) -> Source:
    """The source; relative paths start from the context's folder."""
    if not config.follow:
        from logsluice.sources.files.source import FilesSource

        return FilesSource(config, context.base)
    if config.paths == ("-",):
        from logsluice.sources.files.live import LiveSource

        return LiveSource(config)
    from logsluice.aws.session import AwsOptions
    from logsluice.sources.files.follow import FollowingSource
    from logsluice.sources.files.positions import Positions
    from logsluice.state import open_state

    def keeper() -> Keeper:
        return open_state(context.state, AwsOptions(), context.base)

    return FollowingSource(config, context.base, Positions(keeper, f"files/{context.pipeline}"))


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:
    """What works today and will be regretted: see `logsluice.components`."""
    if not config.follow or config.paths == ("-",):
        return
    for path in config.paths:
        if not glob.has_magic(path) and not (context.base / path).is_dir():
            lost = "what is written while this is down, and then rotated to another name, is never read"
            yield "paths", f"{path} is one name: {lost}; write {path}*"
    if context.state.startswith("s3://"):
        yield "follow", "state in S3 is written with a delay: after a kill new files may be read again under other ids"
