"""Reading one S3 object as a stream that survives cut connections and never mixes two versions of the object.

The first read is a GetObject with `If-Match`; a connection that ends early is taken up with `Range` and the same
`If-Match`, as often as it takes while bytes arrive and a few times while none do. The count of bytes decides whether an
object was read to its end: the transport may end a body early without an error.

With `If-Match` and no version, `s3:GetObject` is enough, and an object that was replaced is `superseded`. Only with
`all_versions` is the announced version itself asked for, which wants `s3:GetObjectVersion`; where that is denied the
latest is read with `If-Match` after all.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

import regex
import structlog
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from logsluice.aws.afterwards import Afterwards
from logsluice.aws.envelopes import Announcement
from logsluice.aws.faults import is_denied, object_fault
from logsluice.aws.rules import PATTERN_TIMEOUT_SECONDS
from logsluice.errors import Denied, MissingOrDenied, SourceFault, TooLarge, Unavailable
from logsluice.model import ByteStream, Format, Origin

RESUMES = 5
"""How often reading is taken up again without a byte of progress in between."""

PAUSE_SECONDS = 0.1
"""Before the second resume in a row; doubled each time."""

_TRANSPORT = (ClientError, BotoCoreError, HTTPError, OSError)

_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NO_PROPERTIES = {"Body", "ETag", "ResponseMetadata"}
"""Of GetObject's answer. The ETag is there without its quotes anyway."""

log = structlog.get_logger("s3")


@dataclass(frozen=True, slots=True)
class Reading:
    """How objects are read.

    Attributes:
        owner: The account that the bucket must belong to, "" for any (`ExpectedBucketOwner`).
        via: An access point's ARN or alias, to be asked instead of the bucket.
        request_payer: `requester` where we pay for requests and traffic (Requester Pays buckets).
        all_versions: Whether an announced version is read though it is no longer the latest.
        max_size: Bytes as stored; a larger object is a fault. None for no limit.
        format: See `Origin.format`.
        fields: See `Origin.fields`.
        properties: What of S3's answer becomes part of `[@metadata][s3]`: names in snake case, or `all`.
        folder: With it, `[@metadata][s3]` has bucket_name, object_key, and object_folder: the group `folder` of this
            pattern in the key, "" where it is not found.
        unversioned: Buckets whose versions we may not read, as found out.
        unlisted: Buckets that we may not list, as found out.
    """

    owner: str = ""
    via: str = ""
    request_payer: str = ""
    all_versions: bool = False
    max_size: int | None = None
    format: Format | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    properties: Literal["all"] | tuple[str, ...] = ()
    folder: regex.Pattern[str] | None = None
    unversioned: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)

    def arguments(self, found: Announcement) -> dict[str, str]:
        """What GetObject is given for an object."""
        arguments = {"Bucket": self.via or found.bucket, "Key": found.key}
        if self.owner:
            arguments["ExpectedBucketOwner"] = self.owner
        if self.request_payer:
            arguments["RequestPayer"] = self.request_payer
        if self.all_versions and found.version_id and found.bucket not in self.unversioned:
            arguments["VersionId"] = found.version_id
        return arguments

    def names(self, found: Announcement) -> dict[str, str]:
        """What `folder` adds."""
        if self.folder is None:
            return {}
        match = self.folder.search(found.key, timeout=PATTERN_TIMEOUT_SECONDS)
        return {"bucket_name": found.bucket, "object_key": found.key, "object_folder": match["folder"] if match else ""}

    def chosen(self, answer: Mapping[str, Any]) -> dict[str, Any]:
        """What `properties` says of GetObject's answer."""
        named = {_WORDS.sub("_", name).lower(): value for name, value in answer.items() if name not in _NO_PROPERTIES}
        return named if self.properties == "all" else {k: v for k, v in named.items() if k in self.properties}

    def check_size(self, found: Announcement, size: int | None) -> None:
        """Raises TooLarge over the limit."""
        if self.max_size is not None and size is not None and size > self.max_size:
            raise TooLarge(f"{found.uri}: {size} bytes are more than `max_object_size` ({self.max_size}) allows")


class S3Payload:
    """An S3 object as one stream of bytes (`model.Payload`).

    Args:
        client: A boto3 S3 client.
        announcement: Which object, in which version.
        salt: See `Origin.salt`.
        reading: How it is read.
    """

    def __init__(self, client: Any, announcement: Announcement, salt: str = "", reading: Reading | None = None) -> None:
        self._client = client
        self._announcement = announcement
        self._reading = reading or Reading()
        self._modified: datetime | None = None
        self.origin: Origin = announcement.origin(salt, self._reading.format, self._reading.fields)
        self.origin.attributes["s3"].update(self._reading.names(announcement))

    @property
    def size(self) -> int | None:
        """Bytes as stored, as announced."""
        return self._announcement.size

    def modified(self) -> datetime | None:
        """S3's LastModified, after `open`."""
        return self._modified

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        """Start to read.

        Raises:
            SourceFault: Missing, Denied, MissingOrDenied, Superseded, Archived, TooLarge or Unavailable; here or while
                reading.
        """
        self._reading.check_size(self._announcement, self._announcement.size)
        stream = _S3Stream(self._client, self._announcement, self._reading)
        try:
            self._modified = stream.modified
            self.origin.attributes["s3"].update(stream.properties)
            yield stream
        finally:
            stream.close()

    def finish(self, after: Afterwards) -> None:
        """Do with the object what is to be done once its events are delivered.

        Raises:
            SourceFault: It can't be done now, or may not.
        """
        place = replace(self._announcement, bucket=self._reading.via or self._announcement.bucket)
        after.carry_out(self._client, place, self._reading.owner)

    def __repr__(self) -> str:
        return f"S3Payload({self._announcement.uri!r})"


class _S3Stream:
    """The bytes of one object from one thread, counted."""

    def __init__(self, client: Any, announcement: Announcement, reading: Reading) -> None:
        self._client = client
        self._object = announcement
        self._reading = reading
        self._arguments = reading.arguments(announcement)
        self._position = 0
        answer = self._get(announcement.etag, "")
        self._etag: str = announcement.etag or str(answer.get("ETag", "")).strip('"')
        self._length = int(answer["ContentLength"])
        self.modified: datetime | None = answer.get("LastModified")
        self.properties = reading.chosen(answer) if reading.properties else {}
        self._body: Any = answer["Body"]
        try:
            reading.check_size(announcement, self._length)
        except TooLarge:
            self.close()
            raise

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, b"" only at the object's true end."""
        if size < 0:
            return b"".join(iter(lambda: self.read(1 << 20), b""))
        resumes = 0
        while self._position < self._length:
            try:
                data: bytes = self._body.read(size)
            except _TRANSPORT as error:
                data, reason = b"", type(error).__name__
            else:
                reason = "the connection ended early"
            if data:
                self._position += len(data)
                return data
            if resumes == RESUMES:
                raise Unavailable(f"{self._object.uri}: cut at byte {self._position} of {self._length} ({reason})")
            self._resume(resumes)
            resumes += 1
        return b""

    def close(self) -> None:
        """Let the connection go: back to the pool when all was read, else closed."""
        self._body.close()

    def _resume(self, tries: int) -> None:
        """Open the rest of the object, after a growing pause."""
        self._body.close()
        time.sleep(PAUSE_SECONDS * 2**tries if tries else 0)
        try:
            answer = self._get(self._etag, f"bytes={self._position}-")
        except Unavailable:
            return  # the closed body's next read fails, and counts as one more try
        if not str(answer.get("ContentRange", "")).startswith(f"bytes {self._position}-"):
            answer["Body"].close()
            raise Unavailable(f"{self._object.uri}: the server answers a Range request with something else")
        self._body = answer["Body"]

    def _get(self, etag: str, byte_range: str) -> dict[str, Any]:
        conditions = ({"IfMatch": f'"{etag}"'} if etag else {}) | ({"Range": byte_range} if byte_range else {})
        try:
            answer: dict[str, Any] = self._client.get_object(**self._arguments, **conditions)
        except _TRANSPORT as error:
            if "VersionId" in self._arguments and isinstance(error, ClientError) and is_denied(error):
                self._without_version(str(error))
                return self._get(etag, byte_range)
            raise self._fault(error) from error
        return answer

    def _without_version(self, reason: str) -> None:
        """Read the latest from now on; `If-Match` says when that is another one."""
        del self._arguments["VersionId"]
        if self._object.bucket not in self._reading.unversioned:
            self._reading.unversioned.add(self._object.bucket)
            log.warning(
                "versions may not be read, so only the latest is",
                bucket=self._object.bucket,
                do="grant s3:GetObjectVersion",
                reason=reason,
            )

    def _fault(self, error: Exception) -> SourceFault:
        fault = object_fault(error, self._object.uri, self._may_list)
        owner = self._reading.owner
        if owner and isinstance(fault, Denied | MissingOrDenied):
            allow = f"if the bucket belongs to another account than {owner}, list it and the others in `buckets`"
            return type(fault)(f"{fault} ({allow})")
        return fault

    def _may_list(self) -> bool:
        """Asked of S3; where it was denied once, the bucket is not asked about again."""
        if self._object.bucket in self._reading.unlisted:
            return False
        payer = {"RequestPayer": self._reading.request_payer} if self._reading.request_payer else {}
        bucket = self._arguments["Bucket"]
        try:
            self._client.list_objects_v2(Bucket=bucket, Prefix=self._object.key, MaxKeys=1, **payer)
        except ClientError as error:
            if is_denied(error):
                self._reading.unlisted.add(self._object.bucket)
            raise
        return True
