"""Log groups of CloudWatch Logs: there is no source for them yet."""

from __future__ import annotations

from pydantic import ConfigDict

from logsluice.compat.logstash.plugins import Input, InputSettings


class Settings(InputSettings):
    """Whatever is given: the input can't be used."""

    model_config = ConfigDict(extra="allow")


def translate(settings: Settings) -> Input:  # noqa: ARG001 - nothing can be made of it
    """Nothing."""
    raise ValueError("CloudWatch Logs can't be read yet: have Firehose write the group to S3, and read that by s3")
