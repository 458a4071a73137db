"""The output `s3` against the emulated S3: objects by window and prefix, and what S3 is told of them."""

from __future__ import annotations

import gzip
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import Sick
from logsluice.model import Event, Sent
from logsluice.sinks import s3
from logsluice.testing.sinks import FIRST, must_not_refuse, opened
from tests.parts.moto_server import MotoServer

DIGEST = "00112233445566778899"


def event(position: int, window: int, **fields: Any) -> Event:
    about = {"_id": f"20260131.{DIGEST}.{position}", "window": f"20260131.{DIGEST}.{window}", "format": "json"}
    return {"@timestamp": FIRST, "number": position, **fields, "@metadata": {**about, "position": position}}


def sent(events: list[Event], to: str = "s3://texts/%{team}", output: str = "out", **options: Any) -> Sent:
    sink = s3.build(s3.Config.model_validate({"to": to, **options}), Context(output=output))
    with opened(sink):
        return sink.send(sink.encode(events, must_not_refuse))


def test_an_object_for_each_window_and_prefix(aws: MotoServer) -> None:
    client = aws.client("s3")
    client.create_bucket(Bucket="texts")
    events = [event(0, 0, team="a"), event(1, 0, team="b/"), event(2, 0, team="a"), event(3, 3, team="/a")]
    for _ in range(2):
        assert sent(events, codec={"line": "<%{number}>"}, gzip=True, sse="AES256", acl="bucket-owner-read") == Sent()
    listed = [entry["Key"] for entry in client.list_objects_v2(Bucket="texts")["Contents"]]
    contents = {key: client.get_object(Bucket="texts", Key=key) for key in listed}
    assert {key: gzip.decompress(answer["Body"].read()) for key, answer in contents.items()} == {
        f"a/20260131.{DIGEST}.0.main.out.txt.gz": b"<0>\n<2>\n",
        f"b/20260131.{DIGEST}.0.main.out.txt.gz": b"<1>\n",
        f"a/20260131.{DIGEST}.3.main.out.txt.gz": b"<3>\n",
    }
    assert {(a["ContentType"], a["ContentEncoding"], a["ServerSideEncryption"]) for a in contents.values()} == {
        ("text/plain", "gzip", "AES256")
    }


def test_two_outputs_below_one_prefix_keep_out_of_each_others_way(aws: MotoServer) -> None:
    client = aws.client("s3")
    client.create_bucket(Bucket="texts")
    for output in ("s3-0", "to s3"):
        assert sent([event(0, 0)], "s3://texts", output) == Sent()
    listed = [entry["Key"] for entry in client.list_objects_v2(Bucket="texts")["Contents"]]
    assert [key.removeprefix(f"20260131.{DIGEST}.0.") for key in sorted(listed)] == [
        "1bf4ec0276cb42a19a6332e730356e34.ndjson",
        "main.s3-0.ndjson",
    ]


def test_all_of_a_bucket_that_is_not_there_is_sent_again(aws: MotoServer) -> None:
    failed = sent([event(0, 0), event(1, 1)], "s3://texts").failed
    assert {index: type(fault) for index, fault in failed.items()} == {0: Sick, 1: Sick}
    assert "can't write s3://texts/20260131" in str(failed[1])


def test_an_event_that_makes_no_key_is_refused() -> None:
    sink = s3.build(s3.Config(to="s3://texts/%{team}"), Context())
    refused: dict[int, str] = {}
    sink.encode([event(0, 0), event(1, 0, team="x" * 2000), event(2, 0, team="\udcff")], refused.__setitem__)
    assert refused == {
        0: "the event lacks a field of 's3://texts/%{team}'",
        1: f"the event's values make a key that is too long: {'x' * 200!r}",
        2: "the event's values make a key that is no Unicode text",
    }


@pytest.mark.parametrize("to", ["texts", "s3://", "s3://%{bucket}/a", "s3://texts/%{[a}"])
def test_places_that_are_none_are_refused(to: str) -> None:
    with pytest.raises(ValidationError):
        s3.Config(to=to)


def test_what_will_be_regretted_is_warned_about() -> None:
    config = s3.Config(to="s3://texts", acl="public-read", storage_class="GLACIER")
    assert [option for option, _ in s3.concerns(config, Context())] == ["acl", "storage_class"]
