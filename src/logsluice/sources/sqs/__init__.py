"""Messages of SQS queues, whose bodies are the logs themselves.

    source:
      type: sqs
      queue: https://sqs.us-east-1.amazonaws.com/123456789012/app-events
    format: json

Each message is a payload of its own: its body is read in the pipeline's format, and it is deleted when every event of
it is confirmed by every output. Events find `queue`, `message_id`, `md5` (of the body) and `sent` (a time) in
`[@metadata][sqs]`; an event without a time of its own has that of its message. Ids are made of queue and message id: a
message that is received twice adds nothing. For messages that announce objects in S3, see `s3_sqs`.

**Messages that fail** come back, are isolated and put aside as with `s3_sqs`; put aside, they are in the dead letter
with their body. A body has at most 1 MiB (Amazon SQS Developer Guide, "Message quotas"). A record of it that can't be
parsed, or that an output refuses, is in the dead letter with its first 64 KiB, and the rest of it is gone: nothing can
be read from a queue again.

**Permissions:** `sqs:ReceiveMessage` and `sqs:DeleteMessage`; `sqs:ChangeMessageVisibility` and
`sqs:GetQueueAttributes` are wanted, as with `s3_sqs`; `sqs:GetQueueUrl` where a queue is given by its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsluice.components import Context
from logsluice.sources.s3_sqs.options import PollingOptions

if TYPE_CHECKING:
    from logsluice.sources.sqs.source import SqsSource


class Config(PollingOptions):
    """Options of the source `sqs`."""

    @property
    def reads(self) -> tuple[str, ...]:
        """The queues."""
        return self.all_queues


def rivalry(one: Config, other: Config) -> str:
    """Two pipelines on one queue each get a part of its messages, and none of them all."""
    shared = set(one.all_queues) & set(other.all_queues)
    return f"each message of {min(shared)} goes to only one of them; read it in one pipeline" if shared else ""


def build(config: Config, context: Context) -> SqsSource:  # noqa: ARG001 - every component is built so
    """The source; connects when it is opened."""
    from logsluice.sources.sqs.source import SqsSource

    return SqsSource(config)
