"""Text files in S3.

Logstash names its files by a random id and the time and cuts them by size and time. Here they are named by what was
read and cut by it, so that a repeat overwrites itself: `size_file` is how much of an input goes into one, `time_file`
means nothing.

Facts: Logstash Reference, "S3 output plugin".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from logsluice.compat.logstash.aws import AwsSettings
from logsluice.compat.logstash.plugins import UNUSED, Flag, Output, OutputSettings
from logsluice.filters._options import TemplateText, Text, Texts

SMALLEST, LARGEST = 64 * 1024, 16 * 1024 * 1024


class Settings(AwsSettings, OutputSettings):
    """Options of `s3`."""

    bucket: Text = Field(description="Where to.")
    prefix: TemplateText = Field(default="", description="What keys begin with, with %{field}.")
    encoding: Literal["none", "gzip"] = Field(default="none", description="`gzip` compresses.")
    canned_acl: Literal[
        "private", "public-read", "public-read-write", "authenticated-read", "aws-exec-read", "bucket-owner-read",
        "bucket-owner-full-control", "log-delivery-write",
    ] = Field(default="private", description="An ACL for each object.")  # fmt: skip
    storage_class: Literal[
        "STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE",
        "OUTPOSTS", "GLACIER_IR", "SNOW", "EXPRESS_ONEZONE",
    ] = Field(default="STANDARD", description="Of each object.")  # fmt: skip
    server_side_encryption: Flag = Field(default=False, description="Whether S3 encrypts by more than its default.")
    server_side_encryption_algorithm: Literal["AES256", "aws:kms"] = Field(default="AES256", description="How.")
    ssekms_key_id: Text | None = Field(default=None, description="The key, with aws:kms.")
    size_file: int = Field(
        default=5 * 1024 * 1024, ge=0, description="Bytes of an input for one object, 16 MiB at most."
    )
    tags: Texts = Field(default=(), description=f"{UNUSED}they were a part of the names.")
    time_file: Any = Field(default=None, description=f"{UNUSED}nothing waits for a time.")
    rotation_strategy: Literal["size_and_time", "size", "time"] | None = Field(
        default=None, description=f"{UNUSED}objects are cut by size."
    )
    restore: Any = Field(default=None, description=f"{UNUSED}an input is done when its objects are there.")
    temporary_directory: Any = Field(default=None, description=f"{UNUSED}nothing is put there.")
    upload_workers_count: Any = Field(default=None, description=f"{UNUSED}see pipeline.workers.")
    upload_queue_size: Any = Field(default=None, description=f"{UNUSED}there is no queue.")
    upload_multipart_threshold: Any = Field(default=None, description=f"{UNUSED}objects are small.")
    retry_count: Any = Field(default=None, description=f"{UNUSED}what fails is tried again for as long as it takes.")
    retry_delay: Any = Field(default=None, description=f"{UNUSED}retries back off by themselves.")
    signature_version: Any = Field(default=None, description=f"{UNUSED}always v4.")
    validate_credentials_on_root_bucket: Any = Field(default=None, description=f"{UNUSED}nothing is written to see.")


def translate(settings: Settings) -> Output:
    """The sink `s3`; a line for each event, with its time, host and message, unless a codec is named."""
    window = min(max(settings.size_file, SMALLEST), LARGEST)
    sse = settings.server_side_encryption_algorithm if settings.server_side_encryption else None
    given: dict[str, Any] = {
        "to": f"s3://{settings.bucket}/{settings.prefix}",
        "codec": {"line": "%{@timestamp} %{host} %{message}"},
        "gzip": settings.encoding == "gzip" or None,
        "acl": settings.canned_acl if "canned_acl" in settings.model_fields_set else None,
        "storage_class": settings.storage_class if "storage_class" in settings.model_fields_set else None,
        "sse": sse,
        "kms_key_id": settings.ssekms_key_id if sse == "aws:kms" else None,
        "window": f"{window}B" if "size_file" in settings.model_fields_set else None,
        "aws": settings.aws(),
    }
    options = {name: value for name, value in given.items() if value is not None}
    return Output("s3", options, tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    given = settings.model_fields_set
    if "time_file" in given:
        yield "time_file", "no effect: an object is written as soon as its part of the input was read"
    if settings.size_file > LARGEST:
        yield "size_file", "objects hold at most 16 MiB of an input"
    if "tags" in given:
        yield "tags", "no effect: they are not a part of the names here"
