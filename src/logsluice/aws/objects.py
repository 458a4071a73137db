"""Reading one S3 object as a stream that survives cut connections and never mixes two versions of the object.

The first read is a GetObject with `If-Match`; a connection that ends early is taken up with `Range` and the same
`If-Match`, as often as it takes while bytes arrive and a few times while none do. The count of bytes decides whether an
object was read to its end: the transport may end a body early without an error.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from logsluice.aws.envelopes import Announcement
from logsluice.aws.faults import object_fault
from logsluice.errors import Denied, MissingOrDenied, SourceFault, Unavailable
from logsluice.model import ByteStream, Origin

RESUMES = 5
"""How often reading is taken up again without a byte of progress in between."""

PAUSE_SECONDS = 0.1
"""Before the second resume in a row; doubled each time."""

_TRANSPORT = (ClientError, BotoCoreError, HTTPError, OSError)


class S3Payload:
    """An S3 object as one stream of bytes (`model.Payload`).

    Args:
        client: A boto3 S3 client.
        announcement: Which object, in which version.
        salt: See `Origin.salt`.
        owner: The account that the bucket must belong to, "" for any (`ExpectedBucketOwner`).
    """

    def __init__(self, client: Any, announcement: Announcement, salt: str = "", owner: str = "") -> None:
        self._client = client
        self._announcement = announcement
        self._owner = owner
        self._modified: datetime | None = None
        self.origin: Origin = announcement.origin(salt)

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
            SourceFault: Missing, Denied, MissingOrDenied, Superseded, Archived or Unavailable; here or while reading.
        """
        stream = _S3Stream(self._client, self._announcement, self._owner)
        try:
            self._modified = stream.modified
            yield stream
        finally:
            stream.close()

    def __repr__(self) -> str:
        return f"S3Payload({self._announcement.uri!r})"


class _S3Stream:
    """The bytes of one object from one thread, counted."""

    def __init__(self, client: Any, announcement: Announcement, owner: str) -> None:
        self._client = client
        self._object = announcement
        self._arguments = {"Bucket": announcement.bucket, "Key": announcement.key}
        if owner:
            self._arguments["ExpectedBucketOwner"] = owner
        self._position = 0
        answer = self._get(announcement.etag, "")
        self._etag: str = announcement.etag or str(answer.get("ETag", "")).strip('"')
        self._length = int(answer["ContentLength"])
        self.modified: datetime | None = answer.get("LastModified")
        self._body: Any = answer["Body"]

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
            raise self._fault(error) from error
        return answer

    def _fault(self, error: Exception) -> SourceFault:
        fault = object_fault(error, self._object.uri, self._may_list)
        owner = self._arguments.get("ExpectedBucketOwner")
        if owner and isinstance(fault, Denied | MissingOrDenied):
            return type(fault)(f"{fault} (if the bucket belongs to another account than {owner}, list it in `buckets`)")
        return fault

    def _may_list(self) -> bool:
        self._client.list_objects_v2(Bucket=self._object.bucket, Prefix=self._object.key, MaxKeys=1)
        return True
