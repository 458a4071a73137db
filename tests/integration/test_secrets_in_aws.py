"""Secrets that AWS keeps, against moto: read, rotated, missing."""

from __future__ import annotations

import pytest

from logsluice.config import secrets
from logsluice.config.secrets import Secret
from logsluice.errors import UsageError
from tests.parts.moto_server import MotoServer


def test_a_secret_is_its_whole_text_or_one_of_its_keys(aws: MotoServer) -> None:
    client = aws.client("secretsmanager")
    arn = client.create_secret(Name="plain", SecretString="open-sesame")["ARN"]
    client.create_secret(Name="login", SecretString='{"username": "carrier", "password": "hush", "port": 9200}')
    client.create_secret(Name="binary", SecretBinary=b"bytes")
    read = [
        Secret({"secretsmanager": "plain"}),
        Secret({"secretsmanager": arn}),
        Secret({"secretsmanager": "login", "key": "password"}),
        Secret({"secretsmanager": "login", "key": "port", "region": "us-east-1"}),
        Secret({"secretsmanager": "binary"}),
    ]
    assert [secret.reveal() for secret in read] == ["open-sesame", "open-sesame", "hush", "9200", "bytes"]


def test_a_rotated_secret_is_seen_after_refresh(aws: MotoServer) -> None:
    client = aws.client("secretsmanager")
    client.create_secret(Name="rotating", SecretString="old")
    secret = Secret({"secretsmanager": "rotating"})
    assert secret.reveal() == "old"
    client.put_secret_value(SecretId="rotating", SecretString="new")
    assert secret.reveal() == "old"
    assert secret.refresh() is True
    assert secret.reveal() == "new"


def test_an_encrypted_parameter_is_read_decrypted(aws: MotoServer) -> None:
    aws.client("ssm").put_parameter(Name="/prod/password", Value="hush", Type="SecureString")
    assert Secret({"ssm": "/prod/password"}).reveal() == "hush"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({"secretsmanager": "nowhere"}, "can't read the secret nowhere: ResourceNotFoundException"),
        ({"ssm": "/nowhere"}, "can't read the secret /nowhere: ParameterNotFound"),
        ({"secretsmanager": "login", "key": "pasword"}, "has no key 'pasword'; did you mean 'password'"),
        ({"secretsmanager": "text", "key": "password"}, "the secret text is no JSON object"),
    ],
)
def test_what_can_not_be_read_is_one_sentence(aws: MotoServer, reference: dict[str, str], said: str) -> None:
    client = aws.client("secretsmanager")
    client.create_secret(Name="login", SecretString='{"password": "open-sesame"}')
    client.create_secret(Name="text", SecretString="open-sesame")
    with pytest.raises(UsageError, match=said) as caught:
        Secret(reference).reveal()
    assert "open-sesame" not in str(caught.value)


def test_a_known_value_outlives_an_outage(aws: MotoServer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = aws.client("ssm")
    client.put_parameter(Name="/prod/password", Value="hush", Type="SecureString")
    secret = Secret({"ssm": "/prod/password"})
    secret.reveal()
    client.delete_parameter(Name="/prod/password")
    monkeypatch.setattr(secrets, "CACHE_SECONDS", 0.0)
    assert secret.reveal() == "hush"
