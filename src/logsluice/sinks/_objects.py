"""Objects in S3: where they go and how they are put there, for the outputs that make some."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from logsluice.aws.session import AwsOptions
from logsluice.components import Options


class ObjectOptions(Options):
    """What S3 is told of every object."""

    sse: Literal["AES256", "aws:kms", "aws:kms:dsse"] | None = Field(
        None, description="Server-side encryption, where the bucket's default is not what is wanted."
    )
    kms_key_id: str | None = Field(None, description="The KMS key, with `sse: aws:kms`; else AWS's own for S3.")
    expected_owner: str | None = Field(
        None, pattern=r"^\d{12}$", description="The account that the bucket must belong to."
    )
    aws: AwsOptions = AwsOptions()

    @model_validator(mode="after")
    def _key_has_a_use(self) -> ObjectOptions:
        if self.kms_key_id is not None and self.sse not in ("aws:kms", "aws:kms:dsse"):
            raise ValueError("`kms_key_id` needs `sse: aws:kms`")
        return self

    def arguments(self, **more: str | None) -> dict[str, str]:
        """What PutObject is given beside the object; `more` in its own names, None for what is not said."""
        given = {
            "ServerSideEncryption": self.sse,
            "SSEKMSKeyId": self.kms_key_id,
            "ExpectedBucketOwner": self.expected_owner,
            **more,
        }
        return {name: value for name, value in given.items() if value is not None}


def put(client: Any, bucket: str, key: str, content: bytes, arguments: dict[str, str]) -> None:
    """Write an object. Raises Busy or Sick."""
    from botocore.exceptions import BotoCoreError, ClientError

    from logsluice.aws.faults import output_fault

    try:
        client.put_object(Bucket=bucket, Key=key, Body=content, **arguments)
    except (ClientError, BotoCoreError) as error:
        raise output_fault(error, f"can't write s3://{bucket}/{key}") from error
