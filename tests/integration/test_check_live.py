"""`check` on dangers: what the options tell, and what the real queue and bucket tell (`--live`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logsluice.config.check import check_file
from tests.parts.moto_server import MotoServer

CONFIG = """\
pipelines:
  - name: alb
    source:
      type: s3_sqs
      queue: {queue}
      buckets: [{bucket}]
    format: alb
    outputs: [stdout]
    dead_letter: /elsewhere
"""


def warnings_of(folder: Path, text: str, live: bool) -> list[tuple[str, str]]:
    file = folder / "pipeline.yaml"
    file.write_text(text)
    found = check_file(str(file), live=live)
    assert {problem.severity for problem in found} <= {"warning"}
    return [(problem.option, problem.message) for problem in found]


@pytest.fixture
def queue(aws: MotoServer) -> str:
    aws.client("s3").create_bucket(Bucket="logs")
    url: str = aws.client("sqs").create_queue(QueueName="alb")["QueueUrl"]
    return url


def test_periods_and_trust_are_found_offline(tmp_path: Path) -> None:
    options = "      visibility: 10s\n      visibility_without_heartbeat: 1m\n      isolate_after: 6\n"
    text = CONFIG.format(queue="alb", bucket='"*"').replace("    format", f"{options}    format")
    place = "pipelines[0].source"
    assert warnings_of(tmp_path, text, live=False) == [
        (
            f"{place}.buckets",
            "whoever may send to the queue chooses what is read with our permissions: name the buckets",
        ),
        (
            f"{place}.visibility",
            (
                "10 s is short: half of it must be enough to extend every message in hand, hundreds of them while an"
                " output is down; those that are not extended in time are read twice"
            ),
        ),
        (
            f"{place}.visibility_without_heartbeat",
            (
                "60 s is all the time that a message has where it can't be extended: an object or an outage that takes"
                " longer is read again and again"
            ),
        ),
        (
            f"{place}.isolate_after",
            "a message is set aside before it is tried alone: an object that kills its worker takes others with it",
        ),
    ]


def test_a_queue_without_redrive_and_with_a_short_retention_is_found_live(
    tmp_path: Path, aws: MotoServer, queue: str
) -> None:
    aws.client("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"MessageRetentionPeriod": "86400"})
    text = CONFIG.format(queue=queue, bucket="logs")
    assert warnings_of(tmp_path, text, live=False) == []
    assert warnings_of(tmp_path, text, live=True) == [
        (
            "pipelines[0].source.queue",
            (
                "alb has no redrive policy: a message whose object kills every worker that reads it has nowhere to go"
                " but our dead letter, after 6 tries; add a dead-letter queue"
            ),
        ),
        (
            "pipelines[0].source.queue",
            (
                "alb keeps messages for 1.0 days: what an outage holds up for longer is lost; set"
                " MessageRetentionPeriod to 14 days, the most that there is"
            ),
        ),
    ]


def test_a_redrive_policy_that_comes_too_early_is_found_live(tmp_path: Path, aws: MotoServer, queue: str) -> None:
    sqs = aws.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    assert warnings_of(tmp_path, CONFIG.format(queue=queue, bucket="logs"), live=True) == [
        (
            "pipelines[0].source.queue",
            (
                "alb sends a message away after 2 receives, before it is tried alone (`isolate_after`: 3); raise"
                " maxReceiveCount"
            ),
        )
    ]


def test_nothing_is_received_by_a_live_check(tmp_path: Path, aws: MotoServer, queue: str) -> None:
    sqs = aws.client("sqs")
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    warnings_of(tmp_path, CONFIG.format(queue=queue, bucket="logs"), live=True)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    assert sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"] == {
        "ApproximateNumberOfMessages": "1",
        "ApproximateNumberOfMessagesNotVisible": "0",
    }


LISTING = """\
pipelines:
  - source: {{type: s3_objects, bucket: {bucket}, prefix: "app/{{yyyy}}/{{MM}}/{{dd}}/", start_at: now}}
    format: lines
    outputs:
      - archive: {{to: "s3://{bucket}/archive/"}}
      - store: {{path: {store}}}
    dead_letter: /elsewhere
"""


def test_what_is_listed_is_looked_into_and_read(tmp_path: Path, aws: MotoServer, queue: str) -> None:
    text = LISTING.format(bucket="logs", store="store")
    place = "pipelines[0].source.prefix"
    nothing = "the first thousand keys below s3://logs/app/ are of nothing that could be read; check the prefix"
    assert warnings_of(tmp_path, text, live=True) == [(place, nothing)]
    aws.client("s3").put_object(Bucket="logs", Key="app/2026/01/31/1.log", Body=b"line\n")
    assert warnings_of(tmp_path, text, live=True) == []
    (tmp_path / "file").write_text("")
    text = LISTING.format(bucket="logs", store="file/store")
    said = f"{tmp_path / 'file'} is no folder that this user may write to: nothing could be stored"
    assert warnings_of(tmp_path, text, live=True) == [("pipelines[0].outputs[1].store.path", said)]


def test_a_bucket_that_is_not_there_is_an_error_where_it_is_named(tmp_path: Path, aws: MotoServer, queue: str) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(LISTING.format(bucket="nowhere", store="store"))
    found = [(problem.severity, problem.option) for problem in check_file(str(file), live=True)]
    assert found == [("error", "pipelines[0].source"), ("error", "pipelines[0].outputs[0]")]


def test_a_queue_that_is_not_there_is_an_error(tmp_path: Path, aws: MotoServer, queue: str) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(CONFIG.format(queue="alv", bucket="logs"))
    [problem] = check_file(str(file), live=True)
    assert (problem.severity, problem.option) == ("error", "pipelines[0].source")
    assert problem.message.startswith("there is no queue alv in us-east-1; did you mean 'alb'?")
