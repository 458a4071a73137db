"""Fixtures of the emulated AWS services: moto's server and ElasticMQ. Each starts at most once a session."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from logsluice.aws.session import forget_clients
from tests.parts import PartError, Server, unavailable
from tests.parts.elasticmq import ElasticMq
from tests.parts.moto_server import CREDENTIALS, MotoServer

_numbers = itertools.count(1)


def _start(server: Server) -> None:
    try:
        server.start()
    except PartError as failure:
        unavailable(str(failure))


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MotoServer]:
    """The emulated AWS, for the whole session; most tests want `aws`."""
    server = MotoServer(tmp_path_factory.mktemp("moto"))
    _start(server)
    yield server
    server.stop()


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Credentials and a region for tests, and nothing of this machine's own AWS settings."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nonexistent")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    forget_clients()
    yield
    forget_clients()


@pytest.fixture
def aws(moto_server: MotoServer, aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> MotoServer:
    """An empty AWS in which logsluice and boto3 find themselves by the environment."""
    moto_server.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server.url)
    return moto_server


@pytest.fixture(scope="session")
def elasticmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ElasticMq]:
    """A real SQS server, for the whole session: use a queue of your own (`sqs_queue`)."""
    server = ElasticMq(tmp_path_factory.mktemp("elasticmq"))
    _start(server)
    yield server
    server.crash()  # it keeps nothing, and would wait twenty seconds for connections that clients keep open


@pytest.fixture
def sqs_queue(elasticmq: ElasticMq, aws_environment: None) -> str:
    """The URL of a fresh queue in ElasticMQ; its name is new in each test."""
    url: str = elasticmq.client().create_queue(QueueName=f"queue-{next(_numbers)}")["QueueUrl"]
    return url
