"""A small AWS for whole-program tests: a bucket that announces its objects to a queue, and the program beside it."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.parts.moto_server import CREDENTIALS, MotoServer

LOGSLUICE = [str(Path(sys.executable).with_name("logsluice"))]


class Programs:
    """The program beside a queue, in processes of its own.

    Attributes:
        sqs: A client past all that is tested.
        queue: The queue's URL; the program finds it in the variable QUEUE.
        programs: All that were started.
    """

    def __init__(self, sqs: Any, queue: str, **endpoints: str) -> None:
        self.sqs = sqs
        self.queue = queue
        self.programs: list[subprocess.Popen[bytes]] = []
        self._endpoints = endpoints

    def send(self, body: Any) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body if isinstance(body, str) else json.dumps(body))

    def left(self) -> int:
        """Messages in the queue, those in somebody's hands included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def environment(self, **more: str) -> dict[str, str]:
        """The program's environment: this AWS and nothing of the machine's own."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        return {
            **kept,
            **CREDENTIALS,
            **self._endpoints,
            "AWS_EC2_METADATA_DISABLED": "true",
            "QUEUE": self.queue,
            **more,
        }

    def start(self, arguments: Sequence[str], folder: Path, **environment: str) -> subprocess.Popen[bytes]:
        """Start the program in a folder; its output goes to `out.log` there."""
        with (folder / "out.log").open("ab") as output:
            program = subprocess.Popen(
                [*LOGSLUICE, *arguments],
                cwd=folder,
                env=self.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.programs.append(program)
        return program

    def end_all(self) -> None:
        """Whatever a failing test has left running."""
        for program in self.programs:
            program.kill()
            program.wait()

    def wait_until_empty(self, program: subprocess.Popen[bytes], folder: Path, seconds: float = 240) -> None:
        """Until no message is left; fails when the program ends before."""
        end = time.monotonic() + seconds
        while self.left():
            said = (folder / "out.log").read_text()[-3000:]
            assert program.poll() is None, f"the program ended: {said}"
            assert time.monotonic() < end, f"{self.left()} messages are left: {said}"
            time.sleep(0.2)


class Cloud(Programs):
    """A bucket and a queue in moto; objects that are put are announced by moto itself."""

    bucket = "logs"

    def __init__(self, moto: MotoServer, visibility: int = 3, region: str = "us-east-1") -> None:
        self.moto = moto
        self.s3 = moto.client("s3", region=region)
        sqs = moto.client("sqs", region=region)
        visible = {"VisibilityTimeout": str(visibility)}
        queue: str = sqs.create_queue(QueueName="logs", Attributes=visible)["QueueUrl"]
        super().__init__(sqs, queue, AWS_ENDPOINT_URL=moto.url)
        self.queue_arn: str = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        elsewhere = {"CreateBucketConfiguration": {"LocationConstraint": region}} if region != "us-east-1" else {}
        self.s3.create_bucket(Bucket=self.bucket, **elsewhere)
        self.announce(True)

    def announce(self, on: bool) -> None:
        """Whether the bucket tells the queue of new objects."""
        queues = [{"QueueArn": self.queue_arn, "Events": ["s3:ObjectCreated:*"]}] if on else []
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": queues}
        )

    def put(self, key: str, data: bytes) -> str:
        """Put an object; its ETag without quotes."""
        etag: str = self.s3.put_object(Bucket=self.bucket, Key=key, Body=data)["ETag"]
        return etag.strip('"')


def alb_line(number: int) -> str:
    """A line that tells which one it is, by its trace id."""
    status = (200, 200, 301, 404, 503)[number % 5]
    return (
        f"https 2026-01-{number % 28 + 1:02d}T10:{number % 60:02d}:00.{number % 1000000:06d}Z app/web/50dc6c495c0c9188 "
        f"203.0.113.{number % 250}:{1024 + number % 60000} 10.0.0.1:80 0.001 0.002 0.000 {status} {status} 34 366 "
        f'"GET https://www.example.com:443/items/{number} HTTP/1.1" "curl/8.{number % 9}.0" '
        "TLS_AES_128_GCM_SHA256 TLSv1.3 "
        "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2d6bc24d8a067 "
        f'"Root=1-{number:08x}-36d228ad5d99923122bbe354" "www.example.com" "-" 0 2026-01-01T10:00:00.000000Z "forward" '
        f'"-" "-" "10.0.0.1:80" "{status}" "-" "-" TID_{number:032x}'
    )


def alb_objects(objects: int, lines: int) -> Iterator[tuple[str, bytes]]:
    """Keys as AWS writes them, and gzip content; every line is different."""
    for number in range(objects):
        text = "".join(alb_line(number * lines + line) + "\n" for line in range(lines))
        key = (
            "AWSLogs/123456789012/elasticloadbalancing/us-east-1/2026/01/31/"
            f"123456789012_elasticloadbalancing_us-east-1_app.web.50dc6c495c0c9188_20260131T1000Z_10.0.0.1_{number:08x}.log.gz"
        )
        yield key, gzip.compress(text.encode(), 1)


def trace_ids(objects: int, lines: int) -> list[str]:
    """What identifies the events of `alb_objects`, sorted."""
    return sorted(f"Root=1-{number:08x}-36d228ad5d99923122bbe354" for number in range(objects * lines))
