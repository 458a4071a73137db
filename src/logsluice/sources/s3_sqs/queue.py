"""One SQS queue: what it is, its messages, their visibility and their deletion.

The actions are those of the Amazon SQS API Reference: ReceiveMessage, ChangeMessageVisibility, DeleteMessageBatch,
GetQueueAttributes, GetQueueUrl.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog
from botocore.exceptions import BotoCoreError, ClientError

from logsluice.aws import queues
from logsluice.aws.faults import code_of, explain, is_denied, is_passing, message_of
from logsluice.aws.session import AwsOptions
from logsluice.errors import Denied, Missing, SourceFault, Unavailable, UsageError

MAX_IN_FLIGHT_SECONDS = 12 * 3600.0
"""A message can be kept for twelve hours from its receipt, however often it is extended."""

GIVE_UP_SECONDS = 60.0
"""So long before that, extending ends."""

_LEARNT = ["RedrivePolicy", "QueueArn", "MessageRetentionPeriod"]
_FAILURES = (ClientError, BotoCoreError, OSError)
"""Of a call; OSError is a file of credentials (a web identity's or a pod's token) that can't be read."""

_NOT_OURS = {"ReceiptHandleIsInvalid", "MessageNotInflight", "AWS.SimpleQueueService.MessageNotInflight"}

log = structlog.get_logger("s3_sqs")


@dataclass(slots=True, eq=False)
class Message:
    """A message in our hands.

    Attributes:
        queue: Where it came from.
        id: SQS's MessageId.
        receipt: The receipt handle of this receipt.
        body: As sent.
        receive_count: SQS's ApproximateReceiveCount, this time included.
        received_at: time.monotonic() just before the call that brought it.
        ours_until: time.monotonic() until which it is hidden from others.
        sent: When it was sent, in milliseconds since 1970.
        md5: Of the body.
    """

    queue: Queue
    id: str
    receipt: str
    body: str
    receive_count: int
    received_at: float
    ours_until: float
    sent: int = 0
    md5: str = ""


@dataclass(slots=True, eq=False)
class Queue:
    """One queue, after `open`.

    Attributes:
        client: A boto3 SQS client for the queue's region.
        url: The queue's URL.
        name: For logs and origins.
        account: Twelve digits, "" when unknown.
        max_receive_count: Of its redrive policy; 0 without one, or when it may not be read.
        can_extend: False once ChangeMessageVisibility was denied.
        retention: Seconds for which it keeps messages; None when that may not be read.
        prefetched: Messages that were received while opening.
    """

    client: Any
    url: str
    name: str
    account: str = ""
    max_receive_count: int = 0
    can_extend: bool = True
    retention: float | None = None
    prefetched: list[Message] = field(default_factory=list)

    @property
    def region(self) -> str:
        """Where it is."""
        return str(self.client.meta.region_name)

    def receive(self, wait_seconds: int, batch: int, visibility: float) -> list[Message]:
        """Up to `batch` messages, which are then ours for `visibility` seconds.

        Raises:
            SourceFault: Denied or Missing for the queue itself, Unavailable for anything that may pass.
        """
        if self.prefetched:
            taken, self.prefetched = self.prefetched, []
            return taken
        now = time.monotonic()
        try:
            answer = self.client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=batch,
                WaitTimeSeconds=wait_seconds,
                VisibilityTimeout=_whole(visibility),
                AttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        except _FAILURES as error:
            raise self._fault(error, "receive from") from error
        arrived = time.monotonic()
        return [
            Message(
                queue=self,
                id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                body=message["Body"],
                receive_count=int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
                received_at=now,
                ours_until=arrived + visibility,
                sent=int(message.get("Attributes", {}).get("SentTimestamp", 0)),
                md5=message.get("MD5OfBody", ""),
            )
            for message in answer.get("Messages", ())
        ]

    def extend(self, message: Message, seconds: float) -> bool:
        """Keep a message for so many more seconds; False when it is no longer ours, or soon will not be.

        Raises:
            SourceFault: Unavailable: it is not known; the message is still ours until its last extension ends.
        """
        left = message.received_at + MAX_IN_FLIGHT_SECONDS - GIVE_UP_SECONDS - time.monotonic()
        if left <= 0:
            log.warning("a message is given up before SQS's limit of 12 hours", queue=self.name, message=message.id)
            return False
        return self.change_visibility(message, min(seconds, left))

    def change_visibility(self, message: Message, seconds: float) -> bool:
        """Let a message come back after `seconds`; without the permission it stays as it is.

        Raises:
            SourceFault: Unavailable: transport or the service.
        """
        if not self.can_extend:
            return time.monotonic() < message.ours_until
        try:
            self.client.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle=message.receipt, VisibilityTimeout=_whole(seconds)
            )
        except ClientError as error:
            if is_denied(error):
                self.do_without_heartbeat()
                return time.monotonic() < message.ours_until
            if is_passing(error):
                raise self._fault(error, "extend a message of") from error
            return False  # an expired or unknown receipt: SQS gives several codes for it
        except (BotoCoreError, OSError) as error:
            raise self._fault(error, "extend a message of") from error
        message.ours_until = time.monotonic() + seconds
        return True

    def delete(self, messages: list[Message]) -> list[Message]:
        """Delete up to ten messages in one call; returns those that are to be tried again."""
        entries = [{"Id": str(index), "ReceiptHandle": message.receipt} for index, message in enumerate(messages)]
        try:
            answer = self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)
        except _FAILURES as error:
            log.warning("messages could not be deleted yet", queue=self.name, reason=str(error))
            return messages
        again = []
        for failed in answer.get("Failed", ()):
            message = messages[int(failed["Id"])]
            log.warning("a message could not be deleted", queue=self.name, message=message.id, reason=failed["Code"])
            if not failed.get("SenderFault") and failed["Code"] not in _NOT_OURS:
                again.append(message)
        return again

    def may_extend(self) -> bool:
        """Whether messages may be extended, asked with a receipt that is none: one call, at the start."""
        try:
            self.client.change_message_visibility(
                QueueUrl=self.url, ReceiptHandle="logsluice-probe", VisibilityTimeout=0
            )
        except ClientError as error:
            return not is_denied(error)
        return True

    def do_without_heartbeat(self) -> None:
        """Extend nothing from now on, which is said once."""
        if self.can_extend:
            self.can_extend = False
            log.warning(
                "messages can't be extended while they are worked on: they are received for longer instead",
                queue=self.name,
                do="grant sqs:ChangeMessageVisibility",
            )

    def _fault(self, error: Exception, doing: str) -> SourceFault:
        text = f"can't {doing} the queue {self.name}: {' '.join(str(error).split())}"
        if isinstance(error, ClientError) and code_of(error) in queues.GONE:
            return Missing(text)
        if isinstance(error, ClientError) and is_denied(error):
            return Denied(text)
        return Unavailable(text)


def open_queue(queue: str, options: AwsOptions, visibility: float, visibility_without_heartbeat: float) -> Queue:
    """Find a queue by its URL or name and learn what the permissions allow to be learnt.

    Args:
        queue: A URL, or a name in the account and region of the options.
        options: How to reach it.
        visibility: For messages that have to be received to see whether that is allowed.
        visibility_without_heartbeat: The same, where they can't be extended.

    Raises:
        UsageError: It does not exist, may not be received from, or can't be reached; with what to do.
    """
    opened = find_queue(queue, options)
    try:
        is_known = _read_attributes(opened)
        if not opened.may_extend():
            opened.do_without_heartbeat()
        if not is_known:
            # No permission to look, so look by doing; what comes is handed out by the first receive.
            seconds = visibility if opened.can_extend else visibility_without_heartbeat
            opened.prefetched = opened.receive(0, 1, seconds)
    except (ClientError, BotoCoreError) as error:
        raise _unusable(opened, error) from error
    except SourceFault as fault:
        raise _unusable(opened, fault.__cause__ if isinstance(fault.__cause__, Exception) else fault) from fault
    return opened


def find_queue(queue: str, options: AwsOptions) -> Queue:
    """A queue by its URL (no call at all) or its name.

    Raises:
        UsageError: There is none of that name, or it can't be looked for.
    """
    found = queues.find(queue, options)
    return Queue(found.client, found.url, found.name, found.account)


def _read_attributes(queue: Queue) -> bool:
    """Learn the redrive policy and the retention; False when that is not permitted."""
    try:
        answer = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=_LEARNT)
    except ClientError as error:
        if is_denied(error):
            return False
        raise
    attributes = answer.get("Attributes", {})
    if "RedrivePolicy" in attributes:
        queue.max_receive_count = int(orjson.loads(attributes["RedrivePolicy"]).get("maxReceiveCount", 0))
    if "MessageRetentionPeriod" in attributes:
        queue.retention = float(attributes["MessageRetentionPeriod"])
    queue.account = queue.account or attributes.get("QueueArn", ":" * 5).split(":")[4]
    return True


def _unusable(queue: Queue, error: Exception) -> UsageError:
    if isinstance(error, ClientError) and code_of(error) in queues.GONE:
        return queues.no_queue(queue.client, queue.name)
    if isinstance(error, ClientError) and is_denied(error):
        said = message_of(error) or code_of(error)
        return UsageError(
            f"the queue {queue.name} denies us to receive: {said}",
            "grant sqs:ReceiveMessage and sqs:DeleteMessage on it to this role or user",
        )
    return explain(error, f"can't open the queue {queue.url}")


def _whole(seconds: float) -> int:
    """SQS counts whole seconds."""
    return max(0, min(43200, round(seconds)))
