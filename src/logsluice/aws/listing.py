"""Listing S3 page by page, and the folders below a prefix (Amazon S3 API Reference, ListObjectsV2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from logsluice.aws.envelopes import Announcement
from logsluice.aws.faults import explain, is_denied, is_passing
from logsluice.errors import LogsluiceError, Unavailable, UsageError

_ARCHIVED = {"GLACIER", "DEEP_ARCHIVE"}
"""Not readable before they are restored; Glacier Instant Retrieval is (Amazon S3 User Guide, "Storage classes")."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One object, as a listing shows it.

    Attributes:
        found: What it is; its id is the one that a notification gives it.
        modified: S3's LastModified in seconds since 1970: when it was written, or a multipart upload of it began.
        archived: In an archive, and not restored.
    """

    found: Announcement
    modified: float
    archived: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects in the order of their keys; `last` is whether there are no more."""

    objects: tuple[Listed, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class Lister:
    """One bucket, as it is to be listed.

    Attributes:
        client: A boto3 S3 client.
        bucket: Its name.
        owner: The account that it must belong to, "" for any (`ExpectedBucketOwner`).
        via: An access point's ARN or alias, to be asked instead of the bucket.
        request_payer: `requester` where we pay for requests (Requester Pays buckets).
    """

    client: Any
    bucket: str
    owner: str = ""
    via: str = ""
    request_payer: str = ""

    def page(self, prefix: str, after: str = "") -> Page:
        """At most a thousand objects whose keys begin with a prefix and sort behind `after`, folder marks included.

        Raises:
            UsageError: The bucket can't be listed, with what to do.
            Unavailable: Not now.
        """
        more = {"StartAfter": after} if after else {}
        answer = self._call(prefix, OptionalObjectAttributes=["RestoreStatus"], **more)
        objects = tuple(_listed(self.bucket, entry) for entry in answer.get("Contents", ()))
        return Page(objects, not answer.get("IsTruncated") or not objects)

    def folders(self, prefix: str) -> Iterator[str]:
        """The prefixes one level below a prefix, each with its final slash. Raises as `page` does."""
        more: dict[str, str] = {}
        while True:
            answer = self._call(prefix, Delimiter="/", **more)
            yield from (entry["Prefix"] for entry in answer.get("CommonPrefixes", ()))
            if not answer.get("IsTruncated"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    @property
    def more(self) -> dict[str, str]:
        """What every request carries beside the bucket and the key."""
        owner = {"ExpectedBucketOwner": self.owner} if self.owner else {}
        return owner | ({"RequestPayer": self.request_payer} if self.request_payer else {})

    def _call(self, prefix: str, **more: Any) -> dict[str, Any]:
        place = {"Bucket": self.via or self.bucket, "Prefix": prefix, **self.more}
        try:
            answer: dict[str, Any] = self.client.list_objects_v2(**place, **more)
        except (ClientError, BotoCoreError) as error:
            raise _fault(error, f"can't list s3://{self.bucket}/{prefix}") from error
        return answer


def look_into(lister: Lister, prefix: str) -> str:
    """Ask for one key, to see what may be done: "" when it may be listed, else why not.

    Raises:
        LogsluiceError: There is no such bucket, no way to it, or no credentials.
    """
    try:
        lister.client.list_objects_v2(Bucket=lister.via or lister.bucket, Prefix=prefix, MaxKeys=1, **lister.more)
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and is_denied(error):
            return f"{lister.bucket}: s3:ListBucket is not allowed"
        raise _fault(error, f"can't look into {lister.bucket}") from error
    return ""


def _fault(error: Exception, doing: str) -> LogsluiceError:
    said = explain(error, doing)
    if isinstance(error, ClientError):
        if is_denied(error):
            return UsageError(str(said), "grant s3:ListBucket on the bucket itself to this role or user")
        return Unavailable(str(said)) if is_passing(error) else said
    return Unavailable(str(said)) if isinstance(error, HTTPClientError | BotoConnectionError) else said


def _listed(bucket: str, entry: dict[str, Any]) -> Listed:
    found = Announcement(bucket, entry["Key"], entry["ETag"].strip('"'), entry["Size"])
    written: datetime = entry["LastModified"]
    restored = "RestoreExpiryDate" in entry.get("RestoreStatus", {})
    archived = entry.get("StorageClass") in _ARCHIVED and not restored
    return Listed(found, written.astimezone(UTC).timestamp(), archived)
