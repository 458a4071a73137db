"""Where rejects go: a local folder or an S3 prefix, written and confirmed before a delivery is settled.

Files are NDJSON, one reject a line, named by origin, output and first position: a repeat of the same delivery
overwrites its own files, so that rejects are kept once.
"""

from __future__ import annotations

import base64
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

import orjson
import structlog

from logsluice.errors import Busy, Sick
from logsluice.framing.limits import MIB
from logsluice.lang.as_json import dumps
from logsluice.model import Origin, Reject

if TYPE_CHECKING:
    from logsluice.aws.session import AwsOptions

PART_BYTES = 8 * MIB

_SAID = {
    "source": "an input that can't be used is",
    "framing": "records that can't be read are",
    "parse": "records that can't be read are",
    "filter": "events that a filter can't use are",
    "sink": "events that an output refuses are",
}
"""By stage: each has its own limit of repeats in the log, so that many of one kind don't hide another."""

log = structlog.get_logger("dead_letter")


class Shelf(Protocol):
    """A place that keeps named files."""

    def put(self, name: str, content: bytes) -> None:
        """Keep a file, replacing one of that name. Returns when it is safe.

        Raises:
            SinkFault: It is not.
        """


@dataclass(frozen=True, slots=True)
class Folder:
    """Dead letters in a local folder."""

    path: Path

    def put(self, name: str, content: bytes) -> None:
        """Write beside, sync, rename, sync the folder: after a crash the file is whole or not there."""
        target = self.path / name
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(target)
            folder = os.open(target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise Sick(f"the dead letter folder {self.path} can't be written: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class S3Prefix:
    """Dead letters under `s3://bucket/prefix`."""

    bucket: str
    prefix: str
    aws: AwsOptions

    def put(self, name: str, content: bytes) -> None:
        """One PutObject; S3 answers when the object is durable."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self.aws.client("s3").put_object(Bucket=self.bucket, Key=f"{self.prefix}{name}", Body=content)
        except ClientError as error:
            place = f"s3://{self.bucket}/{self.prefix}"
            if error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500) >= 500:
                raise Busy(f"the dead letter {place} can't be written: {error}") from error
            raise Sick(f"the dead letter {place} can't be written: {error}") from error
        except BotoCoreError as error:
            raise Busy(f"the dead letter s3://{self.bucket} can't be reached: {error}") from error


class DeadLetter:
    """Writes rejects to a shelf.

    Args:
        shelf: None discards them (they are still counted): for `--to stdout` without a `--dead-letter`.
        place: The folder or `s3://bucket/prefix`, as people are told of it.
    """

    def __init__(self, shelf: Shelf | None, place: str = "") -> None:
        self._shelf = shelf
        self.place = place

    def write(self, rejects: Sequence[Reject]) -> None:
        """Write rejects of one delivery. When this returns they are safe.

        Raises:
            SinkFault: They are not, and the delivery must not be settled.
        """
        for (origin, output), group in _grouped(rejects):
            if self._shelf is not None:
                # in order of position: the rest of a delivery must not overwrite what its beginning was named by
                for first, part in _parts(sorted(group, key=_place)):
                    self._shelf.put(_name(origin, output, first), part)
            _tell(group, "not kept" if self._shelf is None else "kept in the dead letter")


def open_dead_letter(place: str, aws: AwsOptions | None = None, base: Path | None = None) -> DeadLetter:
    """The dead letter for a folder or an `s3://bucket/prefix`."""
    if place.startswith("s3://"):
        from logsluice.aws.session import AwsOptions

        bucket, _, prefix = place.removeprefix("s3://").partition("/")
        prefix = f"{prefix.rstrip('/')}/" if prefix else ""
        return DeadLetter(S3Prefix(bucket, prefix, aws or AwsOptions()), place)
    folder = (base or Path()).resolve() / place
    return DeadLetter(Folder(folder), str(folder))


def trouble_of(place: str) -> str:
    """Why a folder can't be written, as far as that shows without writing; "" for `s3://bucket/prefix` and for none."""
    if not place or place.startswith("s3://"):
        return ""
    folder = Path(place)
    nearest = next(path for path in (folder, *folder.parents) if os.access(path, os.F_OK))
    if not nearest.is_dir():
        return f"{nearest} is no folder"
    return "" if os.access(nearest, os.W_OK | os.X_OK) else f"{nearest} may not be written"


def read_dead_letter(folder: Path) -> Iterator[dict[str, Any]]:
    """The rejects in a local folder, each once by (event id or place, output): what was cut differently repeats."""
    seen: set[tuple[str, int, str, str]] = set()
    for path in sorted(folder.rglob("*.ndjson")):
        with path.open("rb") as lines:
            for line in lines:
                entry: dict[str, Any] = orjson.loads(line)
                key = (entry["origin"]["uri"], entry["position"], entry["event_id"], entry["output"])
                if key not in seen:
                    seen.add(key)
                    yield entry


def _tell(group: Sequence[Reject], what: str) -> None:
    """One line for what one input brought: where its first reject comes from, and why; how many there are."""
    first = min(group, key=_place)
    about = {
        "origin": first.origin.uri if first.origin else None,
        "position": first.position if first.position >= 0 else None,
        "output": first.output or None,
    }
    known = {name: value for name, value in about.items() if value is not None}
    log.warning(f"{_SAID[first.stage]} {what}", **known, reason=first.reason, rejects=len(group))


def _grouped(rejects: Iterable[Reject]) -> Iterator[tuple[tuple[Origin | None, str], list[Reject]]]:
    groups: dict[tuple[str, str], tuple[Origin | None, list[Reject]]] = {}
    for reject in rejects:
        uri = f"{reject.origin.uri}\0{reject.origin.version}" if reject.origin else ""
        groups.setdefault((uri, reject.output), (reject.origin, []))[1].append(reject)
    for (_, output), (origin, group) in groups.items():
        yield (origin, output), group


def _parts(rejects: Iterable[Reject]) -> Iterator[tuple[Reject, bytes]]:
    """Lines joined to files of about PART_BYTES, each with its first reject."""
    first: Reject | None = None
    part = bytearray()
    for reject in rejects:
        line = _line(reject)
        if first is not None and len(part) + len(line) > PART_BYTES:
            yield first, bytes(part)
            first, part = None, bytearray()
        first = first or reject
        part += line
    if first is not None:
        yield first, bytes(part)


def _name(origin: Origin | None, output: str, first: Reject) -> str:
    day, digest = (origin.day, origin.digest) if origin else ("00000000", "unknown")
    place = f"{first.stage}.{quote(output, safe='')}" if output else first.stage  # no two outputs share a name
    return f"{day}/{digest}.{place}.{_position(first)}.ndjson"


def _place(reject: Reject) -> tuple[int, str]:
    return reject.position, reject.event_id


def _position(reject: Reject) -> str:
    """The position with what tells several events of one record apart."""
    prefix = reject.origin.id_prefix if reject.origin else ""
    own_id = bool(prefix) and reject.event_id.startswith(prefix)
    return quote(reject.event_id.removeprefix(prefix), safe="") if own_id else str(reject.position)


def _line(reject: Reject) -> bytes:
    origin = reject.origin
    entry: dict[str, Any] = {
        "stage": reject.stage,
        "reason": reject.reason,
        "output": reject.output,
        "event_id": reject.event_id,
        "origin": {"uri": origin.uri, "version": origin.version, **origin.attributes} if origin else {"uri": ""},
        "position": reject.position,
        "length": reject.length,
        "truncated": reject.truncated,
        "rejected_at": datetime.now(UTC),
    }
    try:
        entry["text"] = reject.excerpt.decode()
    except UnicodeDecodeError:
        entry["base64"] = base64.b64encode(reject.excerpt).decode()
    return dumps(entry) + b"\n"  # which makes JSON of any text: keys and reasons may hold what input held
