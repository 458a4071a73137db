"""The program under S3logsbeat's own IAM policy, in an emulated AWS that enforces it; every call is noted."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.cloud import Cloud, alb_line
from tests.end_to_end.program import run
from tests.end_to_end.recording_proxy import RecordingProxy
from tests.end_to_end.s3logsbeat_traffic import exported
from tests.parts.opensearch import OpenSearch

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/logs"

POLICY = """
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage"
      ],
      "Resource": "arn:aws:sqs:*:123456789012:logs"
    },
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject"
      ],
      "Resource": "arn:aws:s3:::logs/*"
    }
  ]
}
"""
"""As S3logsbeat's README has it, with a queue and a bucket."""


def allow(action: str, resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": [action], "Resource": resource}


NO_HEARTBEAT = "messages can't be extended while they are worked on: they are received for longer instead"
NO_VERSIONS = "versions may not be read, so only the latest is"
HEARTBEAT = allow("sqs:ChangeMessageVisibility", "arn:aws:sqs:*:123456789012:logs")
LIST = allow("s3:ListBucket", "arn:aws:s3:::logs")
PROBES = {("sqs:GetQueueAttributes", False): 1, ("sqs:ChangeMessageVisibility", False): 1}
"""What is asked for once and done without."""


def as_moto_reads(statement: dict[str, Any]) -> dict[str, Any]:
    """A statement of the policy for moto's IAM, which differs from AWS's in two things.

    It takes a call's name for its action, where AWS allows DeleteMessageBatch by sqs:DeleteMessage (Amazon SQS
    Developer Guide, "Amazon SQS batch actions"); and it knows no resource of a call to SQS but `*`. That no other queue
    is asked, the recorded calls show.
    """
    if "arn:aws:sqs:" not in statement["Resource"]:
        return statement
    batches = [f"{action}Batch" for action in statement["Action"] if action == "sqs:DeleteMessage"]
    return {**statement, "Action": [*statement["Action"], *batches], "Resource": "*"}


class Account:
    """A cloud in which the program is a user with some statements, and everything that it asks is noted."""

    def __init__(self, cloud: Cloud, proxy: RecordingProxy, folder: Path, node: OpenSearch) -> None:
        self.cloud, self.proxy, self.folder, self.node = cloud, proxy, folder, node

    @contextmanager
    def user(self, *statements: dict[str, Any]) -> Iterator[dict[str, str]]:
        """The program's environment as this user; nobody else may do anything meanwhile."""
        iam = self.cloud.moto.client("iam")
        iam.create_user(UserName="s3logsbeat")
        document = {"Version": "2012-10-17", "Statement": [as_moto_reads(each) for each in statements]}
        iam.put_user_policy(UserName="s3logsbeat", PolicyName="least", PolicyDocument=json.dumps(document))
        made = iam.create_access_key(UserName="s3logsbeat")["AccessKey"]
        self.cloud.moto.enforce_iam()
        try:
            yield {
                "AWS_ACCESS_KEY_ID": made["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"],
                "AWS_ENDPOINT_URL": self.proxy.url,
                "QUEUE": QUEUE,
                "OPENSEARCH": self.node.url,
            }
        finally:
            self.cloud.moto.enforce_iam(None)

    def run(self, user: dict[str, str], *arguments: str, code: int = 0) -> str:
        """The program to its end; its standard error."""
        done = run(*arguments, cwd=self.folder, env=self.cloud.environment(**user))
        assert done.returncode == code, done.stderr
        return done.stderr

    def once(self, user: dict[str, str]) -> list[dict[str, Any]]:
        """S3logsbeat's sample until the queue is empty; what is warned of."""
        return warnings(self.run(user, "s3logsbeat", "-c", "s3logsbeat.yml", "-e", "--once"))

    def check(self, user: dict[str, str], file: str) -> tuple[int, list[tuple[str, str, str]]]:
        """The exit code of `check --live`, and what it says of inputs: how bad, of which option, and what.

        That the dead letter is below the folder of temporary files is only the test's own.
        """
        done = run("check", "--live", "--json", file, cwd=self.folder, env=self.cloud.environment(**user))
        assert done.stderr == ""
        said = [(each["severity"], each["option"], each["message"]) for each in json.loads(done.stdout)]
        return done.returncode, [each for each in said if not each[1].endswith(".dead_letter")]

    @contextmanager
    def running(self, user: dict[str, str], **source: Any) -> Iterator[Path]:
        """The sample in our words, with options of the source that S3logsbeat does not have; its log."""
        text = exported(self.folder, self.cloud.environment(**user), **source)
        assert "workers: 5\n" in text
        (self.folder / "own.yaml").write_text(text.replace("workers: 5\n", "workers: 1\n"))
        program = self.cloud.start(["run", "own.yaml"], self.folder, **user)
        yield self.folder / "out.log"
        program.terminate()
        assert program.wait(30) == 0, (self.folder / "out.log").read_text()

    @property
    def traces(self) -> list[str]:
        """Of the documents, sorted."""
        return sorted(each["trace_id"] for each in self.node.documents("s3logsbeat-*").values())

    @property
    def dead(self) -> list[str]:
        """The reasons in the dead letter."""
        files = (self.folder / "dead-letter").rglob("*.ndjson")
        return sorted(json.loads(line)["reason"] for file in files for line in file.read_bytes().splitlines())


def warnings(log: str) -> list[dict[str, Any]]:
    """The log's entries from `warning` on."""
    entries = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    return [entry for entry in entries if entry["level"] != "info"]


def grants(log: str) -> list[tuple[str, str]]:
    """The warnings of permissions that are missing, and which they are."""
    return [(entry["event"], entry["do"]) for entry in warnings(log) if "do" in entry]


def least() -> list[dict[str, Any]]:
    statements: list[dict[str, Any]] = json.loads(POLICY)["Statement"]
    return statements


def put(cloud: Cloud, objects: int, bucket: str = Cloud.bucket) -> tuple[set[str], list[str]]:
    """Objects with ten lines each: what they are, and the traces of all."""
    keys = [f"prod-shop/{number:02d}.log.gz" for number in range(objects)]
    for number, key in enumerate(keys):
        lines = "".join(alb_line(number * 10 + each) + "\n" for each in range(10))
        cloud.s3.put_object(Bucket=bucket, Key=key, Body=gzip.compress(lines.encode()))
    traces = [f"Root=1-{number:08x}-36d228ad5d99923122bbe354" for number in range(objects * 10)]
    return {f"{bucket}/{key}" for key in keys}, traces


def without_polls(outcomes: Counter[tuple[str, bool]]) -> dict[tuple[str, bool], int]:
    """How often an empty queue is asked, and how deletions come together, is a matter of time."""
    return {
        needed: 1 if needed in {("sqs:ReceiveMessage", True), ("sqs:DeleteMessage", True)} else times
        for needed, times in outcomes.items()
    }
