"""Objects announced by a queue: the source `s3_sqs`.

- Every line ends in a line feed in its `message`, whatever ended it in the object, as with Logstash: a last field that
  dissect or grok takes from it holds the line feed, and a fingerprint covers it.
- `[@metadata][s3]` has `object_key`, `bucket_name`, `object_folder` (the key's first folder, or the one after
  `s3_key_prefix`), and what `include_object_properties` names.
- `queue` is a name or a URL. Any bucket that it names is read, as far as the credentials allow.
- `sqs_delete_on_failure => true` (the default, as in the plugin's version 2.2): what can't be used goes to the dead
  letter, and then the message is deleted. With `false` it comes back, and goes to the dead letter after some tries, in
  any case before the queue's own redrive policy takes it.
- The defaults are those of the plugin's version 2.2: a visibility of 120 s. It is extended while a message is worked
  on, each by its own clock; `max_processing_time` has no effect.
- `from_sns` has no effect: what a message is can be seen.
- A message is deleted when every output has confirmed every event, and not before.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from logsluice.compat.logstash import plugins
from logsluice.compat.logstash.aws import DEFAULT_REGION, AwsSettings, client_settings, is_url, queue_of
from logsluice.compat.logstash.plugins import LISTED, Feed, Flag, Input, InputSettings
from logsluice.components import Options
from logsluice.filters._options import Text
from logsluice.lang.ruby_regex import translate as translate_pattern

FEED = Feed(newline="added", headers=True)

FAULTS = ("missing", "denied", "missing_or_denied", "corrupt", "too_large", "archived", "not_a_notification")
"""What the policy of failures is about; an object that was replaced is announced again."""


class Folder(Options):
    """What is special about some keys of a bucket."""

    key: Text = Field(default="", description="A Ruby regular expression that is found in them.")
    codec: Text | None = Field(default=None, description="A codec by its name.")
    type: Text | None = Field(default=None, description="Set on events that have no `type`.")


class Credentials(Options):
    """How some buckets are reached."""

    role: Text | None = None
    external_id: Text | None = None
    access_key_id: Text | None = None
    secret_access_key: Text | None = None


class Bucket(Options):
    """What is special about some buckets."""

    bucket_name: Text = Field(description="A Ruby regular expression that is found in their names.")
    region: Text | None = None
    credentials: Credentials = Credentials()
    folders: Annotated[tuple[Folder, ...], LISTED] = ()


class Settings(InputSettings, AwsSettings):
    """Options of the input `s3snssqs`."""

    queue: Text = Field(description="Its name or its URL.")
    queue_owner_aws_account_id: Text | None = Field(default=None, description="With a name: whose it is.")
    from_sns: Flag = Field(default=True, description="Accepted, without effect.")
    sqs_wait_time_seconds: int = Field(default=20, ge=0, le=20, description="How long one receive call waits.")
    sqs_skip_delete: Flag = Field(default=False, description="Not here.")
    sqs_delete_on_failure: Flag = Field(default=True, description="False: what can't be used comes back.")
    delete_on_success: Flag = Field(default=False, description="Delete objects when they are done.")
    move_to_bucket: Text | None = Field(default=None, description="Move objects there when they are done.")
    visibility_timeout: int = Field(default=120, ge=1, le=43200, description="Seconds.")
    max_processing_time: int = Field(default=8000, description="Accepted, without effect.")
    consumer_threads: int = Field(default=1, ge=1, le=64, description="Threads.")
    temporary_directory: Text | None = Field(
        default=None, description="Accepted, without effect: nothing is put there."
    )
    s3_default_options: dict[str, Any] = Field(default_factory=dict, description="Of the client of S3 alone.")
    s3_options_by_bucket: Annotated[tuple[Bucket, ...], LISTED] | None = None
    s3_role_session_name: Text = Field(default="logstash", description="The name of sessions of roles.")
    include_object_properties: Annotated[tuple[Text, ...], LISTED] = (
        "last_modified",
        "content_type",
        "metadata",
    )
    s3_key_prefix: Text = Field(default="", description="Deprecated: what `object_folder` comes after.")
    s3_access_key_id: Text | None = Field(default=None, description="Deprecated: for every bucket.")
    s3_secret_access_key: Text | None = Field(default=None, description="Deprecated: the key's secret.")
    s3_role_arn: Text | None = Field(default=None, description="Deprecated: for every bucket.")
    set_codec_by_folder: dict[str, Text] = Field(default_factory=dict, description="Deprecated: codecs by key.")

    @property
    def by_bucket(self) -> tuple[Bucket, ...]:
        """The options by bucket; the deprecated ones count where there are none."""
        if self.s3_options_by_bucket is not None:
            return self.s3_options_by_bucket
        keys = self.s3_access_key_id and self.s3_secret_access_key and not self.s3_role_arn
        credentials = Credentials(
            role=self.s3_role_arn,
            access_key_id=self.s3_access_key_id if keys else None,
            secret_access_key=self.s3_secret_access_key if keys else None,
        )
        folders = tuple(Folder(key=key, codec=codec) for key, codec in self.set_codec_by_folder.items())
        has_any = folders or credentials != Credentials()
        return (Bucket(bucket_name=".*", credentials=credentials, folders=folders),) if has_any else ()


def translate(settings: Settings) -> Input:
    """The source `s3_sqs`."""
    if settings.sqs_skip_delete:
        raise ValueError("sqs_skip_delete can't be had: read the objects with the input s3, or from a queue of its own")
    aws = settings.aws(None if is_url(settings.queue) else DEFAULT_REGION)
    native: dict[str, Any] = {
        "type": "s3_sqs",
        "queue": queue_of(settings.queue, settings.queue_owner_aws_account_id, aws),
        "buckets": ["*"],
        "wait_seconds": settings.sqs_wait_time_seconds,
        "visibility": f"{settings.visibility_timeout}s",
        "object_folder": f"(?V1m){translate_pattern(settings.s3_key_prefix)}/?(?P<folder>.*?)/",
        "aws": aws,
    }
    if settings.include_object_properties:
        native["object_properties"] = list(settings.include_object_properties)
    if settings.move_to_bucket:
        native["after"] = {"move": f"s3://{settings.move_to_bucket}/"}
    elif settings.delete_on_success:
        native["after"] = "delete"
    if options := list(_bucket_options(settings)):
        native["bucket_options"] = options
    action = "dead_letter" if settings.sqs_delete_on_failure else "retry"
    pipeline = {**settings.limits, "workers": settings.consumer_threads, "on": dict.fromkeys(FAULTS, action)}
    return Input(native, feed=FEED, pipeline=pipeline)


def _bucket_options(settings: Settings) -> list[dict[str, Any]]:
    of_s3 = client_settings(settings.s3_default_options)
    found = [_bucket(bucket, settings, of_s3) for bucket in settings.by_bucket]
    return [*found, {"bucket": "", "aws": of_s3}] if of_s3 else found


def _bucket(bucket: Bucket, settings: Settings, of_s3: dict[str, Any]) -> dict[str, Any]:
    given = {
        "region": bucket.region,
        "role_arn": bucket.credentials.role,
        "role_session_name": settings.s3_role_session_name if bucket.credentials.role else None,
        "external_id": bucket.credentials.external_id,
        "access_key_id": bucket.credentials.access_key_id,
        "secret_access_key": bucket.credentials.secret_access_key,
    }
    aws = of_s3 | {name: value for name, value in given.items() if value is not None}
    native: dict[str, Any] = {"bucket": f"(?V1m){translate_pattern(bucket.bucket_name)}"}
    if aws:
        native["aws"] = aws
    if bucket.folders:
        native["folders"] = [_folder(folder) for folder in bucket.folders]
    return native


def _folder(folder: Folder) -> dict[str, Any]:
    native: dict[str, Any] = {"key": f"(?V1m){translate_pattern(folder.key)}"}
    if folder.codec:
        native["format"] = plugins.format_of(folder.codec, FEED, "folders")
    if folder.type:
        native["fields"] = {"type": folder.type}
    return native
