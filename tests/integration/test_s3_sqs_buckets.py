"""The source s3_sqs with options by bucket and folder, and what happens to objects that are done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest
from structlog.testing import capture_logs

from logsluice.components import Context
from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.decode import Decoder
from logsluice.errors import Superseded
from logsluice.formats import load
from logsluice.model import Delivery, Outcome
from logsluice.sinks.store import StoreSink
from logsluice.sources.s3_sqs import Config, build
from logsluice.sources.s3_sqs.source import S3SqsSource
from logsluice.testing.formats import sample_of
from logsluice.testing.sources import opened, receive, uris
from tests.parts.moto_server import MotoServer

ALB = "AWSLogs/1/elasticloadbalancing/2026/01/31/a.log"


class Aws:
    """An emulated account with some buckets and one queue."""

    def __init__(self, server: MotoServer) -> None:
        self.s3, self.sqs = server.client("s3"), server.client("sqs")
        for bucket in ("logs", "done"):
            self.s3.create_bucket(Bucket=bucket)
        self.queue: str = self.sqs.create_queue(QueueName="log-events")["QueueUrl"]

    def put(self, key: str, body: bytes = b"line\n", bucket: str = "logs") -> dict[str, Any]:
        """Put an object; what a notification says of it."""
        answer = self.s3.put_object(Bucket=bucket, Key=key, Body=body)
        entity = {"key": key, "size": len(body), "eTag": answer["ETag"].strip('"')}
        if "VersionId" in answer:
            entity["versionId"] = answer["VersionId"]
        return {
            "eventSource": "aws:s3",
            "awsRegion": "us-east-1",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": bucket}, "object": entity},
        }

    def send(self, *records: dict[str, Any]) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps({"Records": records}))

    def source(self, **options: Any) -> S3SqsSource:
        named = {"queue": self.queue, "buckets": ["logs", "done"], "retry_delay": "1s", **options}
        return build(Config.model_validate(named), Context())

    def keys(self, bucket: str) -> list[str]:
        return [entry["Key"] for entry in self.s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.fixture
def account(aws: MotoServer) -> Aws:
    return Aws(aws)


def events(delivery: Delivery) -> list[dict[str, Any]]:
    decoder = Decoder(load("lines"))
    return [event for payload in delivery.payloads for piece in decoder.decode(payload) for event in piece.events]


def test_a_folders_format_and_fields_are_those_of_its_events(account: Aws) -> None:
    folders = [{"key": "/elasticloadbalancing/", "format": "alb", "fields": {"team": "web", "elb": "mine"}}]
    account.send(account.put(ALB, sample_of("alb")), account.put("app/b.log"))
    with opened(account.source(bucket_options=[{"bucket": "^logs$", "folders": folders}])) as source:
        (delivery,) = receive(source)
        *balanced, other = events(delivery)
    assert {(event["@metadata"]["format"], event["team"]) for event in balanced} == {("alb", "web")}
    assert balanced[0]["elb"].startswith("app/")  # it has one, so the folder's is left out
    assert [event["@metadata"]["s3"]["folder"] for event in (balanced[0], other)] == [ALB.rpartition("/")[0], "app"]
    assert (other["@metadata"]["format"], other["message"], "team" in other) == ("lines", "line", False)


def test_a_bucket_is_read_with_its_own_role_and_the_queue_without_it(account: Aws) -> None:
    account.send(account.put("a.log"))
    role = {"role_arn": "arn:aws:iam::123456789012:role/reader", "external_id": "ours"}
    with opened(account.source(bucket_options=[{"bucket": "^logs$", "aws": role}])) as source:
        signed: dict[str, str] = {}
        for client in (source._buckets.of("logs").client("", "us-east-1"), source._queues[0].client):
            client.meta.events.register("before-send", lambda request, **_: note(signed, request))
        (delivery,) = receive(source)
        assert [event["message"] for event in events(delivery)] == ["line"]
    assert signed["sqs"] == "test"
    assert signed["s3"].startswith("ASIA")


def note(signed: dict[str, str], request: AWSPreparedRequest) -> None:
    """By service, the key that its last request was signed with."""
    signature: Any = request.headers["Authorization"]
    key, _, _, service = signature.decode().split("Credential=")[1].split("/")[:4]
    signed[service] = key


def test_templates_and_columns_know_the_formats_of_folders() -> None:
    text = """
pipelines:
  - source:
      type: s3_sqs
      queue: https://sqs.us-east-1.amazonaws.com/123456789012/logs
      bucket_options: [{bucket: logs, folders: [{key: lb, format: alb}, {key: trail, format: cloudtrail}]}]
    format: vpc_flow
    outputs: [{store: {path: store}}]
"""
    (service,) = assemble(load_text(text, "f.yaml", environ={}))
    (sender,) = service.pipeline.senders
    assert isinstance(sender.output.sink, StoreSink)
    assert set(sender.output.sink._columns) == {"vpc_flow", "alb", "cloudtrail"}


def test_a_superseded_version_is_read_where_all_are_wanted(account: Aws) -> None:
    account.s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    older = account.put("a.log", b"older\n")
    account.put("a.log", b"newer\n")
    account.s3.delete_object(Bucket="logs", Key="a.log")
    account.send(older)
    with opened(account.source(all_versions=True)) as source:
        (delivery,) = receive(source)
        assert [event["message"] for event in events(delivery)] == ["older"]


def settle(source: S3SqsSource, outcome: Outcome) -> None:
    (delivery,) = receive(source)
    source.settle(delivery, outcome)


def test_a_delivered_object_is_moved_and_not_read_again_where_it_went(account: Aws) -> None:
    account.send(account.put("a/1.log"), account.put("a/2.log"))
    with opened(account.source(after={"move": "s3://done/seen/"})) as source:
        settle(source, Outcome.DELIVERED)
        assert (account.keys("logs"), account.keys("done")) == ([], ["seen/a/1.log", "seen/a/2.log"])
        account.send(account.put("seen/a/1.log", bucket="done"), account.put("other", bucket="done"))
        (delivery,) = receive(source)
        assert uris(delivery) == ["s3://done/other"]
        assert source.counters.total("after_done") == 2


@pytest.mark.parametrize("outcome", [Outcome.REJECTED, Outcome.RETRY])
def test_an_object_that_was_not_delivered_whole_stays(account: Aws, outcome: Outcome) -> None:
    account.send(account.put("a.log"))
    with opened(account.source(after="delete")) as source:
        settle(source, outcome)
    assert account.keys("logs") == ["a.log"]


def test_a_newer_object_of_the_same_name_is_not_deleted(account: Aws) -> None:
    account.send(account.put("a.log", b"older"))
    with opened(account.source(after="delete")) as source:
        (delivery,) = receive(source)
        account.put("a.log", b"newer")
        with pytest.raises(Superseded):
            events(delivery)
        source.settle(delivery, Outcome.DELIVERED)
    assert account.keys("logs") == ["a.log"]


def test_an_object_that_may_not_be_deleted_is_told_of_and_not_read_again(account: Aws) -> None:
    account.send(account.put("a.log"))
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::logs/*"}
    account.s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with opened(account.source(after="delete", visibility="1s")) as source, capture_logs() as logs:
        settle(source, Outcome.DELIVERED)
        source.flush()
        assert source.receive(2) == []
        assert source.counters.total("after_failed") == 1
    assert [entry["event"] for entry in logs] == ["what `after` says could not be done"]
