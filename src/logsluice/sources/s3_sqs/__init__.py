"""Objects in S3, announced by messages in SQS queues.

    source:
      type: s3_sqs
      queue: https://sqs.us-east-1.amazonaws.com/123456789012/alb-logs
      buckets: [alb-logs-prod, "shared-logs/team-a/"]

Messages may be S3's own notifications, the same within SNS messages or passed on raw by SNS, and EventBridge events;
one message may announce several objects. A message is deleted when every event of every object is confirmed by every
output. Events other than `ObjectCreated:*` and `s3:TestEvent` are acknowledged and counted. FIFO queues are refused,
for S3 can't notify them.

**Which buckets are read.** Whoever may send to a queue may name any bucket. With `buckets`, only those are read.
Without it, only buckets of the account that owns the queue, which S3 itself checks (`ExpectedBucketOwner`); a queue of
which the account can't be told needs `buckets`. An object that may not be read becomes a reject. A bucket may be
written as its ARN.

**Options by bucket and folder.**

    source:
      type: s3_sqs
      queue: https://sqs.eu-west-1.amazonaws.com/123456789012/logs
      buckets: [audit-logs, shared-logs]
      bucket_options:
        - bucket: ^audit-
          aws: {role_arn: "arn:aws:iam::210987654321:role/reader", external_id: logs}
          folders:
            - {key: /elasticloadbalancing/, format: alb, fields: {team: web}}
            - {key: /CloudTrail/, format: cloudtrail}
        - bucket: ^shared-
          via: arn:aws:s3:eu-west-1:210987654321:accesspoint/logs

`bucket` and `key` are regular expressions that are found anywhere: anchor them with `^` and `$`. The first bucket that
matches counts, and of it the first folder. `aws` says what differs from the source's own `aws`; `via` is an access
point (ARN or alias) that is asked instead of the bucket; `format` replaces the pipeline's; `fields` are set where an
event lacks them. They allow nothing: `buckets` does. Events find their object's folder in `[@metadata][s3][folder]`.

**Regions.** An object is read in the region that is set for its bucket, else in the one that the notification names,
else in the queue's. A bucket that is elsewhere is found by what S3 answers.

**Versions.** An object that was replaced before it was read is `superseded`, and its newer notification brings it; one
that was deleted is `missing`. `all_versions` reads the announced version in both cases; where that is denied, the
latest is read if it is the announced one.

**When an object is done**, every output having confirmed all of it, `after` may delete, move or tag it, if it is still
the one that was read. One with rejects stays, for the dead letter may refer to it. What can't be done for a passing
reason is tried again with the message. Objects below the place that they are moved to are not read.

**Messages that fail.** A message that can't be used up comes back after `retry_delay`, doubled each time up to
`retry_delay_max`. One that was received more than `isolate_after` times is handed out alone, so that an object that
kills its worker takes no other delivery with it. Before the queue's own `maxReceiveCount` sends it away, and after
`quarantine_after` tries, it goes to the dead letter by reference: nothing of it is read any more. What a
process gives back at its end, during an outage of an output for one, is no fault of the message: where this process
has not tried it before, it is tried until it was received three times `quarantine_after`.

**Permissions:** `sqs:ReceiveMessage`, `sqs:DeleteMessage` and `s3:GetObject` are enough. Two more are tried once a
queue at the start: `sqs:ChangeMessageVisibility`, for the heartbeat and for retries, without which there is one
warning and messages are received with `visibility_without_heartbeat`; and `sqs:GetQueueAttributes`, to see the redrive
policy and the retention. `s3:ListBucket` lets it tell a missing object from a denied one, and is tried once a bucket
where S3's refusal leaves that open. `sqs:GetQueueUrl` is needed where a queue is given by its name. `all_versions`
wants `s3:GetObjectVersion`, objects under SSE-KMS `kms:Decrypt`, a role `sts:AssumeRole`; for `after` see below.
Objects under SSE-C can't be read: only their writer has the key.

**After:** `delete` and `move` want `s3:DeleteObject`; `move` also `s3:PutObject` for the destination, and
`s3:GetObjectTagging` and `s3:PutObjectTagging` where objects have tags; `tag` wants these two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

import regex
from pydantic import AfterValidator, Field

from logsluice.aws.afterwards import After, Afterwards
from logsluice.aws.buckets import BucketOptions, bare_bucket
from logsluice.aws.rules import KeyPattern
from logsluice.components import Context
from logsluice.config.types import Size
from logsluice.sources.s3_sqs.options import PollingOptions

if TYPE_CHECKING:
    from logsluice.sources.s3_sqs.source import S3SqsSource

_BUCKET_RULE = re.compile(r"(?:s3://)?(?:[A-Za-z0-9][A-Za-z0-9._-]+|\*)(?:/.*)?")


def _standard_queue(queue: str) -> str:
    if queue.endswith(".fifo"):
        raise ValueError("a FIFO queue: S3 can't notify these, so use a standard queue")
    if not queue.strip():
        raise ValueError("must be a queue's URL or name")
    return queue


def _bucket_rule(rule: str) -> str:
    rule = bare_bucket(rule)
    if not _BUCKET_RULE.fullmatch(rule):
        raise ValueError("must be a bucket, or a bucket and a prefix: name, name/prefix/, s3://name/prefix/, *")
    return rule


def _folder_pattern(pattern: str) -> str:
    if "folder" not in regex.compile(pattern).groupindex:
        raise ValueError("needs a group named `folder`, such as ^(?P<folder>[^/]*)/")
    return pattern


Queue = Annotated[str, AfterValidator(_standard_queue)]


class Config(PollingOptions):
    """Options of the source `s3_sqs`."""

    queue: Queue | None = Field(default=None, description="A queue's URL, or its name.")
    queues: tuple[Queue, ...] = Field(default=(), description="Several queues instead of one, served in turn.")
    buckets: tuple[Annotated[str, AfterValidator(_bucket_rule)], ...] = Field(
        default=(),
        description="Buckets that may be read: `name`, `name/prefix/`, `*` for any. Else the queue owner's buckets.",
    )
    bucket_options: tuple[BucketOptions, ...] = Field(
        default=(), description="Credentials, region, access point, formats and fields by bucket and folder; see above."
    )
    include_keys: KeyPattern | None = Field(
        default=None, description="A regular expression; objects whose key it is not found in are acknowledged unread."
    )
    exclude_keys: KeyPattern | None = Field(
        default=None, description="A regular expression; objects whose key it is found in are acknowledged unread."
    )
    after: After = Field(
        default=Afterwards(),
        description="What happens to an object that every output has confirmed: `keep`, `delete`,"
        " `{move: s3://bucket/prefix}`, `{copy: …}`, `{tag: {name: value}}`.",
    )
    request_payer: Literal["requester"] | None = Field(
        default=None, description="`requester`: we pay for what is read of buckets with Requester Pays."
    )
    all_versions: bool = Field(
        default=False, description="Read the announced version, also when it is not the latest any more."
    )
    max_object_size: Size | None = Field(
        default=None, ge=1, description="An object that is stored with more bytes is `too_large`."
    )
    object_properties: Literal["all"] | tuple[str, ...] = Field(
        default=(),
        description="What S3 says of an object, for `[@metadata][s3]`: `all`, or names such as `content_type`.",
    )
    object_folder: Annotated[KeyPattern, AfterValidator(_folder_pattern)] | None = Field(
        default=None,
        description="A regular expression with a group `folder`: adds its text in the key as `object_folder` to"
        " `[@metadata][s3]`, and `bucket_name` and `object_key`, as Logstash's input s3snssqs names them.",
    )

    @property
    def reads(self) -> tuple[str, ...]:
        """The queues and, where they are named, the buckets."""
        return (*self.all_queues, *(f"s3://{bucket.removeprefix('s3://')}" for bucket in self.buckets if bucket != "*"))


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:
    """What `check` warns of; see `dangers`."""
    from logsluice.sources.s3_sqs import dangers

    return dangers.concerns(config, context)


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:
    """What `check --live` warns of; see `dangers`."""
    from logsluice.sources.s3_sqs import dangers

    return dangers.probe(config, context)


def rivalry(one: Config, other: Config) -> str:
    """Two pipelines on one queue each get a part of its messages, and none of them all."""
    shared = set(one.all_queues) & set(other.all_queues)
    return (
        f"each message of {min(shared)} goes to only one of them; give the bucket's notifications two queues (by SNS or"
        " EventBridge), or write to both places from one pipeline with conditions around its filters and outputs"
        if shared
        else ""
    )


def build(config: Config, context: Context) -> S3SqsSource:  # noqa: ARG001 - every component is built so
    """The source; connects when it is opened."""
    from logsluice.sources.s3_sqs.source import S3SqsSource

    return S3SqsSource(config)
