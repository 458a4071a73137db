"""What a queue message announces, in every form that S3 events have."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.aws.envelopes import Announcement, Notice, read_body
from logsluice.errors import NotANotification

KEY = "app/year=2026/a b+c%20d/ünï\u2028code.log.gz"
ETAG = "0123456789abcdef0123456789abcdef"
WANTED = Announcement("logs-bucket", KEY, ETAG, 4711, "eu-central-1", "v1", "0055AED6DCD90281E5")

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Records",
                    "s3",
                    "object",
                    "bucket",
                    "key",
                    "name",
                    "eTag",
                    "etag",
                    "size",
                    "detail",
                    "detail-type",
                    "source",
                    "Type",
                    "Message",
                    "Event",
                    "eventName",
                    "eventSource",
                    "region",
                    "versionId",
                    "x",
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=25,
)


def record(key: str = quote_plus(KEY), name: str = "ObjectCreated:Put", **entity: Any) -> dict[str, Any]:
    about = {"key": key, "size": 4711, "eTag": ETAG, "versionId": "v1", "sequencer": "0055AED6DCD90281E5"}
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-01-31T00:00:00.000Z",
        "eventName": name,
        "s3": {"bucket": {"name": "logs-bucket"}, "object": about | entity},
    }


def notification(*records: Any) -> str:
    return json.dumps({"Records": list(records)})


def sns(message: str) -> str:
    topic = {"TopicArn": "arn:aws:sns:eu-central-1:123456789012:logs", "Subject": "Amazon S3 Notification"}
    return json.dumps({"Type": "Notification", "MessageId": "m", **topic, "Message": message})


def eventbridge(kind: str = "Object Created", **entity: Any) -> str:
    about = {"key": KEY, "size": 4711, "etag": ETAG, "version-id": "v1", "sequencer": "0055AED6DCD90281E5"}
    detail = {"version": "0", "bucket": {"name": "logs-bucket"}, "object": about | entity, "reason": "PutObject"}
    return json.dumps({"detail-type": kind, "source": "aws.s3", "region": "eu-central-1", "detail": detail})


@pytest.mark.parametrize(
    "body",
    [notification(record()), sns(notification(record())), eventbridge(), sns(eventbridge())],
    ids=["notification, also raw delivery of SNS", "SNS", "EventBridge", "EventBridge through SNS"],
)
def test_every_envelope_announces_the_same_object(body: str) -> None:
    assert read_body(body) == Notice((WANTED,))
    assert read_body(body.encode()) == Notice((WANTED,))


def test_every_record_of_a_message_is_read_in_order() -> None:
    keys = [f"{number}.gz" for number in range(40)]
    assert [found.key for found in read_body(notification(*map(record, keys))).announcements] == keys


@pytest.mark.parametrize(
    ("encoded", "key"),
    [
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%20b", "a b"),
        ("a%252Bb", "a%2Bb"),
        ("a%2Fb/c", "a/b/c"),
        ("%E6%97%A5%E6%9C%AC", "日本"),
        ("100%", "100%"),
        ("日本", "日本"),
        ("dt%3D2026-01-31/x", "dt=2026-01-31/x"),
    ],
)
def test_keys_of_notifications_are_form_encoded(encoded: str, key: str) -> None:
    assert read_body(notification(record(encoded))).announcements[0].key == key


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=200))
def test_any_key_survives_the_encoding_of_notifications_and_none_of_eventbridge(key: str) -> None:
    assert read_body(notification(record(quote_plus(key)))).announcements[0].key == key
    assert read_body(eventbridge(key=key)).announcements[0].key == key


def test_keys_of_eventbridge_are_not_encoded() -> None:
    assert read_body(eventbridge(key="a+b%20c")).announcements[0].key == "a+b%20c"


def test_quotes_around_an_etag_are_removed() -> None:
    assert read_body(notification(record(eTag=f'"{ETAG}"'))).announcements[0].etag == ETAG
    assert read_body(eventbridge(etag=f'"{ETAG}"')).announcements[0].etag == ETAG


def test_the_version_null_is_no_version() -> None:
    assert read_body(notification(record(versionId="null"))).announcements[0].version_id == ""


def test_the_test_event_of_s3_is_recognised() -> None:
    body = '{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-01-31T00:00:00.000Z","Bucket":"logs-bucket"}'
    assert read_body(body) == Notice(is_test=True)
    assert read_body(sns(body)) == Notice(is_test=True)


def test_events_that_create_no_object_are_named_and_left_alone() -> None:
    removed, restored = record(name="ObjectRemoved:Delete"), record(name="s3:ObjectRestore:Completed")
    expected = Notice((WANTED,), ("ObjectRemoved:Delete", "ObjectRestore:Completed"))
    assert read_body(notification(removed, record(), restored)) == expected
    assert read_body(eventbridge("Object Deleted")) == Notice(ignored=("Object Deleted",))


def test_an_event_name_may_have_its_prefix() -> None:
    assert read_body(notification(record(name="s3:ObjectCreated:CompleteMultipartUpload"))).announcements == (WANTED,)


def test_a_record_without_an_object_does_not_hide_its_neighbours() -> None:
    odd = record("%FF%FE")
    notice = read_body(notification(odd, record(), {"eventSource": "aws:ses"}, 7))
    assert notice.announcements == (WANTED,)
    assert notice.malformed == (
        "record 0: the key '%FF%FE' is not UTF-8",
        "record 2: an event of 'aws:ses', not of S3",
        "record 3: not an object",
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "the body is not JSON"),
        ("hello", "the body is not JSON"),
        ('{"Records": [', "the body is not JSON"),
        ("[1]", "the body is JSON, but not an object"),
        ("{}", "neither an S3 notification"),
        ('{"Records": []}', "its list of Records is empty"),
        ('{"Records": {}}', "neither an S3 notification, an SNS message nor an EventBridge event (it has 'Records')"),
        ('{"Records": [{"eventSource": "aws:sqs", "body": "x"}]}', "record 0: an event of 'aws:sqs', not of S3"),
        (notification(record("")), "record 0: '' is no object key"),
        (notification(record("x" * 1025)), "is no object key"),
        (sns("Hello from SNS!"), "the body is not JSON"),
        ('{"Type": "SubscriptionConfirmation", "Message": "…"}', "an SNS SubscriptionConfirmation"),
        ('{"detail-type": "EC2 Instance", "source": "aws.ec2", "detail": {}}', "an EventBridge event of 'aws.ec2'"),
        ('{"detail-type": "Object Created", "source": "aws.s3", "detail": {}}', "an EventBridge event without an obj"),
        (sns(sns(sns(sns("{}")))), "wrapped in each other"),
        ("[" * 100_000, "the body is not JSON"),
        ('{"Records": "\ud800"}', "the body is not JSON"),
    ],
)
def test_anything_else_is_not_a_notification_and_says_why(body: str, reason: str) -> None:
    with pytest.raises(NotANotification) as caught:
        read_body(body)
    assert reason in str(caught.value)


@pytest.mark.parametrize("etag", ["a\r\nx-amz-acl: private", "e 1", "é", 'a"b'])
def test_only_what_a_header_may_carry_passes_for_an_etag(etag: str) -> None:
    with pytest.raises(NotANotification, match="is no ETag"):
        read_body(notification(record(eTag=etag)))
    with pytest.raises(NotANotification, match="is no ETag"):
        read_body(eventbridge(etag=etag))


@pytest.mark.parametrize("bucket", ["arn:aws:s3:us-east-1:123456789012:accesspoint/x", "a/b", "..", "", "b\n", 7, None])
def test_only_a_bucket_name_passes_for_one(bucket: object) -> None:
    hostile = record()
    hostile["s3"]["bucket"]["name"] = bucket
    with pytest.raises(NotANotification, match="is no bucket name"):
        read_body(notification(hostile))


@given(st.binary(max_size=200) | st.text(max_size=200) | json_values.map(json.dumps))
def test_any_body_is_a_notice_or_no_notification(body: bytes | str) -> None:
    try:
        notice = read_body(body)
    except NotANotification:
        return
    assert notice.is_test or notice.announcements or notice.ignored


@given(json_values)
def test_any_record_is_an_announcement_or_malformed(value: Any) -> None:
    notice = read_body(notification(record(), value, {"s3": value}, {"s3": {"bucket": value, "object": value}}))
    assert notice.announcements[0] == WANTED
    assert len(notice.announcements) + len(notice.ignored) + len(notice.malformed) == 4


def test_notifications_and_listings_share_one_identity() -> None:
    announced = read_body(notification(record())).announcements[0].origin()
    listed = Announcement("logs-bucket", KEY, ETAG, 4711).origin()
    assert announced.id_prefix == listed.id_prefix
    assert announced.attributes == {
        "s3": {
            "bucket": "logs-bucket",
            "key": KEY,
            "folder": KEY.rpartition("/")[0],
            "etag": ETAG,
            "size": 4711,
            "region": "eu-central-1",
            "version_id": "v1",
        }
    }


def test_two_versions_without_an_etag_have_two_identities() -> None:
    first, second = (read_body(notification(record(eTag=None, versionId=None, sequencer=s))) for s in "12")
    assert first.announcements[0].origin().digest != second.announcements[0].origin().digest


def test_origin_attributes_can_be_written_as_json() -> None:
    assert orjson.loads(orjson.dumps(dict(WANTED.origin().attributes)))["s3"]["key"] == KEY
