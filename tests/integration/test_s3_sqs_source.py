"""The source s3_sqs against moto's S3 and SQS and against ElasticMQ: what it reads, refuses, repeats and sets aside."""

from __future__ import annotations

import json
import threading
import time
from typing import Any
from urllib.parse import quote_plus

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError, EndpointConnectionError
from structlog.testing import capture_logs

from logsluice.aws.listing import Lister
from logsluice.aws.session import AwsOptions
from logsluice.components import Context
from logsluice.errors import (
    Denied,
    Missing,
    NotANotification,
    SourceFault,
    Superseded,
    Unavailable,
    UsageError,
)
from logsluice.model import Delivery, Outcome
from logsluice.sources.s3_sqs import Config, build
from logsluice.sources.s3_sqs.queue import find_queue
from logsluice.sources.s3_sqs.source import S3SqsSource
from logsluice.testing.sources import opened, receive, receive_all, uris
from tests.parts import free_port, wait_until
from tests.parts.elasticmq import ElasticMq
from tests.parts.moto_server import MotoServer

ACCOUNT_URL = "123456789012"


def source_of(queue: str | list[str], **options: Any) -> S3SqsSource:
    named = {"queue": queue} if isinstance(queue, str) else {"queues": queue}
    return build(Config.model_validate({"visibility": "2s", "retry_delay": "1s", **named, **options}), Context())


def notification(*objects: tuple[str, str, str], name: str = "ObjectCreated:Put") -> str:
    records = [
        {
            "eventSource": "aws:s3",
            "eventName": name,
            "s3": {"bucket": {"name": bucket}, "object": {"key": quote_plus(key), "size": 5, "eTag": etag}},
        }
        for bucket, key, etag in objects
    ]
    return json.dumps({"Records": records})


def content(delivery: Delivery) -> list[bytes]:
    found = []
    for payload in delivery.payloads:
        with payload.open() as stream:
            found.append(stream.read())
    return found


def client_of(source: S3SqsSource) -> Any:
    return source._buckets.of("logs").client("", source._queues[0].region)


class Aws:
    """An emulated account with one bucket and one queue."""

    def __init__(self, server: MotoServer) -> None:
        self.server = server
        self.s3, self.sqs = server.client("s3"), server.client("sqs")
        self.sns, self.events = server.client("sns"), server.client("events")
        self.s3.create_bucket(Bucket="logs")
        self.queue: str = self.sqs.create_queue(QueueName="log-events")["QueueUrl"]
        self.arn = "arn:aws:sqs:us-east-1:123456789012:log-events"

    def put(self, key: str, body: bytes = b"line\n") -> str:
        etag: str = self.s3.put_object(Bucket="logs", Key=key, Body=body)["ETag"].strip('"')
        return etag

    def send(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)

    def in_queue(self) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(attributes[name]) for name in names)

    def notify(self, **configuration: Any) -> None:
        self.s3.put_bucket_notification_configuration(Bucket="logs", NotificationConfiguration=configuration)


@pytest.fixture
def account(aws: MotoServer) -> Aws:
    return Aws(aws)


@pytest.fixture
def real(elasticmq: ElasticMq, sqs_queue: str, aws_environment: None) -> tuple[Any, str]:
    """A client of ElasticMQ and the URL of a fresh queue in it."""
    return elasticmq.client(), sqs_queue


# ------------------------------------------------------------------------------------------- what is announced


def read_one(account: Aws, key: str) -> None:
    """The next message but S3's test event announces just this object."""
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        found = [delivery for delivery in receive_all(source, account.in_queue()) if delivery.payloads]
        (delivery,) = found
        assert uris(delivery) == [f"s3://logs/{key}"]
        assert content(delivery) == [b"line\n"]


ODD_KEY = "app/a b+c/ünï%41.log"


def test_a_notification_of_s3_itself_leads_to_the_object(account: Aws) -> None:
    account.notify(QueueConfigurations=[{"QueueArn": account.arn, "Events": ["s3:ObjectCreated:*"]}])
    account.put(ODD_KEY)
    read_one(account, ODD_KEY)


@pytest.mark.parametrize("raw", ["false", "true"])
def test_a_notification_through_sns_leads_to_the_object(account: Aws, raw: str) -> None:
    topic = account.sns.create_topic(Name="log-events")["TopicArn"]
    delivery = {"RawMessageDelivery": raw}
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=account.arn, Attributes=delivery)
    account.notify(TopicConfigurations=[{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}])
    account.put(ODD_KEY)
    read_one(account, ODD_KEY)


def test_an_event_of_eventbridge_leads_to_the_object(account: Aws) -> None:
    account.events.put_rule(Name="logs", EventPattern='{"source": ["aws.s3"], "detail-type": ["Object Created"]}')
    account.events.put_targets(Rule="logs", Targets=[{"Id": "queue", "Arn": account.arn}])
    account.notify(EventBridgeConfiguration={})
    account.put(ODD_KEY)
    read_one(account, ODD_KEY)


def test_all_records_of_a_message_are_one_delivery(account: Aws) -> None:
    objects = [("logs", f"{number}.log", account.put(f"{number}.log", b"%d" % number)) for number in range(5)]
    account.send(notification(*objects))
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        (delivery,) = receive(source)
        assert content(delivery) == [b"0", b"1", b"2", b"3", b"4"]
        source.settle(delivery, Outcome.DELIVERED)
    assert account.in_queue() == 0


def test_what_announces_nothing_is_acknowledged_and_counted(account: Aws) -> None:
    account.send('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "logs"}')
    account.send(notification(("logs", "gone.log", "e"), name="ObjectRemoved:Delete"))
    with opened(source_of(account.queue)) as source:
        for delivery in receive_all(source, 2):
            assert (delivery.payloads, delivery.rejects, delivery.fault) == ([], [], None)
            source.settle(delivery, Outcome.DELIVERED)
        assert source.counters.total("test_events") == 1
        assert source.counters.by_label("ignored_events") == {"ObjectRemoved:Delete": 1}
    assert account.in_queue() == 0


def test_a_body_that_is_no_notification_is_for_the_policies_with_its_text(account: Aws) -> None:
    account.send("hello, queue")
    with opened(source_of(account.queue)) as source:
        (delivery,) = receive(source)
        assert isinstance(delivery.fault, NotANotification)
        (reject,) = delivery.rejects
        assert (reject.excerpt, reject.length, reject.position, reject.stage) == (b"hello, queue", 12, -1, "source")
        assert reject.origin is not None
        assert reject.origin.uri.startswith("sqs://log-events/")


def test_a_record_without_an_object_is_a_reject_beside_its_neighbours(account: Aws) -> None:
    body = json.loads(notification(("logs", "a.log", account.put("a.log"))))
    body["Records"].append({"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"})
    account.send(json.dumps(body))
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        (delivery,) = receive(source)
        assert uris(delivery) == ["s3://logs/a.log"]
        assert [reject.reason for reject in delivery.rejects] == ["record 1: no 's3' in it"]


# ------------------------------------------------------------------------------------------ what may be read


def test_only_buckets_and_prefixes_of_the_configuration_are_read(account: Aws) -> None:
    wanted = [("logs", "a/1", "e"), ("other", "x", "e")]
    refused = [("logs", "b/1", "e"), ("strange", "a/1", "e"), ("logs2", "a/1", "e")]
    account.send(notification(*wanted, *refused))
    with opened(source_of(account.queue, buckets=["s3://logs/a/", "other"])) as source:
        (delivery,) = receive(source)
        assert uris(delivery) == ["s3://logs/a/1", "s3://other/x"]
        assert [reject.origin.uri for reject in delivery.rejects if reject.origin] == [
            "s3://logs/b/1",
            "s3://strange/a/1",
            "s3://logs2/a/1",
        ]
        assert all(reject.truncated and "`buckets`" in reject.reason for reject in delivery.rejects)


def test_without_buckets_the_owner_of_the_queue_must_own_the_bucket(account: Aws) -> None:
    account.send(notification(("logs", "a.log", account.put("a.log"))))
    with opened(source_of(account.queue)) as source:
        asked: list[str] = []
        client_of(source).meta.events.register(
            "before-send.s3.GetObject",
            lambda request, **_: asked.append(request.headers["x-amz-expected-bucket-owner"].decode()),
            unique_id="owner",
        )
        (delivery,) = receive(source)
        assert content(delivery) == [b"line\n"]
    assert asked == [ACCOUNT_URL]


def test_keys_are_chosen_by_patterns_and_others_acknowledged_unread(account: Aws) -> None:
    keys = ("app/1.log", "app/1.tmp", "web/1.log")
    account.send(notification(*(("logs", key, "e") for key in keys)))
    with opened(source_of(account.queue, include_keys=r"\.log$", exclude_keys="^web/")) as source:
        (delivery,) = receive(source)
        assert uris(delivery) == ["s3://logs/app/1.log"]
        assert not delivery.rejects
        assert source.counters.total("unwanted_objects") == 2


# ------------------------------------------------------------------------------------- objects that are not there


def test_an_object_that_was_replaced_is_superseded_and_the_newer_one_is_read(account: Aws) -> None:
    account.send(notification(("logs", "a.log", account.put("a.log", b"older"))))
    account.send(notification(("logs", "a.log", account.put("a.log", b"newer"))))
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        deliveries = receive_all(source, 2)
        results = [outcome_of(delivery) for delivery in deliveries]
    assert sorted(results, key=str) == [Superseded, [b"newer"]]


def test_a_deleted_object_is_missing(account: Aws) -> None:
    account.send(notification(("logs", "a.log", account.put("a.log"))))
    account.s3.delete_object(Bucket="logs", Key="a.log")
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        assert [outcome_of(delivery) for delivery in receive(source)] == [Missing]


def test_a_403_is_a_denial_where_the_bucket_can_be_listed(account: Aws) -> None:
    account.send(notification(("logs", "a.log", account.put("a.log"))))
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::logs/*"}
    account.s3.put_bucket_policy(Bucket="logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        assert [outcome_of(delivery) for delivery in receive(source)] == [Denied]


def outcome_of(delivery: Delivery) -> object:
    """The content, or the class of the fault."""
    try:
        return content(delivery)
    except SourceFault as fault:
        return type(fault)


def test_a_listing_gives_the_ids_that_notifications_give(account: Aws) -> None:
    etag = account.put("app/1.log")
    account.put("app/folder/", b"")
    account.put("web/1.log")
    account.send(notification(("logs", "app/1.log", etag)))
    with opened(source_of(account.queue, buckets=["logs"])) as source:
        (delivery,) = receive(source)
    listed, folder = Lister(AwsOptions().client("s3"), "logs").page("app/").objects
    assert listed.found.origin().id_of(7) == delivery.payloads[0].origin.id_of(7)
    assert (listed.found.size, folder.found.size) == (5, 0)


def test_a_bucket_that_can_not_be_listed_is_one_sentence(account: Aws) -> None:
    with pytest.raises(UsageError, match="can't list s3://nowhere/a: NoSuchBucket"):
        Lister(AwsOptions().client("s3"), "nowhere").page("a")


# ---------------------------------------------------------------------------- visibility, retries, deletions


def test_messages_are_deleted_in_batches_and_without_waiting_for_a_long_neighbour(real: tuple[Any, str]) -> None:
    sqs, queue = real
    for number in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", f"{number}", "e")))
    with opened(source_of(queue)) as source:
        first, second, long_one = receive_all(source, 3)
        source.settle(first, Outcome.DELIVERED)
        source.settle(second, Outcome.REJECTED)
        assert wait_until(lambda: hidden(sqs, queue) == 1), "the two were not deleted by themselves"
        source.settle(long_one, Outcome.DELIVERED)


def hidden(sqs: Any, queue: str) -> int:
    name = "ApproximateNumberOfMessagesNotVisible"
    return int(sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=[name])["Attributes"][name])


def test_each_retry_waits_longer_up_to_a_limit(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    account.send(notification(("logs", "a", "e")))
    with opened(source_of(account.queue, retry_delay="30s", retry_delay_max="100s")) as source:
        (delivery,) = receive(source)
        delays: list[float] = []
        monkeypatch.setattr(
            "logsluice.sources.s3_sqs.queue.Queue.change_visibility", lambda _, message, delay: delays.append(delay)
        )
        for count in range(1, 5):
            delivery.handle.receive_count = count
            source.settle(delivery, Outcome.RETRY)
        assert delays == [30, 60, 100, 100]
        monkeypatch.undo()


def test_a_message_that_was_lost_can_not_be_extended(real: tuple[Any, str]) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "a", "e")))
    with opened(source_of(queue)) as source:
        (delivery,) = receive(source)
        assert source.extend(delivery)
        sqs.purge_queue(QueueUrl=queue)
        assert not source.extend(delivery)


def test_a_message_is_given_up_before_twelve_hours(account: Aws) -> None:
    account.send(notification(("logs", "a", "e")))
    with opened(source_of(account.queue)) as source:
        (delivery,) = receive(source)
        assert source.extend(delivery)
        delivery.handle.received_at -= 12 * 3600 - 59
        assert not source.extend(delivery)


def test_several_queues_are_served_in_turn(real: tuple[Any, str]) -> None:
    sqs, busy = real
    quiet = sqs.create_queue(QueueName=busy.rpartition("/")[2] + "-quiet")["QueueUrl"]
    for number in range(30):
        sqs.send_message(QueueUrl=busy, MessageBody=notification(("logs", f"busy/{number}", "e")))
    sqs.send_message(QueueUrl=quiet, MessageBody=notification(("logs", "quiet", "e")))
    with opened(source_of([busy, quiet], visibility="20s")) as source:
        early = [uri for _ in range(2) for delivery in receive(source) for uri in uris(delivery)]
        assert "s3://logs/quiet" in early


def test_a_queue_that_fails_does_not_keep_the_others_from_being_read(account: Aws) -> None:
    broken = account.sqs.create_queue(QueueName="broken")["QueueUrl"]
    account.send(notification(("logs", "a", "e")))
    with opened(source_of([broken, account.queue])) as source:
        account.sqs.delete_queue(QueueUrl=broken)
        assert [uris(delivery) for delivery in source.receive(1)] == [["s3://logs/a"]]


# ------------------------------------------------------------------------------------------ messages that fail


def test_a_suspicious_message_is_handed_out_alone(real: tuple[Any, str]) -> None:
    sqs, queue = real
    for key in ("bad/1", "bad/2"):
        sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", key, "e")))
    with opened(source_of(queue, isolate_after=1, visibility="3s", retry_delay="0s")) as source:
        for delivery in receive_all(source, 2):
            source.settle(delivery, Outcome.RETRY)
        for key in ("good/1", "good/2"):
            sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", key, "e")))
        batches = [[uri for delivery in receive(source) for uri in uris(delivery)] for _ in range(3)]
        assert sorted(len(batch) for batch in batches) == [1, 1, 2]
        assert [batch for batch in batches if len(batch) == 2] == [["s3://logs/good/1", "s3://logs/good/2"]]


def test_held_messages_stay_ours_by_the_heartbeat_of_the_one_in_work(real: tuple[Any, str]) -> None:
    sqs, queue = real
    for number in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", str(number), "e")))
    with opened(source_of(queue, isolate_after=1, retry_delay="0s")) as source:
        for delivery in receive_all(source, 3):
            source.settle(delivery, Outcome.RETRY)
        (working,) = receive(source)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            assert source.extend(working)
            time.sleep(0.5)
        rest = [receive(source), receive(source)]
        assert [[found.receive_count for found in batch] for batch in rest] == [[2], [2]]


def fail_repeatedly(source: S3SqsSource, times: int) -> None:
    for count in range(1, times + 1):
        (delivery,) = receive(source)
        assert (delivery.receive_count, len(delivery.payloads), delivery.rejects) == (count, 1, [])
        source.settle(delivery, Outcome.RETRY)


def test_a_message_received_too_often_is_put_aside_by_reference(real: tuple[Any, str]) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "2026/01/31/poison", "e1")))
    with opened(source_of(queue, quarantine_after=3, retry_delay="0s")) as source:
        fail_repeatedly(source, 3)
        (delivery,) = receive(source)
        assert (delivery.payloads, delivery.fault) == ((), None)
        (reject,) = delivery.rejects
        assert reject.origin is not None
        assert (reject.origin.uri, reject.origin.version) == ("s3://logs/2026/01/31/poison", "e1")
        assert reject.truncated, "a replay must read the object again"
        assert reject.reason == "quarantined: received 4 times and never used up"
        source.settle(delivery, Outcome.REJECTED)
    assert hidden(sqs, queue) == 0


def test_what_processes_gave_back_at_their_end_is_tried_by_the_next_but_not_for_ever(real: tuple[Any, str]) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "a", "e1")))
    tries: list[tuple[int, list[str]]] = []
    while not (tries and tries[-1][1]):
        with opened(source_of(queue, quarantine_after=2, retry_delay="0s")) as source:
            (delivery,) = receive(source)
            tries.append((delivery.receive_count, [reject.reason for reject in delivery.rejects]))
            source.settle(delivery, Outcome.RETRY)
    aside = "quarantined: received 7 times and never used up"
    assert tries == [*((count, []) for count in range(1, 7)), (7, [aside])]


def test_a_message_that_others_gave_back_is_put_aside_when_it_fails_here(real: tuple[Any, str]) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "a", "e1")))
    for _ in range(3):
        with opened(source_of(queue, quarantine_after=2, retry_delay="0s")) as source:
            source.settle(receive(source)[0], Outcome.RETRY)
    with opened(source_of(queue, quarantine_after=2, retry_delay="0s")) as source:
        (delivery,) = receive(source)
        assert not delivery.rejects
        source.settle(delivery, Outcome.RETRY)
        (delivery,) = receive(source)
        assert [reject.reason for reject in delivery.rejects] == ["quarantined: received 5 times and never used up"]


def test_a_message_is_put_aside_before_the_queues_own_limit(real: tuple[Any, str]) -> None:
    sqs, queue = real
    dead = sqs.create_queue(QueueName=queue.rpartition("/")[2] + "-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"RedrivePolicy": policy})
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "poison", "e1")))
    with opened(source_of(queue, retry_delay="0s")) as source:
        fail_repeatedly(source, 2)
        (delivery,) = receive(source)
        assert [reject.reason for reject in delivery.rejects] == ["quarantined: received 3 times and never used up"]


def test_what_is_put_aside_does_not_wait_behind_a_message_that_may_kill_us(real: tuple[Any, str]) -> None:
    sqs, queue = real
    options = {"isolate_after": 1, "quarantine_after": 2, "retry_delay": "0s"}
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "spent", "e")))
    with opened(source_of(queue, **options)) as source:
        fail_repeatedly(source, 1)
        sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "killer", "e")))
        for delivery in sorted(receive_all(source, 2), key=uris):  # the killer comes back first
            source.settle(delivery, Outcome.RETRY)
        (first,) = receive(source)
        assert [reject.reason for reject in first.rejects] == ["quarantined: received 3 times and never used up"]
        (second,) = receive(source)
        assert uris(second) == ["s3://logs/killer"]


def test_a_body_that_is_no_notification_does_not_come_back_for_ever(real: tuple[Any, str]) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    with opened(source_of(queue, quarantine_after=1, retry_delay="0s")) as source:
        (delivery,) = receive(source)
        source.settle(delivery, Outcome.RETRY)
        (delivery,) = receive(source)
        assert delivery.fault is None
        assert [reject.excerpt for reject in delivery.rejects] == [b"{}"]


# ------------------------------------------------------------------------------------------------ permissions


def deny(monkeypatch: pytest.MonkeyPatch, *actions: str) -> list[str]:
    """AWS's answer to what no policy allows, which no emulator gives here; returns all calls that were made."""
    calls: list[str] = []
    name = "_make_api_call"
    real_call = getattr(BaseClient, name)

    def call(client: Any, action: str, arguments: dict[str, Any]) -> Any:
        calls.append(action)
        if action in actions:
            answer: Any = {
                "Error": {"Code": "AccessDenied", "Message": f"not authorized to perform: sqs:{action}"},
                "ResponseMetadata": {"HTTPStatusCode": 403},
            }
            raise ClientError(answer, action)
        return real_call(client, action, arguments)

    monkeypatch.setattr(BaseClient, name, call)
    return calls


def test_without_the_permission_to_extend_there_is_one_warning_and_a_longer_visibility(
    real: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, queue = real
    for number in range(2):
        sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", str(number), "e")))
    source = source_of(queue, visibility="1s", visibility_without_heartbeat="4s")
    calls = deny(monkeypatch, "ChangeMessageVisibility")
    with capture_logs() as logs, opened(source):
        first, second = receive_all(source, 2)
        assert source.visibility == 4
        assert source.extend(first)
        assert source.extend(second)
        source.settle(first, Outcome.RETRY)
        time.sleep(1.5)
        assert source.receive(0) == [], "the receive call did not ask for the longer visibility"
        source.settle(second, Outcome.DELIVERED)
    assert [entry["do"] for entry in logs if "do" in entry] == ["grant sqs:ChangeMessageVisibility"]
    assert calls.count("ChangeMessageVisibility") == 1


def test_receive_and_delete_are_the_only_permissions_that_are_needed(
    real: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "a", "e")))
    source = source_of(queue, visibility_without_heartbeat="30s")
    calls = deny(monkeypatch, "ChangeMessageVisibility", "GetQueueAttributes", "GetQueueUrl", "ListQueues")
    with opened(source):
        (delivery,) = receive(source)
        source.settle(delivery, Outcome.DELIVERED)
    assert set(calls) == {"GetQueueAttributes", "ChangeMessageVisibility", "ReceiveMessage", "DeleteMessageBatch"}


def test_a_queue_that_denies_to_receive_is_one_sentence(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    source = source_of(account.queue)
    deny(monkeypatch, "ReceiveMessage", "GetQueueAttributes")
    with pytest.raises(UsageError, match="the queue log-events denies us to receive: not authorized") as caught:
        source.open()
    assert caught.value.hint == "grant sqs:ReceiveMessage and sqs:DeleteMessage on it to this role or user"


def test_deletions_that_fail_for_a_moment_are_tried_again(
    real: tuple[Any, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs, queue = real
    sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "a", "e")))
    with opened(source_of(queue)) as source:
        (delivery,) = receive(source)
        with monkeypatch.context() as denied:
            deny(denied, "DeleteMessageBatch")
            source.settle(delivery, Outcome.DELIVERED)
            source.flush()
        assert wait_until(lambda: hidden(sqs, queue) == 0)


def test_a_role_is_assumed_for_every_call(account: Aws) -> None:
    iam = account.server.client("iam")
    arn = iam.create_role(RoleName="reader", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    account.send(notification(("logs", "a.log", account.put("a.log"))))
    with opened(source_of(account.queue, aws={"role_arn": arn, "external_id": "our-id"})) as source:
        (delivery,) = receive(source)
        assert content(delivery) == [b"line\n"]
        assert client_of(source)._request_signer._credentials.method == "assume-role"


# ---------------------------------------------------------------------------------------------- errors at open


def refusal(queue: str, **options: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        source_of(queue, **options).open()
    assert "\n" not in str(caught.value)
    return caught.value


def test_a_queue_may_be_given_by_its_name(account: Aws) -> None:
    account.send(notification(("logs", "a", "e")))
    with opened(source_of("log-events")) as source:
        assert len(receive(source)) == 1


def test_a_missing_queue_is_one_sentence_with_the_near_match(account: Aws) -> None:
    sentence = "there is no queue log-event in us-east-1; did you mean 'log-events'?"
    assert str(refusal("log-event")) == sentence
    assert str(refusal(account.queue.removesuffix("s"))) == sentence


def test_a_fifo_queue_is_refused_by_name(account: Aws) -> None:
    with pytest.raises(ValueError, match="FIFO queue: S3 can't notify these"):
        source_of("https://sqs.us-east-1.amazonaws.com/123456789012/logs.fifo")


def test_an_unreachable_queue_is_one_sentence(aws_environment: None) -> None:
    said = refusal(f"http://127.0.0.1:{free_port()}/123456789012/logs")
    assert "Could not connect to the endpoint URL" in str(said)
    assert "check the region, the endpoint" in said.hint


def test_a_queue_of_an_unknown_account_needs_the_buckets_named(account: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"{account.server.url}/queue/log-events"
    deny(monkeypatch, "GetQueueAttributes")
    said = refusal(url)
    assert str(said).startswith("the queue log-events does not say which account owns it")
    assert said.hint == "list the `buckets` that may be read"
    with opened(source_of(url, buckets=["logs"])) as source:
        assert source.receive(0) == []


def test_the_region_is_read_from_the_queues_url(aws_environment: None) -> None:
    for url, region in {
        "https://sqs.eu-central-1.amazonaws.com/123456789012/logs": "eu-central-1",
        "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/logs": "cn-north-1",
        "https://eu-west-2.queue.amazonaws.com/123456789012/logs": "eu-west-2",
        "https://vpce-1-2.sqs.us-gov-west-1.vpce.amazonaws.com/123456789012/logs": "us-gov-west-1",
    }.items():
        queue = find_queue(url, AwsOptions())
        assert (queue.client.meta.region_name, queue.account, queue.name) == (region, "123456789012", "logs")


def test_an_outage_of_the_queue_is_unavailable_and_passes(elasticmq: ElasticMq, real: tuple[Any, str]) -> None:
    sqs, queue = real
    with opened(source_of(queue)) as source:
        source._queues[0].client.meta.events.register("before-send.sqs", _unreachable, unique_id="outage")
        with pytest.raises(Unavailable, match="can't receive from the queue queue-"):
            source.receive(1)
        source._queues[0].client.meta.events.unregister("before-send.sqs", unique_id="outage")
        sqs.send_message(QueueUrl=queue, MessageBody=notification(("logs", "a", "e")))
        assert len(receive(source)) == 1


def _unreachable(request: Any, **_: Any) -> None:
    raise EndpointConnectionError(endpoint_url=request.url)


# -------------------------------------------------------------------------------------------- several workers


def test_workers_share_a_queue_without_losing_or_doubling(real: tuple[Any, str]) -> None:
    sqs, queue = real
    supplied = {f"s3://logs/{number}" for number in range(60)}
    for start in range(0, 60, 10):
        entries = [{"Id": str(n), "MessageBody": notification(("logs", str(n), "e"))} for n in range(start, start + 10)]
        sqs.send_message_batch(QueueUrl=queue, Entries=entries)
    seen: list[str] = []
    with opened(source_of(queue, visibility="30s")) as source:

        def work() -> None:
            while batch := source.receive(1):
                for delivery in batch:
                    seen.extend(uris(delivery))
                    source.settle(delivery, Outcome.DELIVERED)

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert sorted(seen) == sorted(supplied)
    assert hidden(sqs, queue) == 0
