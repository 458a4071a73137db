from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.errors import Unparsable
from logsluice.formats import load
from logsluice.framing.limits import DEFAULT_LIMITS
from logsluice.model import Format, Records

NOON = datetime(2026, 1, 28, 12, 0, tzinfo=UTC)


def parse(form: Format, *records: bytes | dict[str, Any]) -> list[Any]:
    data = [record if isinstance(record, bytes) else json.dumps(record).encode() for record in records]
    return [
        f"refused: {result}" if isinstance(result, Unparsable) else result
        for result in form.parser().parse(Records(data, list(range(len(data)))))
    ]


@pytest.mark.parametrize(
    ("layout", "value", "time"),
    [
        ("timeUnixMilliseconds", 1769601600123, NOON.replace(microsecond=123000)),
        ("timeUnixMilliseconds", "1769601600123", NOON.replace(microsecond=123000)),
        ("timeISO8601", "2026-01-28T13:00:00.123456789+01:00", NOON.replace(microsecond=123456)),
        ("time:2006-01-02 15:04:05", "2026-01-28 12:00:00", NOON),
        ("time:02/Jan/2006:15:04:05 -0700", "28/Jan/2026:14:00:00 +0200", NOON),
        ("ISO8601", "2026-01-28T12:00:00Z", NOON),
        ("UNIX", 1769601600, NOON),
        ("UNIX", "1769601600.5", NOON.replace(microsecond=500000)),
        ("UNIX_MS", 1769601600000, NOON),
    ],
)
def test_the_timestamp_field_becomes_the_time_of_the_event(layout: str, value: Any, time: datetime) -> None:
    form = load("json", timestamp_field="when", timestamp_format=layout)
    assert parse(form, {"when": value, "n": 1}) == [{"n": 1, "@timestamp": time}]


def test_a_configured_timestamp_that_is_missing_or_unreadable_is_refused() -> None:
    form = load("json", timestamp_field="when", timestamp_format="timeUnixMilliseconds")
    assert parse(form, {"n": 1}, {"when": True}, {"when": 10**30}, {"when": [1]}) == [
        "refused: the timestamp_field 'when' is missing",
        "refused: the timestamp_field 'when' can't be read as timeUnixMilliseconds: 'True'",
        "refused: the timestamp_field 'when' can't be read as timeUnixMilliseconds: '1e+30'",
        "refused: the timestamp_field 'when' can't be read as timeUnixMilliseconds: '[1]'",
    ]


def test_the_timestamp_field_may_be_called_as_the_event_s_own() -> None:
    form = load("json", timestamp_field="@timestamp", timestamp_format="UNIX_MS")
    assert parse(form, {"@timestamp": 1769601600000}, {"@timestamp": "2026-01-28T12:00:00Z"}) == [
        {"@timestamp": NOON},
        {"@timestamp": NOON},
    ]


def test_bad_options_of_json_are_refused_with_the_near_match() -> None:
    with pytest.raises(ValueError, match=r"'timeISO860' is none of timeISO8601, .*; did you mean 'timeISO8601'"):
        load("json", timestamp_field="t", timestamp_format="timeISO860")
    with pytest.raises(ValueError, match="has no year"):
        load("json", timestamp_field="t", timestamp_format="time:15:04")


def test_records_path_says_where_the_array_lies() -> None:
    form = load("json", records_path="data.rows")
    data = b'{"data":{"rows":[{"n":1},{"n":2}]},"n":3}{"n":4}'
    records = [record for batch in form.framing.frame([data], DEFAULT_LIMITS) for record in batch.records]
    assert records == [b'{"n":1}', b'{"n":2}', b'{"n":4}']


def test_what_is_not_quite_json_is_read_as_far_as_an_output_can_write_it() -> None:
    assert parse(
        load("json"),
        b'{"bytes":"\xff\xc3"}',
        b'{"control":"a\x0bb"}',
        b'{"numbers":[NaN,Infinity,-Infinity,1e999,123456789012345678901]}',
        b'{"half \\ud800":"\\udc00","whole":"\\ud83d\\ude00"}',
        b'{"deep":' + b"[" * 100_000 + b"]" * 100_000,
    ) == [
        {"bytes": "\ufffd\ufffd"},
        {"control": "a\x0bb"},
        {"numbers": [None, None, None, None, 123456789012345678901.0]},
        {"half \ufffd": "\ufffd", "whole": "\U0001f600"},
        "refused: no JSON: depth limit exceeded: line 1 column 1033 (char 1032)",
    ]


@pytest.mark.parametrize("value", [b"[1]", b'"text"', b"12", b"null", b"true"])
def test_a_value_that_is_no_object_is_refused(value: bytes) -> None:
    assert parse(load("waf"), value) == ["refused: a JSON value that is no object"]


def test_a_record_cannot_forge_metadata() -> None:
    assert parse(load("json"), {"@metadata": {"_id": "x"}}) == [{"_@metadata": {"_id": "x"}}]


@pytest.mark.parametrize("value", [10**17, -(10**17), "x", None, True, [], {}, 1e300])
def test_a_time_that_cannot_be_read_stays_where_it_is(value: Any) -> None:
    assert parse(load("waf"), {"timestamp": value, "action": "ALLOW"}) == [{"timestamp": value, "action": "ALLOW"}]


def test_cloudtrail_reads_what_lookup_events_prints() -> None:
    record = {"eventTime": "2026-01-28T12:00:00Z", "eventName": "CreateBucket"}
    entry = {"EventTime": 1769601600.0, "Username": "alice", "CloudTrailEvent": json.dumps(record)}
    resources = [{"ResourceType": "AWS::S3::Bucket", "ResourceName": "logs"}]
    assert parse(load("cloudtrail"), entry, {**entry, "Resources": resources}, {"CloudTrailEvent": "{"}) == [
        {"@timestamp": NOON, "eventName": "CreateBucket"},
        {"@timestamp": NOON, "eventName": "CreateBucket", "resources": resources},
        "refused: CloudTrailEvent is no JSON: unexpected end of data: line 1 column 2 (char 1)",
    ]


def test_a_cloudtrail_digest_is_refused_as_one() -> None:
    digest = {"awsAccountId": "111122223333", "digestStartTime": "2026-01-28T11:00:00Z", "logFiles": []}
    assert parse(load("cloudtrail"), digest) == [
        "refused: a CloudTrail digest file, which holds no events: leave out the prefix CloudTrail-Digest/"
    ]


def test_lines_keep_their_newline_on_request() -> None:
    records = Records([b"one", b"two", b"three"], [0, 4, 9], [b"\n", b"\r\n", b""])
    assert load("lines", keep_newline=True).parser().parse(records) == [
        {"message": "one\n"},
        {"message": "two\r\n"},
        {"message": "three"},
    ]
