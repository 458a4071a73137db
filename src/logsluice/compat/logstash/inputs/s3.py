r"""Objects of a bucket, found by listing it: the source `s3_objects`.

- **sincedb**: what Logstash has left, in `sincedb_path` or in its own place below `path.data`, is read at the very
  first start: objects written after it are to be read. From then on our own state is kept (`path.data`, else `state/`),
  and the file is neither read nor written: writing "now" into it at each start does no harm any more.
- `interval` is from the begin of one listing to that of the next. `exclude_pattern` is Ruby's. `gzip_pattern` does not
  say what is compressed, for the bytes do; it says where messages come without their newline, as they do in Logstash.
- `backup_to_bucket` copies objects when they are done, and with `delete` moves them. `backup_to_dir` needs a copy on
  disk, which is not made.
- `include_object_properties` puts what S3 says of the object into `[@metadata][s3]`.
- `cloudfront_version` and `cloudfront_fields` (`ecs_compatibility` v1: below `[@metadata][s3][cloudfront]`) are made
  of CloudFront's header lines. Messages have no `event.original`, as without ECS.
- Objects of the same second are told apart, objects that come late are found, and one that can't be read is tried
  again: where Logstash loses them.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field

from logsluice.compat.logstash.aws import AwsSettings
from logsluice.compat.logstash.plugins import Feed, Flag, Input, InputSettings
from logsluice.compat.logstash.sincedb import after_last_object
from logsluice.filters._options import Text
from logsluice.lang.ruby_regex import compile_ruby
from logsluice.lang.ruby_regex import translate as translate_pattern

GZIP_PATTERN = r"\.gz(ip)?$"

_CLOUDFRONT = {
    "cloudfront_version": "[@metadata][s3][cloudfront][version]",
    "cloudfront_fields": "[@metadata][s3][cloudfront][fields]",
}


class Settings(InputSettings, AwsSettings):
    """Options of the input `s3`."""

    bucket: Text
    prefix: Text | None = Field(default=None, description="What the keys begin with.")
    sincedb_path: Text | None = Field(default=None, description="Read at the very first start; see above.")
    interval: float = Field(default=60, ge=0, description="Seconds between two listings.")
    watch_for_new_files: Flag = Field(default=True, description="False: list once, and end.")
    exclude_pattern: Text | None = Field(default=None, description="Keys in which it is found are left out.")
    delete: Flag = Field(default=False, description="Delete objects when they are done.")
    backup_to_bucket: Text | None = Field(default=None, description="With `delete`: move them there.")
    backup_add_prefix: Text | None = Field(default=None, description="Before their keys there.")
    backup_to_dir: Text | None = Field(default=None, description="Not here.")
    include_object_properties: Flag = Field(default=False, description="What S3 says of them, into [@metadata][s3].")
    gzip_pattern: Text = Field(default=GZIP_PATTERN, description="Keys of objects whose messages have no newline.")
    temporary_directory: Text | None = Field(
        default=None, description="Accepted, without effect: nothing is put there."
    )
    cutoff_second: int = Field(default=3, description="Accepted, without effect: late objects are found.")
    ecs_compatibility: Literal["disabled", "v1", "v8"] = Field(
        default="disabled", description="Of CloudFront's fields."
    )


def translate(settings: Settings) -> Input:
    """The source `s3_objects`."""
    start = after_last_object(settings.sincedb_path, settings.path_data, settings.bucket, settings.prefix)
    native: dict[str, Any] = {"type": "s3_objects", "bucket": settings.bucket, "aws": settings.aws()}
    if settings.prefix:
        native["prefix"] = settings.prefix
    if "{" in (settings.prefix or ""):
        raise ValueError(
            "a prefix with `{` can't be listed here: braces hold dates and folders of the source s3_objects"
        )
    native["interval"] = f"{settings.interval:g}s" if settings.watch_for_new_files else "once"
    if start is not None:
        native["start_at"] = start
    native["exclude_keys"] = _excluded(settings)
    if (after := _afterwards(settings)) is not None:
        native["after"] = after
    if settings.include_object_properties:
        native["object_properties"] = "all"
    feed = Feed(newline="kept", cut_keys=settings.gzip_pattern, headers=True)
    return Input(
        native,
        pipeline=settings.limits,
        feed=feed,
        filters=() if settings.ecs_compatibility == "disabled" else (_renamed(),),
    )


def _excluded(settings: Settings) -> str:
    """Folder marks, the prefix itself, and what the configuration leaves out."""
    parts = [r"/\Z", *([rf"\A{re.escape(settings.prefix)}\Z"] if settings.prefix else [])]
    if settings.exclude_pattern:
        compile_ruby(settings.exclude_pattern)
        parts.append(f"(?m:{translate_pattern(settings.exclude_pattern)})")
    return f"(?V1){'|'.join(parts)}"


def _afterwards(settings: Settings) -> Any:
    if settings.backup_to_dir:
        raise ValueError("backup_to_dir can't be had: nothing is copied to this machine; see backup_to_bucket")
    if settings.backup_to_bucket:
        way = "move" if settings.delete else "copy"
        return {way: f"s3://{settings.backup_to_bucket}/{settings.backup_add_prefix or ''}"}
    return "delete" if settings.delete else None


def _renamed() -> dict[str, Any]:
    return {"mutate": {"rename": _CLOUDFRONT}}
