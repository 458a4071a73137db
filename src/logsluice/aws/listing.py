"""The objects below a prefix, for `ship s3://bucket/prefix`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from logsluice.aws.envelopes import Announcement
from logsluice.aws.faults import explain
from logsluice.aws.objects import S3Payload


def list_objects(client: Any, bucket: str, prefix: str = "", salt: str = "") -> Iterator[S3Payload]:
    """Every object that has bytes, in the order of the keys; a page of a thousand is asked for at a time.

    Their ids are those that notifications give. Folder marks and other empty objects are left out.

    Raises:
        UsageError: The bucket can't be listed.
    """
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    try:
        for page in pages:
            for entry in page.get("Contents", ()):
                if entry["Size"]:
                    found = Announcement(bucket, entry["Key"], entry["ETag"].strip('"'), entry["Size"])
                    yield S3Payload(client, found, salt)
    except (ClientError, BotoCoreError) as error:
        raise explain(error, f"can't list s3://{bucket}/{prefix}") from error
