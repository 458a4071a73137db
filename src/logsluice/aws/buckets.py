"""Options by bucket and folder: whose credentials, which region, what format.

    bucket_options:
      - bucket: ^audit-
        aws: {role_arn: "arn:aws:iam::210987654321:role/reader", external_id: logs, region: eu-central-1}
        folders:
          - {key: /elasticloadbalancing/, format: alb, fields: {type: alb}}
          - {key: /CloudTrail/, format: cloudtrail}
      - bucket: shared
        via: arn:aws:s3:eu-west-1:210987654321:accesspoint/logs

`bucket` and the folders' `key` are regular expressions, found anywhere in the name or key: anchor them with `^`, `$`.
The first bucket that matches counts, and of it the first folder. `fields` are set where an event lacks them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import regex
from pydantic import AfterValidator, Field

from logsluice.aws.rules import KeyPattern, holds
from logsluice.aws.session import AwsOptions, endpoint_of, regions_beside
from logsluice.components import Options, find
from logsluice.config.model import FormatNode

if TYPE_CHECKING:
    from logsluice.model import Format

_BUCKET_ARN = re.compile(r"arn:aws[a-z-]*:s3:::")
_ACCESS_POINT = re.compile(r"arn:aws[a-z-]*:s3:[a-z0-9-]*:\d{12}:accesspoint[/:][A-Za-z0-9.-]+|[a-z0-9][a-z0-9.-]+")


def bare_bucket(name: str) -> str:
    """A bucket, with or without a prefix, that may be written as an ARN.

    Raises:
        ValueError: An access point's ARN: events name the bucket behind it.
    """
    if ":accesspoint" in name:
        raise ValueError("name the bucket, and read it through its access point: bucket_options: [{bucket, via}]")
    return _BUCKET_ARN.sub("", name, count=1)


def _access_point(name: str) -> str:
    if not _ACCESS_POINT.fullmatch(name):
        raise ValueError("must be an access point: arn:aws:s3:<region>:<account>:accesspoint/<name>, or its alias")
    return name


class FolderOptions(Options):
    """What is special about some keys of a bucket."""

    key: KeyPattern = Field(description="A regular expression that is found in the keys.")
    format: FormatNode | None = Field(default=None, description="Their format instead of the pipeline's.")
    fields: dict[str, Any] = Field(default_factory=dict, description="What their events get where they lack it.")


class BucketOptions(Options):
    """What is special about some buckets."""

    bucket: Annotated[KeyPattern, AfterValidator(bare_bucket)] = Field(
        description="A bucket's name, or a regular expression that is found in it."
    )
    aws: AwsOptions = Field(default=AwsOptions(), description="How to reach it, where that differs from the source's.")
    via: Annotated[str, AfterValidator(_access_point)] | None = Field(
        default=None, description="An access point (ARN or alias) through which its objects are read."
    )
    folders: tuple[FolderOptions, ...] = Field(default=(), description="The first whose key is found counts.")


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder's options, ready for use."""

    key: regex.Pattern[str]
    format: Format | None = None
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket's options, ready for use; without any, what holds for every other bucket."""

    name: regex.Pattern[str]
    aws: AwsOptions
    region: str = ""
    via: str = ""
    folders: tuple[Folder, ...] = ()

    def folder(self, key: str) -> Folder:
        """The first folder that holds a key; one without format and fields when none does."""
        return next((folder for folder in self.folders if holds(folder.key, key, when_unsure=False)), _NO_FOLDER)

    def client(self, announced: str, default: str) -> Any:
        """A client for the bucket's region: as configured for it, else as announced, else the source's or the default.

        The announced one is text from outside: it counts only when boto3 knows such a region beside the default, and
        where AWS itself is asked. S3 says where a bucket is when it is asked in another region, and botocore then asks
        there.
        """
        if self.region:
            return self.aws.client("s3")
        region = self.aws.region or default
        if announced and endpoint_of(self.aws, "s3") is None and announced in regions_beside(region):
            region = announced
        return self.aws.in_region(region).client("s3")


_NO_FOLDER = Folder(regex.compile(""))


class Buckets:
    """The options of all buckets of a source.

    Args:
        options: As configured, in order.
        aws: The source's own, for what the buckets leave out.
    """

    def __init__(self, options: Sequence[BucketOptions], aws: AwsOptions) -> None:
        self._buckets = [_bucket(each, aws) for each in options]
        self._other = Bucket(regex.compile(""), aws)

    @property
    def formats(self) -> tuple[Format, ...]:
        """Every format that some folder has of its own."""
        return tuple(each.format for bucket in self._buckets for each in bucket.folders if each.format is not None)

    def of(self, name: str) -> Bucket:
        """The options of a bucket."""
        return next((each for each in self._buckets if holds(each.name, name, when_unsure=False)), self._other)

    def open(self, default: str) -> None:
        """Make every client that is surely needed, so that what is wrong with its options is told at the start.

        Args:
            default: The region where none is given.

        Raises:
            UsageError: A profile, a region or the credentials for a role are missing.
        """
        for bucket in (*self._buckets, self._other):
            bucket.client("", default)


def _bucket(options: BucketOptions, aws: AwsOptions) -> Bucket:
    folders = [
        Folder(
            regex.compile(folder.key),
            None if folder.format is None else find("formats", folder.format.type).build(**folder.format.options),
            folder.fields,
        )
        for folder in options.folders
    ]
    own = aws.with_(options.aws)
    return Bucket(regex.compile(options.bucket), own, options.aws.region or "", options.via or "", tuple(folders))
