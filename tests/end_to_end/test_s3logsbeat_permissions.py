"""S3logsbeat's own IAM policy is enough: every call that the program makes under exactly that."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cloud import Cloud
from tests.end_to_end.least_policy import (
    HEARTBEAT,
    LIST,
    NO_HEARTBEAT,
    NO_VERSIONS,
    PROBES,
    Account,
    grants,
    least,
    put,
    without_polls,
)
from tests.end_to_end.recording_proxy import RecordingProxy
from tests.end_to_end.test_s3logsbeat import IMPORT, LIVE
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch

RECEIVE, DELETE, READ = "sqs:ReceiveMessage", "sqs:DeleteMessage", "s3:GetObject"


@pytest.fixture
def account(aws: MotoServer, clean_opensearch: OpenSearch, tmp_path: Path) -> Iterator[Account]:
    cloud = Cloud(aws, visibility=30)
    cloud.sqs.purge_queue(QueueUrl=cloud.queue)  # of s3:TestEvent
    (tmp_path / "s3logsbeat.yml").write_text(LIVE % {"format": "alb", "beat": "false"})
    with RecordingProxy(aws) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        yield Account(cloud, proxy, tmp_path, clean_opensearch)
        cloud.end_all()
        proxy.shutdown()
        thread.join()


def test_001_11_the_three_actions_of_the_sample_policy_are_enough(account: Account) -> None:
    objects, traces = put(account.cloud, 11)
    with account.user(*least()) as user:
        warned = account.once(user)
    assert account.traces == traces
    assert account.cloud.left() == 0
    assert account.dead == []
    assert without_polls(account.proxy.outcomes) == {
        **PROBES,
        (RECEIVE, True): 1,
        (DELETE, True): 1,
        (READ, True): 11,
    }
    assert account.proxy.needed == {
        "sqs:GetQueueAttributes": {"logs"},
        "sqs:ChangeMessageVisibility": {"logs"},
        RECEIVE: {"logs"},
        DELETE: {"logs"},
        READ: objects,
    }
    assert [(entry["event"], entry["queue"], entry["do"]) for entry in warned] == [
        (NO_HEARTBEAT, "logs", "grant sqs:ChangeMessageVisibility")
    ]


def test_001_11_with_changemessagevisibility_there_is_a_heartbeat_and_no_warning(account: Account) -> None:
    _, traces = put(account.cloud, 1)
    account.proxy.extensions_before_reads = 4  # two visibilities and more, the probe included
    with account.user(*least(), HEARTBEAT) as user, account.running(user, visibility="2s") as log:
        account.proxy.wait_until_deleted(1)
    assert account.traces == traces
    assert set(account.proxy.received.values()) == {1}
    assert grants(log.read_text()) == []
    denied = {action for action, is_allowed in account.proxy.outcomes if not is_allowed}
    assert denied == {"sqs:GetQueueAttributes"}


def announce(account: Account, place: str, **more: str) -> None:
    """As S3 announces an object; moto leaves its version out."""
    bucket, _, key = place.partition("/")
    found = account.cloud.s3.head_object(Bucket=bucket, Key=key, **more)
    entity = {"key": key, "size": found["ContentLength"], "eTag": found["ETag"].strip('"')}
    if "VersionId" in found:
        entity["versionId"] = found["VersionId"]
    about = {"bucket": {"name": bucket}, "object": entity}
    event = {"eventSource": "aws:s3", "awsRegion": "us-east-1", "eventName": "ObjectCreated:Put", "s3": about}
    account.cloud.send({"Records": [event]})


@pytest.fixture
def versioned(account: Account) -> list[str]:
    """A bucket with versions: one that was replaced, and three; all are announced. The traces of the latest."""
    cloud = account.cloud
    cloud.s3.put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    cloud.announce(False)
    cloud.put("prod-shop/00.log.gz", b"replaced before it is read\n")
    announce(account, "logs/prod-shop/00.log.gz")
    objects, traces = put(cloud, 3)
    for place in sorted(objects):
        announce(account, place)
    return traces


def test_001_11_objects_of_a_versioned_bucket_are_not_asked_for_by_version(
    account: Account, versioned: list[str]
) -> None:
    with account.user(*least()) as user:
        account.once(user)
    assert account.traces == versioned
    assert (account.cloud.left(), account.dead) == (0, [])
    assert without_polls(account.proxy.outcomes) == {
        **PROBES,
        (RECEIVE, True): 1,
        (DELETE, True): 1,
        (READ, True): 4,
    }


def test_001_11_a_version_that_may_not_be_read_is_asked_for_once(account: Account, versioned: list[str]) -> None:
    with account.user(*least()) as user, account.running(user, all_versions=True) as log:
        account.proxy.wait_until_deleted(4)
    assert account.traces == versioned
    assert (account.cloud.left(), account.dead) == (0, [])
    assert account.proxy.outcomes["s3:GetObjectVersion", False] == 1
    assert account.proxy.outcomes["s3:GetObjectVersion", True] == 0
    assert grants(log.read_text()) == [
        (NO_HEARTBEAT, "grant sqs:ChangeMessageVisibility"),
        (NO_VERSIONS, "grant s3:GetObjectVersion"),
    ]


def test_001_11_a_missing_object_which_s3_does_not_tell_from_a_denied_one_is_not_deleted_silently(
    account: Account,
) -> None:
    put(account.cloud, 1)
    account.cloud.s3.delete_object(Bucket="logs", Key="prod-shop/00.log.gz")
    account.proxy.hides_missing = True
    with account.user(*least()) as user, account.running(user, visibility_without_heartbeat="2s"):
        account.proxy.wait_until_deleted(1)
    done = [(call.action, call.status) for call in account.proxy.calls if call.action in {READ, DELETE}]
    assert done == [(READ, 403)] * 3 + [(DELETE, 200)]
    assert account.proxy.needed.keys() == {*(action for action, _ in PROBES), RECEIVE, DELETE, READ}
    (reason,) = account.dead
    assert "not authorized to perform: s3:ListBucket" in reason
    assert (account.traces, account.cloud.left()) == ([], 0)


def test_001_11_objects_of_a_bucket_that_the_policy_does_not_name_are_put_aside(account: Account) -> None:
    account.cloud.s3.create_bucket(Bucket="other")
    foreign, _ = put(account.cloud, 2, "other")
    for place in sorted(foreign):
        announce(account, place)
    _, traces = put(account.cloud, 1)
    with account.user(*least()) as user, account.running(user, visibility_without_heartbeat="2s"):
        account.proxy.wait_until_deleted(3)
    assert account.traces == traces
    assert account.cloud.left() == 0
    hint = "(if the bucket belongs to another account than 123456789012, list it and the others in `buckets`)"
    assert account.dead == [f"s3://{place}: AccessDenied: Access Denied {hint}" for place in sorted(foreign)]
    assert account.proxy.needed[READ] == {"logs/prod-shop/00.log.gz", *foreign}
    assert {n: t for n, t in account.proxy.outcomes.items() if not n[1]} == {
        **PROBES,
        (READ, False): 6,
        ("s3:ListBucket", False): 1,
    }


def test_001_11_an_import_needs_to_list_and_to_read_and_nothing_else(account: Account) -> None:
    (account.folder / "config.yml").write_text(IMPORT % {"bucket": "logs", "prefix": "prod-shop"})
    objects, traces = put(account.cloud, 5)
    _, read = least()
    with account.user(read, LIST) as user:
        account.run(user, "s3imports", "-c", "config.yml")
    assert account.traces == traces
    assert account.proxy.needed == {"s3:ListBucket": {"logs"}, READ: objects}
    assert all(is_allowed for _, is_allowed in account.proxy.outcomes)


def test_001_11_an_import_that_may_not_list_says_which_permission_is_missing(account: Account) -> None:
    inputs, _, output = (IMPORT % {"bucket": "logs", "prefix": "prod-shop"}).partition("    - type: sqs")
    (account.folder / "config.yml").write_text(inputs + output.partition("alb\n")[2])
    put(account.cloud, 1)
    with account.user(*least()) as user:
        said = account.run(user, "s3imports", "-c", "config.yml", code=1)
        checked = account.check(user, "config.yml")
    denied = "can't list s3://logs/prod-shop: access denied (Access Denied)"
    hint = "grant s3:ListBucket on the bucket itself to this role or user"
    assert said == f"error: {denied}\n  {hint}\n"
    assert checked == (2, [("error", "s3logsbeat.inputs[0]", f"{denied}; {hint}")])
    assert account.proxy.outcomes == {("s3:ListBucket", False): 2}


def test_001_11_check_warns_of_what_is_not_allowed_and_not_needed(account: Account) -> None:
    with account.user(*least()) as user:
        checked = account.check(user, "s3logsbeat.yml")
    place = "s3logsbeat.inputs[0].queues_url"
    assert checked == (
        0,
        [
            (
                "warning",
                place,
                "logs: sqs:GetQueueAttributes is not allowed, so redrive and retention can't be checked",
            ),
            (
                "warning",
                place,
                (
                    "logs: sqs:ChangeMessageVisibility is not allowed: messages are received for 1800 s, and one that"
                    " fails waits that long"
                ),
            ),
        ],
    )
    assert account.proxy.outcomes == PROBES
