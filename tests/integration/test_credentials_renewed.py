"""Credentials that end while the program runs: from an instance, a container, a pod, a web identity and a role."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from logsluice.aws.credentials import credentials_of, renew
from logsluice.aws.session import AwsOptions
from logsluice.errors import Unavailable
from logsluice.sources.s3_sqs.queue import find_queue
from tests.parts.moto_server import MotoServer
from tests.unit.aws_answers import Answer, Answers, refusal

BUCKETS: Answer = (200, {}, b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")
OPTIONS = AwsOptions(region="us-east-1", endpoint="http://127.0.0.1:1")
ROLE = "arn:aws:iam::123456789012:role/reader"


class Metadata(ThreadingHTTPServer):
    """What hands out credentials on an instance (Amazon EC2 User Guide, "Retrieve security credentials from instance
    metadata") and to a container (Amazon ECS Developer Guide, "Task IAM role"): a new key each time, for an hour.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.keys: list[str] = []
        self.tokens: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def credentials(self) -> dict[str, str]:
        self.keys.append(f"ASIA{len(self.keys) + 1}")
        until = datetime.now(UTC) + timedelta(hours=1)
        return {
            "Code": "Success",
            "AccessKeyId": self.keys[-1],
            "SecretAccessKey": "secret",
            "Token": "token",
            "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


class _Handler(BaseHTTPRequestHandler):
    server: Metadata

    def do_PUT(self) -> None:
        self._answer("session-token")

    def do_GET(self) -> None:
        self.server.tokens.append(self.headers.get("Authorization", ""))
        is_list = self.path.endswith("/security-credentials/")
        self._answer("reader" if is_list else json.dumps(self.server.credentials()))

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def metadata(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    """A metadata server; there are no other credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with Metadata() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def keys_used(options: AwsOptions, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys of three requests by one client: two now, and one when the first credentials are about to end."""
    client = options.client("s3")
    network = Answers(client, BUCKETS, BUCKETS, BUCKETS)
    client.list_buckets()
    client.list_buckets()
    passed = datetime.now().astimezone() + timedelta(minutes=55)
    monkeypatch.setattr(credentials_of(options), "_time_fetcher", lambda: passed)
    monkeypatch.setattr("botocore.credentials._local_now", lambda: passed)
    client.list_buckets()
    return [key for key, _ in network.scopes]


def test_an_instances_credentials_are_renewed(metadata: Metadata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata.url)
    assert keys_used(OPTIONS, monkeypatch) == ["ASIA1", "ASIA1", "ASIA2"]
    assert metadata.keys == ["ASIA1", "ASIA2"]


def test_a_tasks_credentials_are_renewed(metadata: Metadata, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{metadata.url}/v2/credentials")
    assert keys_used(OPTIONS, monkeypatch) == ["ASIA1", "ASIA1", "ASIA2"]


def test_a_pods_credentials_are_renewed_with_the_token_of_then(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    token = tmp_path / "eks-pod-identity-token"
    token.write_text("first")
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{metadata.url}/v1/credentials")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(token))
    OPTIONS.client("s3")
    token.write_text("second")
    assert keys_used(OPTIONS, monkeypatch) == ["ASIA1", "ASIA1", "ASIA2"]
    assert metadata.tokens == ["first", "second"]


def refused_once(options: AwsOptions) -> list[str]:
    """The keys of three requests by one client, of which the second is refused, and so the third made by itself."""
    client = options.client("s3")
    network = Answers(client, BUCKETS, refusal(400, "ExpiredToken"), BUCKETS)
    client.list_buckets()
    client.list_buckets()
    return [key for key, _ in network.scopes]


def test_credentials_that_are_refused_before_their_time_are_renewed_at_once(
    metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{metadata.url}/v2/credentials")
    assert refused_once(OPTIONS) == ["ASIA1", "ASIA1", "ASIA2"]


def test_a_role_whose_session_is_revoked_is_assumed_again(aws: MotoServer) -> None:
    first, second, third = refused_once(OPTIONS.model_copy(update={"role_arn": ROLE}))
    assert first == second != third


def test_a_web_identitys_role_is_assumed_again(
    aws: MotoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("a.b.c")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    first, second, third = keys_used(OPTIONS, monkeypatch)
    assert first == second != third


def test_a_role_is_assumed_again(aws: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    options = OPTIONS.model_copy(update={"role_arn": ROLE, "external_id": "logs"})
    first, second, third = keys_used(options, monkeypatch)
    assert first == second != third


def test_a_role_on_top_of_a_tasks_credentials_uses_the_newest_of_them(
    metadata: Metadata, moto_server: MotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{metadata.url}/v2/credentials")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto_server.url)
    options = OPTIONS.model_copy(update={"role_arn": ROLE})
    first, second, third = keys_used(options, monkeypatch)
    assert first == second != third


def test_a_token_that_can_not_be_read_for_a_while_is_an_outage_that_passes(
    aws: MotoServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    queue = aws.client("sqs").create_queue(QueueName="logs")["QueueUrl"]
    token = tmp_path / "token"
    token.write_text("a.b.c")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(token))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    options = AwsOptions()
    opened = find_queue(queue, options)
    assert opened.receive(0, 1, 30) == []
    token.unlink()
    assert renew(credentials_of(options))
    with pytest.raises(Unavailable, match="No such file"):
        opened.receive(0, 1, 30)
    token.write_text("a.b.c")
    assert opened.receive(0, 1, 30) == []
