"""Sends each event as a message to an SQS queue.

    outputs:
      - sqs: {queue: "https://sqs.us-east-1.amazonaws.com/123456789012/events"}

A message is the event as JSON, unless `codec` says otherwise. Up to ten go in one request of 1 MiB at most; an event
that is larger than `message_max_size` is rejected, and so is one with characters that SQS does not take (controls,
which JSON escapes as a rule).

**Repeats are sent again.** To a FIFO queue (`….fifo`) each event goes with its `_id` as the deduplication id, so what
comes again within five minutes adds nothing, and `message_group_id` says what the queue keeps in order. That is the
order of sending: with several workers, and where something is sent again, it is not that of the log.

**Permissions:** `sqs:SendMessage`; `sqs:GetQueueUrl` where the queue is given by its name.

Facts: Amazon SQS API Reference, "SendMessageBatch"; Amazon SQS Developer Guide, "Amazon SQS message quotas".
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import Field, field_validator, model_validator

from logsluice.aws.session import AwsOptions
from logsluice.components import Context, Options
from logsluice.config.types import Size
from logsluice.errors import Busy, Sick
from logsluice.lang.as_json import dumps
from logsluice.lang.templates import template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._codecs import OutputCodec, is_ndjson, writer
from logsluice.sinks._documents import Documents, DocumentSink

if TYPE_CHECKING:
    from logsluice.aws.queues import Found

BATCH = 10
REQUEST_BYTES = 1024 * 1024

_UNWANTED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNSAFE_ID = re.compile(r"[^A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~-]")
_ID_CHARACTERS = 128


class Config(Options):
    """Options of the `sqs` output."""

    queue: str = Field(min_length=1, description="Its URL, or its name.")
    codec: OutputCodec = Field("ndjson", description="How an event is written, as of `file`.")
    message_group_id: str | None = Field(None, min_length=1, description="Of a FIFO queue, with %{field}.")
    message_max_size: Size = Field(1024 * 1024, ge=1024, le=1024 * 1024, description="A larger event is rejected.")
    batch: int = Field(BATCH, ge=1, le=BATCH, description="Messages in one request.")
    aws: AwsOptions = AwsOptions()

    @property
    def is_fifo(self) -> bool:
        """Whether the queue keeps order, and drops repeats."""
        return self.queue.endswith(".fifo")

    @field_validator("message_group_id")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            template(text)
        return text

    @model_validator(mode="after")
    def _fifo(self) -> Config:
        if self.is_fifo != (self.message_group_id is not None):
            raise ValueError("a FIFO queue, and no other, needs a `message_group_id`")
        return self


def build(config: Config, context: Context) -> SqsSink:
    """The sink for a pipeline."""
    return SqsSink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.is_fifo and config.message_group_id is not None and template(config.message_group_id).is_constant:
        yield "message_group_id", "all messages are one group: a FIFO queue hands out one group to one reader at a time"
    if config.batch == 1:
        yield "batch", "a request for each event costs ten times as much, and is slow"


@dataclass(slots=True)
class _Messages(Documents):
    """Bodies of messages, and the group of each; "" outside of FIFO queues."""

    groups: list[str] = field(default_factory=list)


class SqsSink(DocumentSink):
    """A `Sink` into a queue."""

    idempotent = False
    request_bytes = REQUEST_BYTES
    request_events = 500

    def __init__(self, config: Config, context: Context) -> None:
        self._config = config
        self._write = writer(config.codec, context.timestamps)
        self._group = None if config.message_group_id is None else template(config.message_group_id)
        self._queue: Found | None = None

    def open(self) -> None:
        """Find the queue. Raises UsageError where it can't be found."""
        from logsluice.aws.queues import find

        self._queue = find(self._config.queue, self._config.aws)

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """The messages' bodies."""
        body, metadata = _Messages(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                group = self._group_of(event)
                message = self._message(event)
            except ValueError as error:
                refuse(index, str(error))
                continue
            body.data += message
            body.end()
            body.groups.append(group)
            metadata.append(event.get("@metadata", {}))
        return Encoded(body, metadata, len(body.data))

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        body, metadata = _Messages(), list[dict[str, Any]]()
        for part in parts:
            body.add_all(part.body)
            body.groups += part.body.groups
            metadata += part.metadata
        return Encoded(body, metadata, len(body.data))

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        picked = super().pick(encoded, indexes)
        groups = [encoded.body.groups[index] for index in indexes]
        return Encoded(_Messages(picked.body.data, picked.body.ends, groups), picked.metadata, picked.size)

    def document(self, encoded: Encoded, index: int) -> bytes:
        """The message, as JSON."""
        body: bytes = encoded.body[index]
        return body if is_ndjson(self._config.codec) else dumps({"message": body.decode()})

    def send(self, encoded: Encoded) -> Sent:
        """Up to ten messages in a request."""
        sent = Sent()
        for batch in self._batches(encoded.body):
            self._send(encoded, batch, sent)
        return sent

    def close(self) -> None:
        """The client is shared and stays."""

    def _send(self, encoded: Encoded, batch: list[int], sent: Sent) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        from logsluice.aws.faults import output_fault

        assert self._queue is not None, "send before open"
        entries = [self._entry(encoded, index) for index in batch]
        try:
            answer = self._queue.client.send_message_batch(QueueUrl=self._queue.url, Entries=entries)
        except (ClientError, BotoCoreError) as error:
            fault = output_fault(error, f"can't send to the queue {self._queue.name}")
            sent.failed |= dict.fromkeys(batch, fault)
            return
        for failure in answer.get("Failed", ()):
            index = int(failure["Id"])
            text = f"{self._queue.name}: {failure.get('Code', '')}: {failure.get('Message', '')}"
            if not failure.get("SenderFault"):
                sent.failed[index] = Busy(text)
            elif str(failure.get("Code", "")).startswith(("KMS.", "Kms", "AccessDenied")):
                sent.failed[index] = Sick(text)
            else:
                sent.rejected[index] = text

    def _entry(self, encoded: Encoded, index: int) -> dict[str, str]:
        body: _Messages = encoded.body
        entry = {"Id": str(index), "MessageBody": body[index].decode()}
        if self._group is not None:
            own = str(encoded.metadata[index].get("_id") or hashlib.sha256(body[index]).hexdigest())
            entry |= {"MessageGroupId": body.groups[index], "MessageDeduplicationId": _usable(own)}
        return entry

    def _batches(self, body: _Messages) -> Iterator[list[int]]:
        """Indexes, by SQS's bounds on a request."""
        batch, size = list[int](), 0
        for index, end in enumerate(body.ends):
            length = end - (body.ends[index - 1] if index else 0)
            if batch and (len(batch) == self._config.batch or size + length > REQUEST_BYTES):
                yield batch
                batch, size = [], 0
            batch.append(index)
            size += length
        if batch:
            yield batch

    def _message(self, event: Event) -> bytes:
        """Raises ValueError for what SQS does not take."""
        message = self._write(event)
        if is_ndjson(self._config.codec):
            message = message[:-1]
        if len(message) > self._config.message_max_size:
            raise ValueError(f"a message of {len(message)} bytes is over `message_max_size`")
        if not message or _UNWANTED.search(message.decode()):
            raise ValueError("SQS takes no empty text, and no control characters")
        return message

    def _group_of(self, event: Event) -> str:
        if self._group is None:
            return ""
        text = self._group.resolve(event)
        if not text:
            raise ValueError("the event lacks a field of `message_group_id`")
        return _usable(text)


def _usable(text: str) -> str:
    """A text as a group's or a deduplication id: of other characters, or too long, its digest."""
    if len(text) <= _ID_CHARACTERS and not _UNSAFE_ID.search(text):
        return text
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
