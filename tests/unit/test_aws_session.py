"""Clients are shared and their errors say what to do."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from logsluice.aws.faults import explain, object_fault
from logsluice.aws.session import AwsOptions
from logsluice.errors import Unavailable, UsageError
from tests.parts import free_port


def test_equal_options_share_one_client_across_threads(aws_environment: None) -> None:
    with ThreadPoolExecutor(8) as threads:
        clients = set(threads.map(lambda _: AwsOptions(region="eu-west-1").client("sqs"), range(16)))
    assert len(clients) == 1
    assert AwsOptions(region="eu-west-2").client("sqs") not in clients


def test_clients_have_bounded_times_few_retries_and_our_name(aws_environment: None) -> None:
    config = AwsOptions(region="eu-west-1").client("sqs").meta.config
    assert (config.connect_timeout, config.read_timeout, config.max_pool_connections) == (5, 40, 50)
    assert config.retries == {"mode": "standard", "total_max_attempts": 3}
    assert "logsluice/" in config.user_agent


def test_the_environment_may_name_the_endpoint_of_all_services_or_of_one(
    aws_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2")
    options = AwsOptions()
    assert options.client("sqs").meta.endpoint_url == "http://127.0.0.1:1"
    assert options.client("s3").meta.endpoint_url == "http://127.0.0.1:2"
    assert AwsOptions(endpoint="http://127.0.0.1:3").client("s3").meta.endpoint_url == "http://127.0.0.1:3"


def test_an_emulator_needs_no_region(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert AwsOptions(endpoint="http://127.0.0.1:1").client("sqs").meta.region_name == "us-east-1"


def test_a_missing_region_is_a_sentence_with_what_to_do(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(UsageError, match="must specify a region") as caught:
        AwsOptions().client("sqs")
    assert caught.value.hint == "set `region` in the aws options, or AWS_REGION"


def test_an_unknown_profile_is_a_sentence_with_what_to_do(aws_environment: None) -> None:
    with pytest.raises(UsageError, match="nobody") as caught:
        AwsOptions(profile="nobody").client("sqs")
    assert caught.value.hint == "see the names in ~/.aws/config, or leave `profile` out"


def test_an_endpoint_that_is_no_url_is_a_sentence(aws_environment: None) -> None:
    with pytest.raises(UsageError, match="Invalid endpoint: nonsense"):
        AwsOptions(endpoint="nonsense").client("sqs")


def test_missing_credentials_are_a_sentence_with_what_to_do(
    aws_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(BotoCoreError) as caught:
        AwsOptions(region="us-east-1").client("sqs").list_queues()
    said = explain(caught.value, "can't list the queues")
    assert str(said) == "can't list the queues: Unable to locate credentials"
    assert said.hint == "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run with a role"


def test_a_role_without_credentials_to_assume_it_is_a_sentence_with_what_to_do(
    aws_environment: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UsageError, match="Unable to locate credentials") as caught:
        AwsOptions(role_arn="arn:aws:iam::123456789012:role/reader").client("sqs")
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


def test_a_role_that_may_no_longer_be_assumed_is_no_denial_of_the_object() -> None:
    answer = {"Error": {"Code": "AccessDenied", "Message": "No."}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    error = ClientError(answer, "AssumeRole")  # type: ignore[arg-type]
    assert type(object_fault(error, "s3://logs/a", lambda: True)) is Unavailable


def test_an_unreachable_host_is_a_sentence_with_what_to_do(aws_environment: None) -> None:
    with pytest.raises(BotoCoreError) as caught:
        AwsOptions(endpoint=f"http://127.0.0.1:{free_port()}").client("s3").list_buckets()
    said = explain(caught.value, "can't list the buckets")
    assert str(said).startswith("can't list the buckets: Could not connect to the endpoint URL")
    assert "check the region, the endpoint" in said.hint


@pytest.mark.parametrize(
    ("code", "sentence", "hint"),
    [
        ("AccessDenied", "can't x: access denied (No.)", "grant the action to this role or user"),
        ("ExpiredToken", "can't x: AWS refuses the credentials (ExpiredToken: No.)", "renew them, or mend the clock"),
        (
            "NoSuchBucket",
            "can't x: NoSuchBucket: No.",
            "check the bucket's name, and that `region` and `endpoint` are those where it is",
        ),
        ("Strange", "can't x: Strange: No.", ""),
    ],
)
def test_a_refusal_is_a_sentence(code: str, sentence: str, hint: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "No."}}, "X")
    said = explain(error, "can't x")
    assert (str(said), said.hint) == (sentence, hint)


def test_options_and_configs_are_imported_without_boto3() -> None:
    program = (
        "import sys, logsluice.aws.session, logsluice.sources.s3_sqs, logsluice.sources.files, logsluice.aws.envelopes;"
        "assert not {'boto3', 'botocore'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
