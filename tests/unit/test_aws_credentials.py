"""Whom requests are signed as: keys by reference, and what happens when AWS no longer takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import CredentialRetrievalError
from pydantic import ValidationError

from logsluice.aws.credentials import credentials_of
from logsluice.aws.session import AwsOptions
from logsluice.aws.signing import signer
from tests.unit.aws_answers import Answer, Answers, refusal


def with_keys(folder: Path, key: str = "AKIAOLD") -> AwsOptions:
    (folder / "key").write_text(f"{key}\n")
    (folder / "secret").write_text("secret\n")
    named = {"access_key_id": {"file": str(folder / "key")}, "secret_access_key": {"file": str(folder / "secret")}}
    return AwsOptions.model_validate({"region": "eu-west-1", **named})


EXPIRED = refusal(400, "ExpiredToken")
BUCKETS: Answer = (200, {}, b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>")


def test_keys_by_reference_are_read_at_each_request(aws_environment: None, tmp_path: Path) -> None:
    client = with_keys(tmp_path).client("s3")
    answers = Answers(client, BUCKETS, BUCKETS)
    client.list_buckets()
    (tmp_path / "key").write_text("AKIANEWER\n")
    client.list_buckets()
    assert [key for key, _ in answers.scopes] == ["AKIAOLD", "AKIANEWER"]


def test_refused_keys_are_read_again_and_the_request_is_made_once_more(aws_environment: None, tmp_path: Path) -> None:
    client = with_keys(tmp_path).client("s3")

    class Rotation(Answers):
        def _answer(self, request: AWSPreparedRequest, **more: Any) -> AWSResponse:
            (tmp_path / "key").write_text("AKIANEWER\n")
            return super()._answer(request, **more)

    answers = Rotation(client, EXPIRED, BUCKETS)
    assert client.list_buckets()["Buckets"] == []
    assert [key for key, _ in answers.scopes] == ["AKIAOLD", "AKIANEWER"]


def test_keys_that_did_not_change_are_not_tried_again(aws_environment: None, tmp_path: Path) -> None:
    client = with_keys(tmp_path).client("s3")
    answers = Answers(client, EXPIRED)
    with pytest.raises(client.exceptions.ClientError, match="ExpiredToken"):
        client.list_buckets()
    assert [key for key, _ in answers.scopes] == ["AKIAOLD"]


def test_a_key_that_can_not_be_read_is_no_error_of_the_program(aws_environment: None, tmp_path: Path) -> None:
    options = with_keys(tmp_path)
    (tmp_path / "key").unlink()
    with pytest.raises(CredentialRetrievalError, match="can't be read: No such file"):
        options.client("s3").list_buckets()


def test_all_clients_with_equal_options_share_their_credentials(aws_environment: None, tmp_path: Path) -> None:
    options = with_keys(tmp_path)
    assert options.client("s3")._request_signer._credentials is credentials_of(options)
    assert options.client("sqs")._request_signer._credentials is credentials_of(with_keys(tmp_path))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"access_key_id": "AKIA"}, "`access_key_id` and `secret_access_key` belong together"),
        ({"session_token": "token"}, "a `session_token` belongs to an `access_key_id`"),
        (
            {"access_key_id": "AKIA", "secret_access_key": "s", "profile": "p"},
            "give either a `profile` or an `access_key_id`",
        ),
    ],
)
def test_options_that_contradict_each_other_are_refused(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence):
        AwsOptions.model_validate(options)


def test_requests_to_a_cluster_are_signed_with_the_options_own_keys(aws_environment: None, tmp_path: Path) -> None:
    sign = signer("https://logs.eu-central-1.es.amazonaws.com", options=with_keys(tmp_path))
    first = sign("GET", "https://logs.eu-central-1.es.amazonaws.com/", b"")["Authorization"]
    (tmp_path / "key").write_text("AKIANEWER")
    second = sign("GET", "https://logs.eu-central-1.es.amazonaws.com/", b"")["Authorization"]
    assert "Credential=AKIAOLD/" in first
    assert "Credential=AKIANEWER/" in second
    assert "/eu-west-1/es/" in first  # as the options say, whatever the host's name
