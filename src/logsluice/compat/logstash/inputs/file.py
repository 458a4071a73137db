"""Files that grow, or are read once: the source `files`.

- `mode => tail` (the default) follows files from their end, or with `start_position => beginning` from their beginning,
  where they are there at the very first start; files that come later are read from their beginning.
- `mode => read` reads whole files, new ones too; with `exit_after_read` it ends when all are read. Files are left where
  they are: `file_completed_action` can only be `log`.
- **sincedb**: what Logstash has left, in `sincedb_path` or in its own place, says where to begin at the very first
  start, for files that have the inode in it. After that our own state counts. `/dev/null` is an empty one: with us,
  files are not read again at each start.
- Events have the file's path in `path`, as without ECS; no `host` is added.
- The codec `multiline` needs `mode => read` with `exit_after_read`: what a file has grown by at some moment may end
  within an event.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from logsluice.compat.logstash.plugins import LISTED, Feed, Flag, Input, InputSettings
from logsluice.compat.logstash.sincedb import positions_in_files
from logsluice.filters._options import Text

_UNITS = {"ms": 0.001, "msec": 0.001, "s": 1, "sec": 1, "second": 1, "m": 60, "min": 60, "minute": 60, "h": 3600}
_UNITS |= {"hour": 3600, "d": 86400, "day": 86400, "w": 604800, "week": 604800, "us": 1e-6, "usec": 1e-6}


def _seconds(value: Any) -> Any:
    """A number of seconds, or `500 msec`, `1 day` …, as the plugin has it."""
    if not isinstance(value, str):
        return value
    number = value.rstrip("abcdefghijklmnopqrstuvwxyz ").strip()
    unit = value[len(number) :].strip()
    known = _UNITS.get(unit, _UNITS.get(unit.removesuffix("s"))) if unit else 1
    if known is None:
        raise ValueError("must be seconds, or a number with a unit, such as 500 msec or 1 day")
    return float(number) * known


Seconds = Annotated[float, BeforeValidator(_seconds)]
UNUSED = "Accepted, without effect."


class Settings(InputSettings):
    """Options of the input `file`."""

    path: Annotated[tuple[Text, ...], LISTED] = Field(min_length=1, description="Absolute patterns.")
    exclude: Annotated[tuple[Text, ...], LISTED] = Field(default=(), description="Names left out.")
    mode: Literal["tail", "read"] = Field(default="tail", description="Follow files, or read whole ones.")
    start_position: Literal["beginning", "end"] = Field(default="end", description="For mode tail.")
    stat_interval: Seconds = Field(default=1.0, gt=0, description="How often files are looked at.")
    sincedb_path: Text | None = Field(default=None, description="Read at the very first start; see above.")
    delimiter: Text = Field(default="\n", description="What ends a line; only a line feed where files are followed.")
    exit_after_read: Flag = Field(default=False, description="For mode read: end when all is read.")
    file_completed_action: Literal["delete", "log", "log_and_delete"] | None = Field(default=None, description="log.")
    file_completed_log_path: Text | None = Field(default=None, description=UNUSED)
    check_archive_validity: Flag = Field(default=False, description="Accepted: it is always checked.")
    close_older: Seconds = Field(default=3600.0, description=UNUSED)
    discover_interval: int = Field(default=15, description=UNUSED)
    file_chunk_count: int = Field(default=2**62, description=UNUSED)
    file_chunk_size: int = Field(default=32768, description=UNUSED)
    file_sort_by: Literal["last_modified", "path"] = Field(default="last_modified", description=UNUSED)
    file_sort_direction: Literal["asc", "desc"] = Field(default="asc", description=UNUSED)
    ignore_older: Seconds | None = Field(default=None, description=UNUSED)
    max_open_files: int | None = Field(default=None, description=UNUSED)
    sincedb_clean_after: Seconds = Field(default=1209600.0, description=UNUSED)
    sincedb_write_interval: Seconds = Field(default=15.0, description=UNUSED)


def translate(settings: Settings) -> Input:
    """The source `files`."""
    for path in settings.path:
        if not PurePath(path).is_absolute():
            raise ValueError(f"path: {path} is relative; Logstash wants it absolute")
    if settings.file_completed_action in ("delete", "log_and_delete"):
        raise ValueError("file_completed_action can only be `log`: files are not deleted here")
    native: dict[str, Any] = {"type": "files", "paths": list(settings.path)}
    if settings.exclude:
        native["exclude"] = list(settings.exclude)
    if not (settings.mode == "read" and settings.exit_after_read):
        native |= _following(settings)
    feed = Feed(delimiter=settings.delimiter)
    return Input(native, feed=feed, pipeline={"key_fields": "(?P<path>.+)"}, warnings=tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.ignore_older is not None:
        yield "ignore_older", "no effect: old files are read, too; leave them out by `path` or `exclude`"
    if settings.file_completed_log_path is not None:
        yield "file_completed_log_path", "no effect: no list of files that were read is written"


def _following(settings: Settings) -> dict[str, Any]:
    codec = settings.codec.name if settings.codec is not None else "plain"
    if codec in ("multiline", "cloudtrail"):
        raise ValueError(
            f"a file can't be followed with the codec {codec}: use mode => read and exit_after_read => true"
        )
    if settings.delimiter != "\n" or settings.codec_has_delimiter:
        raise ValueError("delimiter can only be a line feed where files are followed")
    native: dict[str, Any] = {"follow": True, "interval": f"{max(settings.stat_interval, 0.01):g}s"}
    if settings.mode == "tail":
        native["start_at"] = settings.start_position
    if positions := positions_in_files(settings.sincedb_path, settings.path_data, settings.path):
        native["positions"] = positions
    return native
