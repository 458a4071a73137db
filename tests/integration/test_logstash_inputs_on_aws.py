"""Logstash's inputs s3, s3snssqs and sqs, translated, on an emulated AWS: what their events hold beside the message."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.hosts.daemon import Service
from logsluice.model import Event, Outcome
from tests.parts.moto_server import MotoServer


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def service(text: str) -> Service:
    (only,) = assemble(load_text(f"input {{ {text} }} output {{ null {{ }} }}", "a.conf", environ={}))
    return only


def events(text: str, wanted: int) -> list[Event]:
    """The events of an input, each delivery settled."""
    running = service(text)
    running.source.open()
    found: list[Event] = []
    end = time.monotonic() + 20
    while len(found) < wanted and time.monotonic() < end:
        for delivery in running.source.receive(1.0) or ():
            for payload in delivery.payloads:
                for piece in running.pipeline.decoder.decode(payload):
                    batch = piece.events
                    for each in running.pipeline.filters:
                        batch = each.apply(batch, lambda _event, reason: pytest.fail(reason))
                    found += batch
            running.source.settle(delivery, Outcome.DELIVERED)
    running.source.flush()
    running.source.close()
    assert len(found) == wanted
    return found


def metadata(event: Event, name: str) -> dict[str, object]:
    found: dict[str, object] = event["@metadata"][name]
    return found


def put(aws: MotoServer, key: str, body: bytes = b"line\n") -> None:
    aws.client("s3").put_object(Bucket="logs", Key=key, Body=body, ContentType="text/plain", Metadata={"team": "web"})


def test_s3_tells_the_key_and_on_request_all_that_s3_says(aws: MotoServer, folder: Path) -> None:
    aws.client("s3").create_bucket(Bucket="logs")
    put(aws, "a/b/c.log")
    put(aws, "a/", b"a folder mark with content")
    (event,) = events('s3 { bucket => "logs" watch_for_new_files => false include_object_properties => true }', 1)
    about = metadata(event, "s3")
    assert (about["key"], about["content_type"], about["metadata"]) == ("a/b/c.log", "text/plain", {"team": "web"})
    assert (about["content_length"], about["last_modified"]) == (5, event["@timestamp"])
    assert event["message"] == "line\n"


def test_s3_moves_or_copies_what_is_done_within_the_bucket_that_it_lists(aws: MotoServer, folder: Path) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="logs")
    put(aws, "a.log")
    again = 's3 { bucket => "logs" interval => 0.1 backup_to_bucket => "logs" backup_add_prefix => "done/" %s }'
    assert len(events(again % "", 1)) == 1
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="logs")["Contents"]]
    assert keys == ["a.log", "done/a.log"]
    put(aws, "b.log")
    assert [metadata(event, "s3")["key"] for event in events(again % "delete => true", 1)] == ["b.log"]
    keys = [entry["Key"] for entry in s3.list_objects_v2(Bucket="logs")["Contents"]]
    assert keys == ["a.log", "done/a.log", "done/b.log"]


def test_s3snssqs_tells_bucket_key_folder_and_properties(aws: MotoServer, folder: Path) -> None:
    aws.client("s3").create_bucket(Bucket="logs")
    queue = aws.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    put(aws, "AWSLogs/web/x.log")
    entity = {"key": "AWSLogs/web/x.log", "size": 5}
    record = {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": "logs"}, "object": entity},
    }
    for prefix, expected in (("", "AWSLogs"), ("AWSLogs", "web")):
        aws.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps({"Records": [record]}))
        (event,) = events(f's3snssqs {{ queue => "q" s3_key_prefix => "{prefix}" sqs_wait_time_seconds => 1 }}', 1)
        about = metadata(event, "s3")
        names = ("object_key", "bucket_name", "object_folder", "content_type", "metadata")
        assert [about[name] for name in names] == ["AWSLogs/web/x.log", "logs", expected, "text/plain", {"team": "web"}]
        assert "content_length" not in about


def test_sqs_takes_the_body_and_puts_what_it_knows_into_fields(aws: MotoServer, folder: Path) -> None:
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="q")["QueueUrl"]
    sent = sqs.send_message(QueueUrl=queue, MessageBody='{\n "a": 1\n}')
    fields = 'id_field => "id" md5_field => "md5" sent_timestamp_field => "sent"'
    (event,) = events(f'sqs {{ queue => "q" polling_frequency => 1 {fields} }}', 1)
    assert (event["a"], event["id"], event["md5"]) == (1, sent["MessageId"], sent["MD5OfMessageBody"])
    assert event["sent"] == event["@timestamp"]
