"""SQS queues by their URL or name: which client speaks to one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import BotoCoreError, ClientError

from logsluice.aws.faults import code_of, explain
from logsluice.aws.session import AwsOptions, endpoint_of
from logsluice.components import near
from logsluice.errors import UsageError

GONE = {"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue"}
"""Codes for a queue that is not there."""

_AWS_HOST = re.compile(r"(?:sqs\.)?(?P<region>[a-z]{2,4}(?:-[a-z]+)+-\d)\.(?:queue\.)?amazonaws\.(?:com|com\.cn|eu)")
_OTHER_HOST = re.compile(r"(?:.*\.)?sqs(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:vpce\.amazonaws|amazonaws|api)\.[a-z.]+")
"""Within a VPC, of FIPS or with IPv6: asked as they are given."""

_ACCOUNT = re.compile(r"/(\d{12})/[^/]+$")


@dataclass(frozen=True, slots=True)
class Found:
    """A queue, and the client for it.

    Attributes:
        client: boto3's, in the queue's region.
        url: Its URL.
        name: For messages.
        account: Whose it is, "" where the URL does not tell.
    """

    client: Any
    url: str
    name: str
    account: str


def find(queue: str, options: AwsOptions) -> Found:
    """A queue by its URL (no call at all) or its name.

    Raises:
        UsageError: There is none of that name, or it can't be looked for.
    """
    return by_url(queue, options) if "://" in queue else _by_name(queue, options)


def by_url(url: str, options: AwsOptions) -> Found:
    """A queue by its URL. Raises UsageError where it is none."""
    parts = urlsplit(url)
    usual = _AWS_HOST.fullmatch(parts.hostname or "")
    host = usual or _OTHER_HOST.fullmatch(parts.hostname or "")
    changes: dict[str, str] = {}
    if host and not options.region:
        changes["region"] = host["region"]
    if usual is None and not endpoint_of(options, "sqs"):
        changes["endpoint"] = f"{parts.scheme}://{parts.netloc}"
    account = _ACCOUNT.search(parts.path)
    name = parts.path.rstrip("/").rpartition("/")[2]
    if not name:
        raise UsageError(f"{url} is no queue URL", "write https://sqs.<region>.amazonaws.com/<account>/<name>")
    return Found(options.model_copy(update=changes).client("sqs"), url, name, account[1] if account else "")


def _by_name(name: str, options: AwsOptions) -> Found:
    client = options.client("sqs")
    try:
        url = client.get_queue_url(QueueName=name)["QueueUrl"]
    except (ClientError, BotoCoreError) as error:
        if isinstance(error, ClientError) and code_of(error) in GONE:
            raise no_queue(client, name) from error
        hint = "give the queue's URL instead of its name: that needs no look-up"
        said = explain(error, f"can't find the queue {name}")
        raise UsageError(str(said), hint if isinstance(error, ClientError) else said.hint) from error
    return by_url(url, options)


def no_queue(client: Any, name: str) -> UsageError:
    """The sentence for a queue that is not there, with the near ones."""
    try:
        known = [url.rpartition("/")[2] for url in client.list_queues(MaxResults=1000).get("QueueUrls", ())]
    except (ClientError, BotoCoreError):
        known = []
    return UsageError(
        f"there is no queue {name} in {client.meta.region_name}{near(name, known)}",
        "check the name, the region and the account",
    )
