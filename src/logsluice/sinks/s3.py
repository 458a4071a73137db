"""Writes events to S3 as text: NDJSON unless `codec` says otherwise, for whoever reads objects line by line.

    outputs:
      - s3: {to: "s3://logs-by-day/%{+yyyy}/%{+MM}/%{+dd}/", gzip: true}

`to` takes `%{field}` and dates; an event that lacks such a field is rejected. Objects are named
`<prefix><day>.<digest>.<position>.<pipeline>.<output>.ndjson.gz`: by where their first record was read, and by the
names of pipeline and output, so that two outputs below one prefix don't overwrite each other. What is read is divided
into windows of `window` whose ends depend on its bytes alone, and each window gives an object for each prefix that its
events name. So **a repeat writes the same objects again**, and nothing is there twice, as long as the configuration
stays: with other filters, names or another `window` a repeat writes others beside them.

Small inputs give small objects: one for each at least. Parquet, for Athena and for `search`, is written by `archive`.

**Permissions:** `s3:PutObject` below the prefix, with `acl` also `s3:PutObjectAcl`; with `sse: aws:kms` also
`kms:GenerateDataKey` for the key.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

from pydantic import Field, field_validator

from logsluice.archive import safe_window
from logsluice.components import Context
from logsluice.config.types import Size
from logsluice.errors import SinkFault
from logsluice.lang.as_json import dumps
from logsluice.lang.templates import template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._codecs import OutputCodec, is_ndjson, writer
from logsluice.sinks._documents import Documents, DocumentSink
from logsluice.sinks._objects import ObjectOptions, put

KEY_BYTES = 1024
NAME_BYTES = 300
"""What is left of KEY_BYTES for the part of a key that is not the prefix."""


class Config(ObjectOptions):
    """Options of the `s3` output."""

    to: str = Field(description="Where the objects go: s3://bucket/prefix, with %{field} after the bucket.")
    codec: OutputCodec = Field("ndjson", description="How an event is written, as of `file`.")
    gzip: bool = Field(False, description="Compress.")
    window: Size = Field(
        5 * 1024 * 1024, ge=64 * 1024, le=16 * 1024 * 1024, description="How much of an input goes into an object."
    )
    acl: (
        Literal[
            "private",
            "public-read",
            "public-read-write",
            "authenticated-read",
            "aws-exec-read",
            "bucket-owner-read",
            "bucket-owner-full-control",
            "log-delivery-write",
        ]
        | None
    ) = Field(None, description="A canned ACL, where the bucket still takes them.")
    storage_class: (
        Literal[
            "STANDARD",
            "REDUCED_REDUNDANCY",
            "STANDARD_IA",
            "ONEZONE_IA",
            "INTELLIGENT_TIERING",
            "GLACIER",
            "DEEP_ARCHIVE",
            "OUTPOSTS",
            "GLACIER_IR",
            "SNOW",
            "EXPRESS_ONEZONE",
        ]
        | None
    ) = Field(None, description="The objects' storage class, else the bucket's own.")

    @field_validator("to")
    @classmethod
    def _to(cls, text: str) -> str:
        bucket, _, prefix = text.removeprefix("s3://").partition("/")
        if not text.startswith("s3://") or not bucket or "%{" in bucket:
            raise ValueError("must be s3://bucket/prefix, and the bucket must be a fixed one")
        template(prefix)
        return text


def build(config: Config, context: Context) -> S3Sink:
    """The sink for a pipeline."""
    return S3Sink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.acl is not None and config.acl.startswith("public"):
        yield "acl", "everybody on the internet can read these logs"
    if config.storage_class in ("GLACIER", "DEEP_ARCHIVE"):
        yield "storage_class", "such objects can't be read before they are restored, which takes hours"


@dataclass(slots=True)
class _Texts(Documents):
    """Documents, and the prefix of each."""

    prefixes: list[str] = field(default_factory=list)


class S3Sink(DocumentSink):
    """A `Sink` of text objects; `Windowed`: a request of it holds whole windows."""

    idempotent = True
    request_bytes = 1024 * 1024  # as few windows as can be: what is joined is there twice for a moment
    request_events = 16_384

    def __init__(self, config: Config, context: Context) -> None:
        self.window_bytes = config.window
        self._config = config
        self._write = writer(config.codec, context.timestamps)
        self._bucket, _, prefix = config.to.removeprefix("s3://").partition("/")
        self._prefix = template(prefix)
        kind = "ndjson" if is_ndjson(config.codec) else "txt"
        names = ".".join(filter(None, (context.pipeline, context.output)))
        self._suffix = f".{safe_window(names)}.{kind}{'.gz' * config.gzip}"
        self._arguments = config.arguments(
            ACL=config.acl,
            StorageClass=config.storage_class,
            ContentType="application/x-ndjson" if is_ndjson(config.codec) else "text/plain",
            ContentEncoding="gzip" if config.gzip else None,
        )
        self._client: Any = None

    def open(self) -> None:
        """Make the client. Raises UsageError as `AwsOptions.client` does."""
        self._client = self._config.aws.client("s3")

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """Texts, and the prefix that each is for."""
        body, metadata = _Texts(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                prefix = self._prefix_of(event)
                body.data += self._write(event)
            except ValueError as error:
                refuse(index, str(error))
                continue
            body.end()
            body.prefixes.append(prefix)
            metadata.append(event.get("@metadata", {}))
        return Encoded(body, metadata, len(body.data))

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        body, metadata = _Texts(), list[dict[str, Any]]()
        for part in parts:
            body.add_all(part.body)
            body.prefixes += part.body.prefixes
            metadata += part.metadata
        return Encoded(body, metadata, len(body.data))

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        picked = super().pick(encoded, indexes)
        prefixes = [encoded.body.prefixes[index] for index in indexes]
        return Encoded(_Texts(picked.body.data, picked.body.ends, prefixes), picked.metadata, picked.size)

    def document(self, encoded: Encoded, index: int) -> bytes:
        """What was to be written, as JSON."""
        written = super().document(encoded, index)
        return written if is_ndjson(self._config.codec) else dumps({"message": written.decode()})

    def send(self, encoded: Encoded) -> Sent:
        """One object after the other; from the first that can't be written, all are to be sent again."""
        texts: _Texts = encoded.body
        objects: dict[str, list[int]] = {}
        for index, about in enumerate(encoded.metadata):
            window = about.get("window") or about.get("_id") or blake2b(texts[index], digest_size=10).hexdigest()
            objects.setdefault(f"{texts.prefixes[index]}{safe_window(str(window))}{self._suffix}", []).append(index)
        sent = Sent()
        fault: SinkFault | None = None
        for key, indexes in objects.items():
            if fault is None:
                content = b"".join(texts[index] for index in indexes) if len(objects) > 1 else bytes(texts.data)
                try:
                    put(self._client, self._bucket, key, self._packed(content), self._arguments)
                except SinkFault as error:
                    fault = error
            if fault is not None:
                sent.failed |= dict.fromkeys(indexes, fault)
        return sent

    def close(self) -> None:
        """The client is shared and stays."""

    def _packed(self, content: bytes) -> bytes:
        return gzip.compress(content, 6, mtime=0) if self._config.gzip else content

    def _prefix_of(self, event: Event) -> str:
        """Raises ValueError where the event's values make no key."""
        prefix = self._prefix.resolve(event)
        if prefix is None:
            raise ValueError(f"the event lacks a field of {self._config.to!r}")
        try:
            length = len(prefix.encode())
        except UnicodeEncodeError:
            raise ValueError("the event's values make a key that is no Unicode text") from None
        if length > KEY_BYTES - NAME_BYTES:
            raise ValueError(f"the event's values make a key that is too long: {prefix[:200]!r}")
        return f"{prefix.strip('/')}/" if prefix.strip("/") else ""
