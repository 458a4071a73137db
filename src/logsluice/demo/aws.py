"""S3 and SQS emulated on this machine: moto in a child process, a bucket that announces its objects to a queue."""

from __future__ import annotations

import importlib.util
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from logsluice.aws.session import AwsOptions
from logsluice.demo.objects import LogObject
from logsluice.demo.traffic import ACCOUNT, REGION
from logsluice.errors import UsageError

BUCKET = "demo-logs"
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class DemoAws:
    """The emulated account.

    Attributes:
        endpoint: Where it listens.
        queue: The queue's URL.
    """

    endpoint: str
    queue: str
    _s3: Any

    def put(self, item: LogObject) -> None:
        """Store an object; S3 tells the queue."""
        self._s3.put_object(Bucket=BUCKET, Key=item.key, Body=item.body)


@contextmanager
def demo_aws() -> Iterator[DemoAws]:
    """Start it, and end it afterwards.

    Raises:
        UsageError: The extra `demo` is not installed, or the server does not start.
    """
    if importlib.util.find_spec("moto") is None or importlib.util.find_spec("flask") is None:
        raise UsageError("the demo needs moto, which is not installed", "pip install 'logsluice[demo]'")
    _pretend()
    port = _free_port()
    endpoint = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "logsluice.demo.server", str(port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is for us: what is in hand still needs the server to be settled.
        start_new_session=True,
    )
    try:
        _wait(server, endpoint)
        yield _set_up(endpoint)
    finally:
        server.kill()
        server.wait()


def _set_up(endpoint: str) -> DemoAws:
    options = AwsOptions(endpoint=endpoint, region=REGION)
    s3, sqs = options.client("s3"), options.client("sqs")
    queue_arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{BUCKET}"
    permission = {
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn,
        "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{BUCKET}"}},
    }
    policy = orjson.dumps({"Version": "2012-10-17", "Statement": [permission]}).decode()
    queue = sqs.create_queue(QueueName=BUCKET, Attributes={"Policy": policy})["QueueUrl"]
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_notification_configuration(
        Bucket=BUCKET,
        NotificationConfiguration={"QueueConfigurations": [{"QueueArn": queue_arn, "Events": ["s3:ObjectCreated:*"]}]},
    )
    return DemoAws(endpoint, queue, s3)


def _pretend() -> None:
    """Credentials that nobody has, whatever this machine's are."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"):
        os.environ.pop(name, None)
    os.environ |= {"AWS_ACCESS_KEY_ID": "demo", "AWS_SECRET_ACCESS_KEY": "demo", "AWS_EC2_METADATA_DISABLED": "true"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(server: subprocess.Popen[bytes], endpoint: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{endpoint}/moto-api/data.json", timeout=5):  # noqa: S310 - loopback
                return
        except OSError:
            time.sleep(0.1)
    raise UsageError("the AWS emulator did not start", "try `python -m moto.server` by hand to see why")
