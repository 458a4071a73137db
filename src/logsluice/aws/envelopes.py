"""What a queue message announces, in each of the forms in which S3 events reach a queue.

- S3's own notification (Amazon S3 User Guide, "Event message structure"): `Records`, keys form-encoded
- the same within an SNS message, or passed on raw (Amazon SNS Developer Guide, "Raw message delivery")
- an EventBridge event (Amazon S3 User Guide, "EventBridge event message structure"): one object, key as it is
- `s3:TestEvent`, which S3 sends when a notification is configured

A body comes from whoever may send to the queue, so nothing in it is trusted: whatever it is, the answer is a `Notice`
or `NotANotification`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

import orjson

from logsluice.errors import NotANotification
from logsluice.model import Origin

if TYPE_CHECKING:
    from logsluice.model import Format

_MAX_NESTING = 4
"""EventBridge to SNS to SQS is two; a body wrapped deeper than this is somebody's joke."""

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
"""Old buckets of us-east-1 may have up to 255 characters and capitals. An ARN must not pass for a name."""

_ETAG = re.compile(r'"?([!#-~]*)"?')
"""What a header may carry (RFC 9110, entity-tag): reading with anything else would look like a sick service."""

_MAX_KEY_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Announcement:
    """One object, as a notification or a listing names it.

    Attributes:
        bucket: Its name.
        key: Decoded.
        etag: Without quotes; "" when the announcement has none, which S3 itself never does.
        size: Bytes as stored, None when unknown.
        region: Of the bucket, "" when unknown.
        version_id: Of a versioned bucket, else "".
        mark: What tells two versions of the key apart when there is no ETag: S3's sequencer, else the event's time.
    """

    bucket: str
    key: str
    etag: str = ""
    size: int | None = None
    region: str = ""
    version_id: str = ""
    mark: str = ""

    @property
    def uri(self) -> str:
        """`s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    def origin(self, salt: str = "", format_: Format | None = None, fields: Mapping[str, Any] | None = None) -> Origin:
        """The identity that notifications, listings and backfill share: bucket, key and ETag.

        Args:
            salt: See `Origin.salt`.
            format_: See `Origin.format`.
            fields: See `Origin.fields`.
        """
        folder = self.key.rpartition("/")[0]
        about = {"bucket": self.bucket, "key": self.key, "folder": folder, "etag": self.etag}
        if self.size is not None:
            about["size"] = self.size  # type: ignore[assignment]
        if self.region:
            about["region"] = self.region
        if self.version_id:
            about["version_id"] = self.version_id
        version = self.etag or self.version_id or self.mark
        identity = (self.bucket, self.key, version)
        return Origin(self.uri, self.etag, {"s3": about}, self.key, identity, salt, format_, fields or {})


@dataclass(frozen=True, slots=True)
class Notice:
    """What one message says.

    Attributes:
        announcements: Objects that were created, in order.
        ignored: Names of events that create no object (`ObjectRemoved:Delete`, `Object Deleted`).
        malformed: A reason for each record that should announce an object and does not.
        is_test: The body is `s3:TestEvent`.
    """

    announcements: tuple[Announcement, ...] = ()
    ignored: tuple[str, ...] = ()
    malformed: tuple[str, ...] = ()
    is_test: bool = False


class _MalformedError(ValueError):
    """A record that names no readable object; the message says why."""


def read_body(body: str | bytes) -> Notice:
    """What a message body announces.

    Raises:
        NotANotification: None of the known forms, or no record of it can be used; the message is one sentence.
    """
    for _ in range(_MAX_NESTING):
        document = _parse(body)
        if document.get("Type") == "Notification" and isinstance(document.get("Message"), str):
            body = document["Message"]
            continue
        return _read_document(document)
    raise NotANotification(f"SNS messages wrapped in each other more than {_MAX_NESTING - 1} times")


def _parse(body: str | bytes) -> dict[str, Any]:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotANotification(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise NotANotification("the body is JSON, but not an object")
    return document


def _read_document(document: dict[str, Any]) -> Notice:
    records = document.get("Records")
    if isinstance(records, list):
        return _read_records(records)
    if document.get("Event") == "s3:TestEvent":
        return Notice(is_test=True)
    if "detail-type" in document and isinstance(document.get("detail"), dict):
        return _read_eventbridge(document)
    if document.get("Type") in ("SubscriptionConfirmation", "UnsubscribeConfirmation"):
        raise NotANotification(f"an SNS {document['Type']}: the subscription of this queue is not confirmed by SNS")
    names = ", ".join(sorted(map(repr, document))[:5])
    raise NotANotification(f"neither an S3 notification, an SNS message nor an EventBridge event (it has {names})")


def _read_records(records: list[Any]) -> Notice:
    found: list[Announcement] = []
    ignored: list[str] = []
    malformed: list[str] = []
    for index, record in enumerate(records):
        try:
            name = _event_name(record)
            if name and not name.startswith("ObjectCreated:"):
                ignored.append(name)
            else:
                found.append(_from_record(record))
        except _MalformedError as error:
            malformed.append(f"record {index}: {error}")
    if not found and not ignored:
        raise NotANotification(malformed[0] if malformed else "its list of Records is empty")
    return Notice(tuple(found), tuple(ignored), tuple(malformed))


def _event_name(record: Any) -> str:
    """`ObjectCreated:Put` and the like, "" when left out. Some senders write it with `s3:` before it."""
    if not isinstance(record, dict):
        raise _MalformedError("not an object")
    source = record.get("eventSource", record.get("EventSource", "aws:s3"))
    if not isinstance(source, str) or not source.endswith(":s3"):
        raise _MalformedError(f"an event of {_shown(source)}, not of S3")
    name = record.get("eventName", "")
    if not isinstance(name, str):
        raise _MalformedError("eventName is no text")
    return name.removeprefix("s3:")[:100]


def _from_record(record: Mapping[str, Any]) -> Announcement:
    s3 = _mapping(record, "s3")
    entity = _mapping(s3, "object")
    return _announcement(
        bucket=_mapping(s3, "bucket").get("name"),
        key=_form_decoded(entity.get("key")),
        etag=entity.get("eTag"),
        size=entity.get("size"),
        region=record.get("awsRegion"),
        version_id=entity.get("versionId"),
        mark=entity.get("sequencer") or record.get("eventTime"),
    )


def _read_eventbridge(event: dict[str, Any]) -> Notice:
    kind, source = event["detail-type"], event.get("source")
    if source != "aws.s3" or not isinstance(kind, str):
        raise NotANotification(f"an EventBridge event of {_shown(source)}, not of aws.s3")
    if kind != "Object Created":
        return Notice(ignored=(kind[:100],))
    try:
        detail = event["detail"]
        entity = _mapping(detail, "object")
        found = _announcement(
            bucket=_mapping(detail, "bucket").get("name"),
            key=entity.get("key"),
            etag=entity.get("etag"),
            size=entity.get("size"),
            region=event.get("region"),
            version_id=entity.get("version-id"),
            mark=entity.get("sequencer") or event.get("time"),
        )
    except _MalformedError as error:
        raise NotANotification(f"an EventBridge event without an object: {error}") from None
    return Notice((found,))


def _announcement(
    *, bucket: Any, key: Any, etag: Any, size: Any, region: Any, version_id: Any, mark: Any
) -> Announcement:
    if not isinstance(bucket, str) or not _BUCKET.fullmatch(bucket):
        raise _MalformedError(f"{_shown(bucket)} is no bucket name")
    if not isinstance(key, str) or not 0 < len(key.encode()) <= _MAX_KEY_BYTES:
        raise _MalformedError(f"{_shown(key)} is no object key")
    tag = _ETAG.fullmatch(_text(etag))
    if tag is None:
        raise _MalformedError(f"{_shown(etag)} is no ETag")
    known_size = size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None
    return Announcement(bucket, key, tag[1], known_size, _text(region), _plain_version(_text(version_id)), _text(mark))


def _form_decoded(key: Any) -> Any:
    """S3 notifications encode keys as forms do: `+` is a space, the bytes of UTF-8 are `%xx`."""
    if not isinstance(key, str):
        return key
    try:
        return unquote_to_bytes(key.replace("+", " ")).decode()
    except UnicodeDecodeError:
        raise _MalformedError(f"the key {_shown(key)} is not UTF-8") from None


def _plain_version(version_id: str) -> str:
    """Objects written before versioning was switched on have the version `null`."""
    return "" if version_id == "null" else version_id


def _mapping(parent: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = parent.get(name)
    if not isinstance(value, dict):
        raise _MalformedError(f"no {name!r} in it")
    return value


def _text(value: Any) -> str:
    return value[:1024] if isinstance(value, str) else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
