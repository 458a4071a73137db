"""Messages of a queue, each body an event or several: the source `sqs`.

The codec is `json` unless another one is named. A message is deleted when every output has confirmed its events, and
not when they were read. `polling_frequency` is how long one receive call waits.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from logsluice.compat.logstash.aws import DEFAULT_REGION, AwsSettings, is_url, queue_of
from logsluice.compat.logstash.plugins import Feed, Input, InputSettings
from logsluice.filters._options import FieldRef, Text


class Settings(InputSettings, AwsSettings):
    """Options of the input `sqs`."""

    queue: Text = Field(description="Its name or its URL.")
    queue_owner_aws_account_id: Text | None = Field(default=None, description="With a name: whose it is.")
    id_field: FieldRef | None = Field(default=None, description="Where the message's id goes.")
    md5_field: FieldRef | None = Field(default=None, description="Where the MD5 of its body goes.")
    sent_timestamp_field: FieldRef | None = Field(default=None, description="Where the time goes at which it was sent.")
    polling_frequency: int = Field(default=20, ge=0, le=20, description="Seconds.")
    threads: int = Field(default=1, ge=1, le=64, description="Threads.")


def translate(settings: Settings) -> Input:
    """The source `sqs`."""
    aws = settings.aws(None if is_url(settings.queue) else DEFAULT_REGION)
    native: dict[str, Any] = {
        "type": "sqs",
        "queue": queue_of(settings.queue, settings.queue_owner_aws_account_id, aws),
        "wait_seconds": settings.polling_frequency,
        "aws": aws,
    }
    wanted = {
        "[@metadata][sqs][message_id]": settings.id_field,
        "[@metadata][sqs][md5]": settings.md5_field,
        "[@metadata][sqs][sent]": settings.sent_timestamp_field,
    }
    copied = {source: field for source, field in wanted.items() if field is not None}
    filters = ({"mutate": {"copy": copied}},) if copied else ()
    return Input(native, "json", pipeline={"workers": settings.threads}, feed=Feed(whole=True), filters=filters)
