"""The output `archive` against the emulated S3: what is asked of S3, and what its refusals mean."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError
from pydantic import ValidationError

from logsluice.archive.query import ArchiveQuery
from logsluice.aws.faults import output_fault
from logsluice.components import Context
from logsluice.errors import Busy, Sick, SinkFault, UsageError
from logsluice.model import Event
from logsluice.sinks import archive
from logsluice.testing.sinks import FIRST, must_not_refuse, opened
from tests.parts.moto_server import MotoServer

DIGEST = "00112233445566778899"


def event(position: int, window: int, **fields: Any) -> Event:
    about = {"_id": f"20260131.{DIGEST}.{position}", "window": f"20260131.{DIGEST}.{window}", "format": "json"}
    return {"@timestamp": FIRST, "number": position, **fields, "@metadata": {**about, "position": position}}


def sent(events: list[Event], **options: Any) -> dict[int, SinkFault]:
    sink = archive.build(archive.Config(to="s3://archive/logs/", **options), Context())
    with opened(sink):
        return dict(sink.send(sink.encode(events, must_not_refuse)).failed)


def test_an_object_for_each_window_format_and_day(aws: MotoServer) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="archive")
    next_day = FIRST.replace(month=2, day=1)
    other = event(2, 0)
    other["@metadata"]["format"] = "lines"
    events = [event(0, 0), event(1, 0, **{"@timestamp": next_day}), other, event(3, 3), event(0, 0)]
    assert sent(events, storage_class="STANDARD_IA", sse="aws:kms", kms_key_id="alias/logs") == {}
    listed = s3.list_objects_v2(Bucket="archive")["Contents"]
    assert {entry["Key"]: entry["StorageClass"] for entry in listed} == {
        f"logs/format={name}/date={date}/20260131.{DIGEST}.{window}.parquet": "STANDARD_IA"
        for name, date, window in (
            ("json", "2026-01-31", 0),
            ("json", "2026-02-01", 0),
            ("lines", "2026-01-31", 0),
            ("json", "2026-01-31", 3),
        )
    }
    assert s3.head_object(Bucket="archive", Key=listed[0]["Key"])["ServerSideEncryption"] == "aws:kms"


def test_all_from_the_first_object_that_S3_does_not_take_are_sent_again(aws: MotoServer) -> None:
    failed = sent([event(0, 0), event(1, 1), event(2, 1)])
    assert {index: type(fault) for index, fault in failed.items()} == dict.fromkeys(range(3), Sick)
    assert "NoSuchBucket" in str(failed[0])
    assert "check the bucket's name" in str(failed[0])


def test_a_prefix_without_an_archive_is_said_in_a_sentence(aws: MotoServer) -> None:
    aws.client("s3").create_bucket(Bucket="archive")
    assert sent([event(0, 0)]) == {}
    with ArchiveQuery("s3://archive/logs") as asked:
        assert asked.count() == 1
    with ArchiveQuery("s3://archive/log") as asked, pytest.raises(UsageError, match="no archive in s3://archive/log/"):
        asked.count()


def answer(status: int, code: str) -> ClientError:
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutObject")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer(503, "SlowDown"), Busy),
        (answer(500, "InternalError"), Busy),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), Busy),
        (answer(403, "AccessDenied"), Sick),
        (answer(403, "ExpiredToken"), Sick),
        (NoCredentialsError(), Sick),
    ],
)
def test_what_passes_is_waited_for_and_what_must_be_mended_is_said(error: Exception, kind: type[SinkFault]) -> None:
    fault = output_fault(error, "can't write s3://archive/key")
    assert type(fault) is kind
    assert str(fault).startswith("can't write s3://archive/key: ")


@pytest.mark.parametrize("options", [{"to": "/archive"}, {"to": "s3://"}, {"to": "s3://a/b", "kms_key_id": "key"}])
def test_options_that_can_not_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        archive.Config.model_validate(options)
