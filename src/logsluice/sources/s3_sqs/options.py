"""Options of sources over SQS."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from logsluice.aws.session import AwsOptions
from logsluice.components import Options
from logsluice.config.types import Duration


class PollingOptions(Options):
    """Which queues there are, and how messages are received, kept and given back."""

    queue: str | None = Field(default=None, min_length=1, description="A queue's URL, or its name.")
    queues: tuple[str, ...] = Field(default=(), description="Several queues instead of one, served in turn.")
    visibility: Duration = Field(
        default=120.0, ge=1, le=43200, description="For how long a message is ours before it is extended again."
    )
    visibility_without_heartbeat: Duration = Field(
        default=1800.0, ge=1, le=43200, description="The same, where messages may not be extended."
    )
    wait_seconds: int = Field(default=20, ge=0, le=20, description="How long one receive call waits for messages.")
    batch: int = Field(default=10, ge=1, le=10, description="Messages a receive call.")
    isolate_after: int = Field(
        default=3, ge=1, description="A message received more often than this is handed out alone."
    )
    quarantine_after: int = Field(
        default=6,
        ge=1,
        description="A message received more often than this is no longer tried; three times this where it did not fail"
        " in the same process before.",
    )
    retry_delay: Duration = Field(
        default=30.0, ge=0, le=43200, description="Until a message that failed once comes back."
    )
    retry_delay_max: Duration = Field(default=900.0, ge=0, le=43200, description="The longest such delay.")
    id_salt: str = Field(default="", description="Keeps ids apart from another pipeline's that reads the same.")
    aws: AwsOptions = AwsOptions()

    @model_validator(mode="after")
    def _one_way_to_name_queues(self) -> Self:
        if (self.queue is None) == (not self.queues):
            raise ValueError("name one `queue`, or several `queues`")
        return self

    @property
    def all_queues(self) -> tuple[str, ...]:
        """The queues, whichever way they are named."""
        return self.queues if self.queue is None else (self.queue,)

    @property
    def shareable(self) -> bool:
        """SQS hands each message to one receiver."""
        return True
