"""What `check` finds dangerous in a queue and in how it is read; the facts are the Amazon SQS Developer Guide's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from botocore.exceptions import BotoCoreError, ClientError

from logsluice.aws.buckets import Buckets
from logsluice.aws.faults import explain, is_denied
from logsluice.aws.listing import Lister, look_into
from logsluice.components import Context
from logsluice.sources.s3_sqs import Config
from logsluice.sources.s3_sqs.queue import Queue, find_queue

SHORT_VISIBILITY_SECONDS = 30.0
SHORT_WORK_SECONDS = 600.0
SHORT_RETENTION_SECONDS = 4 * 86_400
_NAMES = ["RedrivePolicy", "MessageRetentionPeriod"]


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """Offline: periods that are shorter than the work, and trust in whoever may send."""
    if config.visibility < SHORT_VISIBILITY_SECONDS:
        yield (
            "visibility",
            (
                f"{config.visibility:g} s is short: half of it must be enough to extend every message in hand, hundreds"
                " of them while an output is down; those that are not extended in time are read twice"
            ),
        )
    if config.visibility_without_heartbeat < SHORT_WORK_SECONDS:
        yield (
            "visibility_without_heartbeat",
            (
                f"{config.visibility_without_heartbeat:g} s is all the time that a message has where it can't be"
                " extended: an object or an outage that takes longer is read again and again"
            ),
        )
    if config.isolate_after >= config.quarantine_after:
        yield (
            "isolate_after",
            "a message is set aside before it is tried alone: an object that kills its worker takes others with it",
        )
    if "*" in config.buckets:
        yield "buckets", "whoever may send to the queue chooses what is read with our permissions: name the buckets"


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """Live: the queue's redrive policy and retention, and what we may do. Receives and changes nothing.

    Raises:
        UsageError: The queue can't be found or reached.
    """
    for name in config.all_queues:
        queue = find_queue(name, config.aws)
        option = "queue" if config.queue is not None else "queues"
        for sentence in _of_queue(queue, config):
            yield option, sentence
    for rule in config.buckets:
        if rule != "*":
            yield from _of_bucket(rule, config)


def _of_queue(queue: Queue, config: Config) -> Iterator[str]:
    try:
        answer = queue.client.get_queue_attributes(QueueUrl=queue.url, AttributeNames=_NAMES)
    except (ClientError, BotoCoreError) as error:
        if not isinstance(error, ClientError) or not is_denied(error):
            raise explain(error, f"can't ask for the attributes of {queue.url}") from error
        yield f"{queue.name}: sqs:GetQueueAttributes is not allowed, so redrive and retention can't be checked"
    else:
        yield from _of_attributes(queue.name, answer.get("Attributes", {}), config)
    if not queue.may_extend():
        yield (
            f"{queue.name}: sqs:ChangeMessageVisibility is not allowed: messages are received for"
            f" {config.visibility_without_heartbeat:g} s, and one that fails waits that long"
        )


def _of_attributes(name: str, attributes: dict[str, Any], config: Config) -> Iterator[str]:
    if "RedrivePolicy" not in attributes:
        yield (
            f"{name} has no redrive policy: a message whose object kills every worker that reads it has nowhere to go"
            f" but our dead letter, after {config.quarantine_after} tries; add a dead-letter queue"
        )
    else:
        most = int(orjson.loads(attributes["RedrivePolicy"]).get("maxReceiveCount", 0))
        if 0 < most <= config.isolate_after:
            yield (
                f"{name} sends a message away after {most} receives, before it is tried alone (`isolate_after`:"
                f" {config.isolate_after}); raise maxReceiveCount"
            )
    kept = int(attributes.get("MessageRetentionPeriod", SHORT_RETENTION_SECONDS))
    if kept < SHORT_RETENTION_SECONDS:
        yield (
            f"{name} keeps messages for {kept / 86_400:.1f} days: what an outage holds up for longer is lost; set"
            " MessageRetentionPeriod to 14 days, the most that there is"
        )


def _of_bucket(rule: str, config: Config) -> Iterator[tuple[str, str]]:
    bucket, _, prefix = rule.removeprefix("s3://").partition("/")
    own = Buckets(config.bucket_options, config.aws).of(bucket)
    if why := look_into(Lister(own.client("", ""), bucket, "", own.via, config.request_payer or ""), prefix):
        yield "buckets", f"{why}, so a missing object can't be told from a denied one"
