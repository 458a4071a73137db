"""Options by bucket and folder: which count, whose credentials and which region follow from them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.aws.buckets import BucketOptions, Buckets
from logsluice.aws.session import AwsOptions
from logsluice.sources.s3_sqs import Config

ROLE = "arn:aws:iam::210987654321:role/reader"


def buckets(*options: dict[str, Any], **aws: Any) -> Buckets:
    return Buckets([BucketOptions.model_validate(each) for each in options], AwsOptions(**aws))


def test_the_first_bucket_and_of_it_the_first_folder_that_is_found_counts() -> None:
    made = buckets(
        {
            "bucket": "^audit-",
            "folders": [
                {"key": "/elasticloadbalancing/", "format": "alb", "fields": {"type": "alb"}},
                {"key": "2026", "fields": {"type": "other"}},
            ],
        },
        {"bucket": "logs", "via": "logs-abc123-s3alias", "folders": [{"key": ".", "fields": {"type": "late"}}]},
    )
    first = made.of("audit-logs").folder("AWSLogs/1/elasticloadbalancing/2026/a.gz")
    assert (first.format and first.format.name, first.fields) == ("alb", {"type": "alb"})
    second = made.of("audit-logs").folder("2026/a.gz")
    assert (second.format, second.fields) == (None, {"type": "other"})
    assert made.of("audit-logs").folder("x").fields == {}
    assert made.of("my-logs").folder("x").fields == {"type": "late"}
    assert made.of("my-logs").via == "logs-abc123-s3alias"
    assert made.of("strange").folder("x").fields == {}
    assert [each.name for each in made.formats] == ["alb"]


def test_a_catastrophic_pattern_counts_as_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsluice.aws.rules.PATTERN_TIMEOUT_SECONDS", 0.02)
    made = buckets({"bucket": "logs", "folders": [{"key": "(a+)+$", "fields": {"type": "a"}}]})
    assert made.of("logs").folder("a" * 5000 + "!").fields == {}


@pytest.mark.parametrize(
    ("options", "where", "sentence"),
    [
        ({"bucket": "("}, ("bucket",), "this regular expression can't be read"),
        ({"bucket": "arn:aws:s3:eu-west-1:210987654321:accesspoint/logs"}, ("bucket",), "read it through its access"),
        ({"bucket": "logs", "via": "https://logs"}, ("via",), "must be an access point: arn:aws:s3:<region>"),
        ({"bucket": "logs", "folders": [{"key": "a", "format": "albb"}]}, ("folders", 0, "format"), "'albb'; did you"),
    ],
)
def test_what_can_not_be_meant_is_refused(options: Any, where: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        BucketOptions.model_validate(options)
    (problem,) = caught.value.errors()
    assert problem["loc"] == where
    assert sentence in problem["msg"]


def test_a_bucket_may_be_named_by_its_arn_in_every_partition() -> None:
    rules = ["arn:aws:s3:::logs/a/", "arn:aws-cn:s3:::logs", "arn:aws-us-gov:s3:::logs", "s3://logs/a/"]
    config = Config.model_validate({"queue": "logs", "buckets": rules})
    assert config.buckets == ("logs/a/", "logs", "logs", "s3://logs/a/")
    assert BucketOptions(bucket="arn:aws-cn:s3:::logs").bucket == "logs"


KEYS = {"access_key_id": "AKIA", "secret_access_key": "secret"}


@pytest.mark.parametrize(
    ("common", "own", "together"),
    [
        ({"region": "eu-west-1", **KEYS}, {"role_arn": ROLE}, {"region": "eu-west-1", **KEYS, "role_arn": ROLE}),
        (
            {"region": "eu-west-1", "role_arn": "other", "external_id": "x"},
            {"role_arn": ROLE, "region": "eu-west-2"},
            {"region": "eu-west-2", "role_arn": ROLE},
        ),
        ({"profile": "p", "role_arn": ROLE, "endpoint": "http://e"}, KEYS, {**KEYS, "endpoint": "http://e"}),
        ({**KEYS, "session_token": "t"}, {"profile": "p"}, {"profile": "p"}),
        ({"role_arn": ROLE}, {}, {"role_arn": ROLE}),
    ],
)
def test_a_buckets_own_credentials_replace_those_of_the_source(common: Any, own: Any, together: Any) -> None:
    assert AwsOptions(**common).with_(AwsOptions(**own)) == AwsOptions(**together)


@pytest.mark.parametrize(
    ("bucket", "announced", "region"),
    [
        ("fixed", "eu-central-1", "us-west-2"),
        ("logs", "eu-central-1", "eu-central-1"),
        ("logs", "", "us-east-1"),
        ("logs", "attacker.example.com", "us-east-1"),
        ("logs", "cn-north-1", "us-east-1"),  # another partition: our keys mean nothing there
    ],
)
def test_a_bucket_is_read_in_the_region_configured_for_it_or_announced(
    aws_environment: None, bucket: str, announced: str, region: str
) -> None:
    made = buckets({"bucket": "fixed", "aws": {"region": "us-west-2"}})
    assert made.of(bucket).client(announced, "us-east-1").meta.region_name == region


def test_an_emulator_is_asked_wherever_a_bucket_is_said_to_be(aws_environment: None) -> None:
    client = buckets(endpoint="http://127.0.0.1:1").of("logs").client("eu-central-1", "us-east-1")
    assert (client.meta.region_name, client.meta.endpoint_url) == ("us-east-1", "http://127.0.0.1:1")
