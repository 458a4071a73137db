"""Every class of `on:`, produced by a real service or by real bytes, under each of the four policies."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from logsluice.aws.session import forget_clients
from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.delivery.policies import DEFAULTS, PAUSE_THRESHOLD
from logsluice.hosts.daemon import Daemon, Service
from tests.end_to_end.cloud import Cloud, alb_line
from tests.parts import wait_until
from tests.parts.moto_server import CREDENTIALS, MotoServer

ACTIONS = ("discard", "retry", "dead_letter", "pause")
BOMB = gzip.compress((b" " * ((1 << 20) - 1) + b"\n") * 66, 9)
"""66 MiB in 64 KiB: past the size from which growth is looked at."""

GOOD = gzip.compress((alb_line(1) + "\n").encode())


@dataclass(frozen=True)
class Fault:
    """How a class of faults comes about.

    Attributes:
        make: Puts one object (by its number) that ends so, or sends such a message.
        reason: What the dead letter says of it.
        of_bucket: Whether `pause` can rest the bucket: the fault is of an object as a whole.
    """

    make: Callable[[Cloud, int], None]
    reason: str
    of_bucket: bool = True


def key(number: int) -> str:
    return f"alb/2026/01/31/{number}.log.gz"


def missing(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), GOOD)
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=key(number))


def superseded(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), GOOD)
    cloud.announce(False)
    cloud.put(key(number), gzip.compress(b"something newer\n"))
    cloud.announce(True)


def corrupt(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), gzip.compress(alb_line(number).encode() * 50)[:-40])


def too_large(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), BOMB + gzip.compress(b"%d\n" % number))


def archived(cloud: Cloud, number: int) -> None:
    cloud.s3.put_object(Bucket=cloud.bucket, Key=key(number), Body=GOOD, StorageClass="GLACIER")


def unparsable(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), f"no line of a load balancer {number}\n".encode())


def not_a_notification(cloud: Cloud, number: int) -> None:
    cloud.send({"hello": number})


def denied(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), GOOD)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{cloud.bucket}/*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    cloud.s3.put_bucket_policy(Bucket=cloud.bucket, Policy=policy)


def missing_or_denied(cloud: Cloud, number: int) -> None:
    cloud.put(key(number), GOOD)


FAULTS = {
    "missing": Fault(missing, "does not exist"),
    "denied": Fault(denied, "403: Forbidden"),
    "missing_or_denied": Fault(missing_or_denied, "Access Denied"),
    "corrupt": Fault(corrupt, "gzip"),
    "superseded": Fault(superseded, "replaced"),
    "too_large": Fault(too_large, "times as much"),
    "archived": Fault(archived, "archive"),
    "unparsable": Fault(unparsable, "columns", of_bucket=False),
    "not_a_notification": Fault(not_a_notification, "neither an S3 notification", of_bucket=False),
}


def test_every_declared_class_is_produced_here() -> None:
    assert FAULTS.keys() == DEFAULTS.keys()


@pytest.fixture(scope="module")
def blind_user(moto_server: MotoServer) -> Callable[[], dict[str, str]]:
    """Makes a user who may use queues and nothing in S3: neither the object nor the listing that would tell."""

    def make() -> dict[str, str]:
        iam = moto_server.client("iam")
        iam.create_user(UserName="blind")
        statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.put_user_policy(UserName="blind", PolicyName="queues", PolicyDocument=policy)
        made = iam.create_access_key(UserName="blind")["AccessKey"]
        return {"AWS_ACCESS_KEY_ID": made["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": made["SecretAccessKey"]}

    return make


@contextmanager
def running(cloud: Cloud, folder: Path, kind: str, action: str) -> Iterator[Service]:
    """The pipeline under one policy, at work beside the test."""
    (service,) = assemble(
        load_text(
            json.dumps(
                {
                    "pipelines": [
                        {
                            "source": {
                                "type": "s3_sqs",
                                "queue": cloud.queue,
                                "wait_seconds": 0,
                                "retry_delay": "20s",
                                "isolate_after": 100,
                            },
                            "format": "alb",
                            "outputs": [{"store": {"path": str(folder / "store")}}],
                            "dead_letter": str(folder / "dead-letter"),
                            "on": {"unparsable": "discard", kind: action},
                            "limits": {"expansion": 100},
                        }
                    ]
                }
            )
        )
    )
    daemon = Daemon([service], shutdown_timeout=5)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        yield service
    finally:
        daemon.stop()
        thread.join(30)
        assert not thread.is_alive()


def rejects(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for file in sorted(folder.glob("dead-letter/**/*"))
        if file.is_file()
        for line in (gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()).splitlines()
    ]


def outcomes(service: Service) -> dict[str, int]:
    return service.pipeline.counters.by_label("deliveries")


def outcomes_of_test_events(kind: str) -> int:
    """`s3:TestEvent` comes each time that a bucket is told to notify a queue."""
    return 2 if kind == "superseded" else 1


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_meets_its_policy(
    kind: str,
    action: str,
    aws: MotoServer,
    blind_user: Callable[[], dict[str, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cloud, fault = Cloud(aws, visibility=30), FAULTS[kind]
    pauses = action == "pause" and fault.of_bucket
    made = PAUSE_THRESHOLD + 1 if pauses else 1
    for number in range(made):
        fault.make(cloud, number)
    if kind == "missing_or_denied":
        for name, value in blind_user().items():
            monkeypatch.setenv(name, value)
        forget_clients()
        aws.enforce_iam()
    try:
        with running(cloud, tmp_path, kind, action) as service:
            if pauses:
                # one object can't stop everything: the bucket rests when several in a row could not be read
                assert wait_until(lambda: len(service.lot) + outcomes(service).get("retry", 0) == made, 20)
                assert len(service.lot) > 0
            else:
                ends = {"discard": "delivered", "dead_letter": "rejected"}.get(action, "retry")
                tests = outcomes_of_test_events(kind) if ends == "delivered" else 0
                assert wait_until(lambda: outcomes(service).get(ends, 0) == made + tests, 20), outcomes(service)
    finally:
        aws.enforce_iam(None)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    kept = rejects(tmp_path)
    if action == "dead_letter":
        (reject,) = kept
        assert fault.reason in reject["reason"]
        assert cloud.left() == 0
    else:
        assert kept == []
        assert cloud.left() == (0 if action == "discard" else made)
