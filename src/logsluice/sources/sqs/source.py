"""The source itself: a message is a delivery with one payload, its body."""

from __future__ import annotations

import io
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta

from logsluice.model import ByteStream, Delivery, Origin, Reject
from logsluice.sources.s3_sqs.polling import Polling
from logsluice.sources.s3_sqs.queue import Message
from logsluice.sources.sqs import Config

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SqsSource(Polling):
    """Deliveries from SQS messages (`model.Source`).

    Attributes:
        counters: messages, quarantined.
    """

    def __init__(self, config: Config) -> None:
        super().__init__(config, config.all_queues)
        self.config = config

    def _delivery(self, message: Message) -> Delivery:
        payload = BodyPayload(message, self.config.id_salt)
        delivery = Delivery(f"{message.queue.name}/{message.id}", receive_count=message.receive_count, handle=message)
        if message.receive_count <= self._last_try(message):
            delivery.payloads = [payload]
        else:
            self.counters.add("quarantined")
            reason = f"quarantined: received {message.receive_count} times and never used up"
            body = payload.body
            # all of it, and not an excerpt: there is nowhere to read it again
            delivery.rejects = [Reject(payload.origin, -1, body, len(body), "source", reason)]
        return delivery


class BodyPayload:
    """The body of a message (`model.Payload`)."""

    def __init__(self, message: Message, salt: str) -> None:
        name = message.queue.name
        self.body = message.body.encode("utf-8", "surrogateescape")
        self._sent = _EPOCH + timedelta(milliseconds=message.sent) if message.sent else None
        about = {"queue": name, "message_id": message.id, "md5": message.md5}
        if self._sent is not None:
            about["sent"] = self._sent  # type: ignore[assignment]
        self.origin = Origin(f"sqs://{name}/{message.id}", "", {"sqs": about}, name, (name, message.id), salt)

    @property
    def size(self) -> int | None:
        """Bytes of the body."""
        return len(self.body)

    def open(self) -> AbstractContextManager[ByteStream]:
        """The body."""
        return nullcontext(io.BytesIO(self.body))

    def modified(self) -> datetime | None:
        """When the message was sent."""
        return self._sent
