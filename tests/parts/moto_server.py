"""moto's server: S3, SQS, SNS, EventBridge, STS and IAM, emulated in one process.

Where it differs from AWS, as far as our tests meet it: keys in its notifications have "/" as `%2F`, a denial by bucket
policy has the code "403" and never hits a listing, a completed multipart upload sends two events, and the owner of a
bucket (`ExpectedBucketOwner`) is not checked.
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.parts import PartError, Server

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
ACCOUNT = "123456789012"


class MotoServer(Server):
    """One moto server; everything in it is forgotten by `reset` and when it ends."""

    name = "moto"

    def prepare(self) -> None:
        if not self._program.exists():
            raise PartError("moto is not installed: install the test requirements of this project")

    @property
    def _program(self) -> Path:
        return Path(sys.executable).with_name("moto_server")

    def command(self) -> Sequence[str | Path]:
        return [self._program, "-H", "127.0.0.1", "-p", str(self.port)]

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/moto-api/", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def reset(self) -> None:
        """Forget every bucket, queue, topic and policy."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/moto-api/reset", method="POST"), timeout=30).close()

    def enforce_iam(self, after_calls: int | None = 0) -> None:
        """Check every call's permissions, after so many more calls; None ends that."""
        body = str(10**9 if after_calls is None else after_calls).encode()
        plain = {"Content-Type": "text/plain"}  # as a form, which is the default, moto finds the body empty
        request = urllib.request.Request(f"{self.url}/moto-api/reset-auth", body, plain, method="POST")
        urllib.request.urlopen(request, timeout=30).close()

    def client(self, service: str, **more: Any) -> Any:
        """A boto3 client past all that is being tested."""
        import boto3

        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.url,
            region_name=more.get("region", "us-east-1"),
            aws_access_key_id=more.get("access_key", "test"),
            aws_secret_access_key=more.get("secret_key", "test"),
        )
