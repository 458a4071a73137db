"""Messages of an SQS queue, each an event as JSON unless another codec is named.

Facts: Logstash Reference, "Sqs output plugin".
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from logsluice.compat.logstash.aws import DEFAULT_REGION, AwsSettings, is_url, queue_of
from logsluice.compat.logstash.plugins import Output, OutputSettings
from logsluice.filters._options import Text

_BYTES = re.compile(r"\d+ *([kmg]i?b|b)?", re.IGNORECASE)


def _size(text: str) -> str:
    if not _BYTES.fullmatch(text):
        raise ValueError("must be a size such as 256KiB")
    return f"{text}B" if text.isdigit() else text


class Settings(AwsSettings, OutputSettings):
    """Options of `sqs`."""

    queue: Text = Field(description="Its name, or its URL.")
    queue_owner_aws_account_id: Text | None = Field(default=None, description="With a name: whose it is.")
    batch_events: int = Field(default=10, ge=1, le=10, description="Messages in one request.")
    message_max_size: Annotated[Text, AfterValidator(_size)] = Field(
        default="1MiB", description="A larger event is rejected."
    )


def translate(settings: Settings) -> Output:
    """The sink `sqs`."""
    aws = settings.aws(None if is_url(settings.queue) else DEFAULT_REGION)
    given: dict[str, Any] = {
        "queue": queue_of(settings.queue, settings.queue_owner_aws_account_id, aws),
        "batch": settings.batch_events if settings.batch_events != 10 else None,
        "message_max_size": settings.message_max_size if "message_max_size" in settings.model_fields_set else None,
        "aws": aws or None,
    }
    return Output("sqs", {name: value for name, value in given.items() if value is not None})
