"""Objects in S3, found by listing the bucket: where nobody announces them, or for what is there already.

    source:
      type: s3_objects
      bucket: alb-logs-prod
      prefix: "AWSLogs/{account}/elasticloadbalancing/{region}/{yyyy}/{MM}/{dd}/"
      interval: 1m

`interval: once` lists once, reads what is found, and ends. Events get the same ids as those of `s3_sqs`, so the two may
meet: what one has delivered, the other adds nothing to.

**Dates in the prefix.** With `{yyyy}`, `{MM}`, `{dd}`, a poll lists only the prefixes of today and yesterday (UTC), and
every `sweep` all of them. Any other name in braces is one folder, found by listing, or given in `values`. A prefix
without dates is listed whole at each poll: a request for each thousand objects.

**The ledger** (in the pipeline's `state`) knows which objects are done: all that were written before its floor, and by
hash of key and ETag those after it. The floor is `window` behind the last full listing. Objects written within the same
second are told apart, and one that shows up late is found as long as it is younger than the floor. LastModified of a
multipart upload is when the upload *began*: one that takes longer than the window is missed, and so is a replica that
arrives later than that. An object that can't be used up is kept in the ledger by itself and tried again after
`retry_delay`, doubled each time up to `retry_delay_max`, whatever its age; when a thousand fail, listing waits for
them. A prefix that is added later is listed from its beginning, or from what `start_at` says. What `include_keys` and
the like have left out stays left out when these options change: `logsluice backfill` brings it.

**An object that was replaced** after it was listed is listed again by itself and read as it is then.

**Objects that kill the process** (memory, a fault in a library) are known by the ledger, for what is in hand is noted
there before it is read. An object that was in hand at `isolate_after` kills is handed out with no other such one; at
`quarantine_after` it goes to the dead letter by reference, unread.

**When an object is done**, every output having confirmed all of it, `after` may delete, move or tag it, if it is still
the one that was read. One with rejects stays, for the dead letter may refer to it. What can't be done is tried again.

**What is left out:** empty objects and folder marks; objects in Glacier or Deep Archive that are not restored; keys
that `include_keys` and `exclude_keys` leave out; what `after` has put below its own prefix. All are counted. With
`since` and `until`, objects of other days: the day in the key where there is one, else when the object was written;
with `written_after` and `written_before` (neither included) objects by the time they were written, whatever their key.

**One lister a prefix.** Two processes with the same state read each object twice, and say so.

**Permissions:** `s3:ListBucket` and `s3:GetObject`; for `after` see there. State in S3 wants `s3:GetObject`,
`s3:PutObject` and `s3:DeleteObject` below its prefix, and `s3:ListBucket`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from logsluice.aws.afterwards import After, Afterwards
from logsluice.aws.buckets import BucketOptions, Buckets
from logsluice.aws.rules import KeyPattern
from logsluice.aws.session import AwsOptions
from logsluice.components import Context, Options
from logsluice.config.types import Duration, Size, parse_duration
from logsluice.sources.s3_objects.prefixes import Template

if TYPE_CHECKING:
    from logsluice.aws.listing import Lister
    from logsluice.sources.s3_objects.source import S3ObjectsSource

OFTEN_SECONDS = 300.0
DATED = "{yyyy}/{MM}/{dd}/"

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")


def _bucket(name: str) -> str:
    if not _BUCKET.fullmatch(name):
        raise ValueError("must be a bucket's name; what comes after it is the `prefix`")
    return name


def _interval(value: object) -> float | Literal["once"]:
    return "once" if value == "once" else parse_duration(value)


def _moment(value: object) -> datetime:
    """A YAML date or time, or a text: in UTC unless it has an offset."""
    from logsluice.query.values import moment

    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return moment(text, datetime.now(UTC))


Moment: TypeAlias = Annotated[datetime, BeforeValidator(_moment, json_schema_input_type=str)]


class Config(Options):
    """Options of the source `s3_objects`."""

    bucket: Annotated[str, AfterValidator(_bucket)] = Field(description="The bucket's name.")
    prefix: str | None = Field(
        default=None, description="What the keys begin with; may hold `{yyyy}/{MM}/{dd}` and other names in braces."
    )
    prefixes: tuple[str, ...] = Field(default=(), description="Several instead of one.")
    values: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="By name in braces: the values to list, instead of those that are found."
    )
    expected_owner: str | None = Field(
        default=None, pattern=r"^\d{12}$", description="The account that the bucket must belong to."
    )
    bucket_options: tuple[BucketOptions, ...] = Field(
        default=(),
        description="Credentials, region, access point, formats and fields by bucket and folder: see s3_sqs.",
    )
    request_payer: Literal["requester"] | None = Field(
        default=None, description="`requester`: we pay for what is read of buckets with Requester Pays."
    )
    max_object_size: Size | None = Field(
        default=None, ge=1, description="An object that is stored with more bytes is `too_large`."
    )
    object_properties: Literal["all"] | tuple[str, ...] = Field(
        default=(),
        description="What S3 says of an object, for `[@metadata][s3]`: `all`, or names such as `content_type`.",
    )
    interval: Annotated[float | Literal["once"], BeforeValidator(_interval, json_schema_input_type=str)] = Field(
        default=60.0, description="From the begin of one listing to that of the next; `once` lists once and ends."
    )
    sweep: Duration = Field(
        default=86400.0, ge=1, description="With dates in the prefix: how often every date is listed."
    )
    window: Duration = Field(
        default=172800.0, ge=1, description="For how long an object may show up after the time it was written."
    )
    start_at: Literal["beginning", "now"] | Moment = Field(
        default="beginning",
        description="The first time only: objects written before are left out. `beginning`, `now` or a time.",
    )
    since: Moment | None = Field(default=None, description="Leave out objects of earlier days.")
    until: Moment | None = Field(default=None, description="Leave out objects of this moment or later.")
    written_after: Moment | None = Field(default=None, description="Leave out objects not written after this moment.")
    written_before: Moment | None = Field(
        default=None, description="Leave out objects not written before this moment; the day in the key is not asked."
    )
    include_keys: KeyPattern | None = Field(
        default=None, description="A regular expression; objects whose key it is not found in are left out."
    )
    exclude_keys: KeyPattern | None = Field(
        default=None, description="A regular expression; objects whose key it is found in are left out."
    )
    after: After = Field(
        default=Afterwards(),
        description="What happens to an object that every output has confirmed: `keep`, `delete`,"
        " `{move: s3://bucket/prefix}`, `{copy: …}`, `{tag: {name: value}}`.",
    )
    retry_delay: Duration = Field(default=30.0, ge=0, description="Until an object that failed once is tried again.")
    retry_delay_max: Duration = Field(default=900.0, ge=0, description="The longest such delay.")
    isolate_after: int = Field(
        default=3, ge=1, description="An object that was in hand when the process was killed so often is read alone."
    )
    quarantine_after: int = Field(
        default=6, ge=1, description="An object that was in hand when the process was killed so often is read no more."
    )
    id_salt: str = Field(default="", description="Keeps ids apart from another pipeline's that reads the same objects.")
    aws: AwsOptions = AwsOptions()

    @model_validator(mode="after")
    def _fits_together(self) -> Config:
        if self.prefix is not None and self.prefixes:
            raise ValueError("name one `prefix`, or several `prefixes`")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise ValueError("`since` is not before `until`")
        templates = self.templates()
        if any(template.is_dated for template in templates) and self.sweep >= self.window:
            raise ValueError("`sweep` must be shorter than `window`, or late objects fall between two sweeps")
        for name in self.values:
            if not any(name in template.names for template in templates):
                raise ValueError(f"`values` has {name!r}, and no prefix has {{{name}}}")
        self._stays_apart()
        return self

    def _stays_apart(self) -> None:
        """No object may be listed twice, nor what is moved be listed again."""
        fixed = [text.partition("{")[0] for text in self.all_prefixes]
        for index, one in enumerate(self.all_prefixes):
            for other in self.all_prefixes[index + 1 :]:
                if one.startswith(other) or other.startswith(one):
                    raise ValueError(f"the prefixes {one!r} and {other!r} hold the same objects; one is enough")
        bucket, destination = self.after.destination
        if bucket == self.bucket and any(p.startswith(destination) for p in fixed):
            raise ValueError("`after` would put objects where they are listed; name another prefix or bucket")

    @property
    def all_prefixes(self) -> tuple[str, ...]:
        """The prefixes, whichever way they are named."""
        return self.prefixes or (self.prefix or "",)

    def templates(self) -> tuple[Template, ...]:
        """The prefixes as templates."""
        return tuple(Template(text, self.values) for text in self.all_prefixes)

    def lister(self) -> Lister:
        """The bucket, as it is to be listed. Raises UsageError: there are no credentials or there is no region."""
        from logsluice.aws.listing import Lister

        own = Buckets(self.bucket_options, self.aws).of(self.bucket)
        return Lister(own.client("", ""), self.bucket, self.expected_owner or "", own.via, self.request_payer or "")

    @property
    def reads(self) -> tuple[str, ...]:
        """The bucket with each prefix, as far as it is fixed."""
        return tuple(f"s3://{self.bucket}/{text.partition('{')[0]}" for text in self.all_prefixes)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as every component's
    """Options that work against what the user wants."""
    if config.interval == "once" or config.after.delete or config.after.move:
        return
    plain = [template.text for template in config.templates() if not template.is_dated]
    if plain and config.interval < OFTEN_SECONDS:
        why = f"the prefix {plain[0]!r} has no date in it, so all that was ever written there is listed at each poll"
        yield "interval", f"{why}: write {DATED} where the keys have it, poll less often, or use notifications (s3_sqs)"


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as every component's
    """Live: whether the bucket can be listed and its objects read; of each prefix one page and one byte."""
    from botocore.exceptions import BotoCoreError, ClientError

    from logsluice.aws.faults import object_fault
    from logsluice.errors import Denied, MissingOrDenied

    lister = config.lister()
    option = "prefixes" if config.prefixes else "prefix"
    for uri, prefix in zip(config.reads, (text.partition("{")[0] for text in config.all_prefixes), strict=True):
        objects = [each for each in lister.page(prefix).objects if each.found.size and not each.archived]
        if not objects:
            yield option, f"the first thousand keys below {uri} are of nothing that could be read; check the prefix"
            continue
        found = objects[0].found
        place = {"Bucket": lister.via or lister.bucket, "Key": found.key, **lister.more}
        try:
            lister.client.get_object(**place, Range="bytes=0-0")["Body"].close()
        except (ClientError, BotoCoreError) as error:
            fault = object_fault(error, found.uri, lambda: True)
            what = "may not be read (s3:GetObject)" if isinstance(fault, Denied | MissingOrDenied) else "can't be read"
            yield "bucket", f"objects {what}: {fault}"


def rivalry(one: Config, other: Config) -> str:
    """Two listers of one prefix, one of which takes the objects away."""
    shared = [a for a in one.reads for b in other.reads if a.startswith(b) or b.startswith(a)]
    if not shared or not any(config.after.delete or config.after.move for config in (one, other)):
        return ""
    return (
        f"both list {shared[0]}, and what one has read and taken away (`after`) the other never sees; read it in one"
        " pipeline, with conditions around its filters and outputs"
    )


def build(config: Config, context: Context) -> S3ObjectsSource:
    """The source; connects when it is opened."""
    from logsluice.sources.s3_objects.source import S3ObjectsSource
    from logsluice.state import open_state

    return S3ObjectsSource(
        config,
        lambda: open_state(context.state, config.aws, context.base),
        f"s3_objects/{context.pipeline}",
    )
