"""State in S3: one object a partition, written with conditions, so that two writers never undo each other's work.

Each object says who wrote it last (a token of the process) and how often. A write carries `If-Match` with the ETag that
we know, or `If-None-Match: *` for a new one (Amazon S3 User Guide, "Conditional requests"). Where S3 answers 412 or 409
the object is read back: with our own token, an answer was lost and the write is done; with another's, somebody else
works on the same: that is said, and our changes are made again over theirs. All that is due is written at most once in
five seconds, and at the end; what a killed process had not written yet is read once more, under the same ids.
"""

from __future__ import annotations

import struct
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import orjson
import structlog
from botocore.exceptions import BotoCoreError, ClientError

from logsluice.aws.faults import explain, status_of
from logsluice.errors import Unavailable, UsageError
from logsluice.state import Changes

if TYPE_CHECKING:
    from logsluice.aws.session import AwsOptions

WRITE_SECONDS = 5.0
"""Between two rounds of writing."""

TRIES = 5
"""How often one write is tried against others who write the same."""

_LENGTHS = struct.Struct(">BI")
_REFUSED = {404, 409, 412}
"""What S3 answers when a condition does not hold: 404 for `If-Match` where there is no object any more."""

log = structlog.get_logger("state")


@dataclass(slots=True)
class _Part:
    """One partition as we know it.

    Attributes:
        entries: With our changes.
        etag: Of the object that they were read from, "" when there is none.
        writer: The token of who wrote that object.
        generation: How often it was written.
        pending: Our changes that are not in the object yet.
    """

    entries: dict[bytes, bytes] = field(default_factory=dict)
    etag: str = ""
    writer: str = ""
    generation: int = 0
    pending: dict[bytes, bytes | None] = field(default_factory=dict)

    def change(self, changes: Iterable[tuple[bytes, bytes | None]]) -> None:
        for key, value in changes:
            if value is None:
                self.entries.pop(key, None)
            else:
                self.entries[key] = value


class ObjectKeeper:
    """Entries in objects below an S3 prefix (`state.Keeper`).

    Args:
        place: `s3://bucket/prefix`.
        aws: How to reach it.
        clock: Seconds that only grow.

    Raises:
        UsageError: The bucket can't be used, or the service behind it does not honour conditions.
    """

    def __init__(self, place: str, aws: AwsOptions, clock: Callable[[], float] = time.monotonic) -> None:
        self._bucket, _, prefix = place.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._place = place
        self._client: Any = aws.client("s3")
        self._clock = clock
        self._written_at = float("-inf")
        self._token = uuid.uuid4().hex
        self._parts: dict[str, _Part] = {}
        self._dirty: dict[str, None] = {}
        self._dropped: dict[str, None] = {}
        self._rivals: set[str] = set()
        self._lock = threading.RLock()
        self._probe()

    def _probe(self) -> None:
        """Write an object that must not be written, twice."""
        key = f"{self._prefix}.probe-{self._token}"
        doing = f"can't keep state in {self._place}"
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=b"", IfNoneMatch="*")
            honoured = self._is_refused(key, IfNoneMatch="*") and self._is_refused(key, IfMatch=f'"{"0" * 32}"')
            self._client.delete_object(Bucket=self._bucket, Key=key)
        except (ClientError, BotoCoreError) as error:
            raise explain(error, doing) from error
        if not honoured:
            raise UsageError(
                f"{doing}: the service ignores conditions on writes (If-Match, If-None-Match), so two tasks could undo"
                " each other's work",
                "use Amazon S3, or a folder",
            )

    def _is_refused(self, key: str, **condition: str) -> bool:
        try:
            self._client.put_object(Bucket=self._bucket, Key=key, Body=b"", **condition)
        except ClientError as error:
            if status_of(error) == 412:
                return True
            raise
        return False

    # ------------------------------------------------------------------------------------------- reading

    def hold(self, partition: str) -> None:
        """Another writer shows when one of us writes: its token is in the object."""

    def names(self, beginning: str) -> list[str]:
        """The partitions whose names begin so, sorted."""
        prefix = self._prefix + quote(beginning)
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        except (ClientError, BotoCoreError) as error:
            raise Unavailable(str(explain(error, f"can't read the state in {self._place}"))) from error
        return sorted(unquote(key.removeprefix(self._prefix)) for key in keys)

    def entries(self, partition: str) -> dict[bytes, bytes]:
        """All of a partition."""
        with self._lock:
            return dict(self._part(partition).entries)

    def find(self, partition: str, keys: Collection[bytes]) -> set[bytes]:
        """Which of these keys a partition has."""
        with self._lock:
            return set(keys) & self._part(partition).entries.keys()

    def _part(self, name: str) -> _Part:
        if name not in self._parts:
            self._parts[name] = self._read(name)
        return self._parts[name]

    def _read(self, name: str) -> _Part:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=self._key(name))
            return _load(answer["Body"].read(), answer["ETag"])
        except ClientError as error:
            if status_of(error) == 404:
                return _Part()
            raise Unavailable(str(explain(error, f"can't read the state in {self._place}"))) from error
        except (BotoCoreError, OSError) as error:
            raise Unavailable(str(explain(error, f"can't read the state in {self._place}"))) from error

    def _key(self, name: str) -> str:
        return self._prefix + quote(name)

    # ------------------------------------------------------------------------------------------- writing

    def write(self, changes: Changes, drop: Iterable[str] = ()) -> None:
        """Note the changes; they are written with the others when it is time."""
        with self._lock:
            for name, entries in changes.items():
                part = self._part(name)
                part.change(entries.items())
                part.pending.update(entries)
                self._dirty.pop(name, None)  # to the end: what was noted before is written before
                self._dirty[name] = None
                self._dropped.pop(name, None)
            for name in drop:
                self._dirty.pop(name, None)
                self._dropped[name] = None
        self.flush()

    def flush(self) -> None:
        """Write what is due, unless the last time was less than WRITE_SECONDS ago."""
        with self._lock:
            if self._clock() - self._written_at >= WRITE_SECONDS:
                self._carry_out()

    def sync(self) -> None:
        """Write what is due, now."""
        with self._lock:
            self._carry_out()

    def close(self) -> None:
        """Write what is due."""
        self.sync()

    def _carry_out(self) -> None:
        if not self._dirty and not self._dropped:
            return
        self._written_at = self._clock()
        for name in list(self._dirty):
            self._put(name, self._parts[name])
            del self._dirty[name]
        for name in list(self._dropped):
            try:
                self._client.delete_object(Bucket=self._bucket, Key=self._key(name))
            except (ClientError, BotoCoreError) as error:
                raise Unavailable(str(explain(error, f"can't tidy the state in {self._place}"))) from error
            self._parts.pop(name, None)
            del self._dropped[name]

    def _put(self, name: str, part: _Part) -> None:
        """Write one partition, over whatever others have made of it meanwhile."""
        for _ in range(TRIES):
            generation = part.generation + 1
            condition = {"IfMatch": part.etag} if part.etag else {"IfNoneMatch": "*"}
            body = _dump(self._token, generation, part.entries)
            try:
                answer = self._client.put_object(Bucket=self._bucket, Key=self._key(name), Body=body, **condition)
            except ClientError as error:
                if status_of(error) not in _REFUSED:
                    raise Unavailable(str(explain(error, f"can't write the state in {self._place}"))) from error
            except BotoCoreError as error:
                raise Unavailable(str(explain(error, f"can't write the state in {self._place}"))) from error
            else:
                part.etag, part.writer, part.generation = answer["ETag"], self._token, generation
                part.pending.clear()
                return
            self._read_back(name, part)
            if (part.writer, part.generation) == (self._token, generation):
                part.pending.clear()  # it was written, and the answer lost
                return
        raise Unavailable(f"the state in {self._place} is being written by others all the time")

    def _read_back(self, name: str, part: _Part) -> None:
        """What the object holds now, with our changes over it."""
        there = self._read(name)
        if there.writer not in ("", self._token) and there.writer not in self._rivals:
            self._rivals.add(there.writer)
            log.warning(
                "another process works on the same: each input may be read twice; end one of the two",
                what=name,
                state=self._place,
            )
        there.change(part.pending.items())
        part.entries, part.etag = there.entries, there.etag
        part.writer, part.generation = there.writer, there.generation


def _dump(writer: str, generation: int, entries: dict[bytes, bytes]) -> bytes:
    head = orjson.dumps({"logsluice": "state", "version": 1, "writer": writer, "generation": generation})
    parts = [head, b"\n"]
    for key, value in entries.items():
        parts += (_LENGTHS.pack(len(key), len(value)), key, value)
    return b"".join(parts)


def _load(body: bytes, etag: str) -> _Part:
    """What `_dump` wrote.

    Raises:
        Unavailable: It is something else: it is left as it is.
    """
    try:
        end = body.index(b"\n") + 1
        head = orjson.loads(body[:end])
        if head["logsluice"] != "state" or head["version"] != 1:
            raise ValueError
        entries: dict[bytes, bytes] = {}
        while end < len(body):
            key_length, value_length = _LENGTHS.unpack_from(body, end)
            middle = end + _LENGTHS.size + key_length
            entries[body[end + _LENGTHS.size : middle]] = body[middle : middle + value_length]
            end = middle + value_length
        return _Part(entries, etag, head["writer"], head["generation"])
    except (ValueError, KeyError, TypeError, struct.error):
        raise Unavailable("the state in S3 is not of this version of logsluice; it was left as it is") from None
