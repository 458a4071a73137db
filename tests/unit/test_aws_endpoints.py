"""Where requests go: regions, partitions, access points, buckets that are elsewhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from logsluice.aws.envelopes import Announcement
from logsluice.aws.objects import Reading, S3Payload
from logsluice.aws.session import AwsOptions, forget_clients
from logsluice.errors import Unavailable
from logsluice.sources.s3_sqs.queue import find_queue
from tests.unit.aws_answers import Answer, Answers, refusal

OBJECT: Answer = (200, {"Content-Length": "0", "ETag": '"e1"'}, b"")
FOUND = Announcement("logs", "a b.gz", "e1")


def get(answers: list[Answer], reading: Reading | None = None, bucket: str = "logs", **options: Any) -> Answers:
    """What reading one object asks for."""
    client = AwsOptions(**options).client("s3")
    network = Answers(client, *answers)
    with S3Payload(client, Announcement(bucket, "a b.gz", "e1"), reading=reading).open():
        return network


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ({"region": "eu-central-1"}, "https://logs.s3.eu-central-1.amazonaws.com/a%20b.gz"),
        ({"region": "us-gov-west-1"}, "https://logs.s3.us-gov-west-1.amazonaws.com/a%20b.gz"),
        ({"region": "cn-north-1"}, "https://logs.s3.cn-north-1.amazonaws.com.cn/a%20b.gz"),
        ({"region": "us-gov-west-1", "use_fips": True}, "https://logs.s3-fips.us-gov-west-1.amazonaws.com/a%20b.gz"),
        ({"region": "eu-west-1", "use_dualstack": True}, "https://logs.s3.dualstack.eu-west-1.amazonaws.com/a%20b.gz"),
    ],
)
def test_objects_are_read_at_the_endpoint_of_the_region(aws_environment: None, options: Any, url: str) -> None:
    network = get([OBJECT], Reading(owner="123456789012"), **options)
    assert network.urls == [url]
    assert network.scopes == [("test", options["region"])]
    assert network.header(0, "x-amz-expected-bucket-owner") == "123456789012"


@pytest.mark.parametrize(
    ("via", "url"),
    [
        (
            "arn:aws:s3:eu-west-1:210987654321:accesspoint/logs",
            "https://logs-210987654321.s3-accesspoint.eu-west-1.amazonaws.com/a%20b.gz",
        ),
        (
            "arn:aws-us-gov:s3:us-gov-west-1:210987654321:accesspoint/logs",
            "https://logs-210987654321.s3-accesspoint.us-gov-west-1.amazonaws.com/a%20b.gz",
        ),
        (
            "arn:aws-cn:s3:cn-north-1:210987654321:accesspoint:logs",
            "https://logs-210987654321.s3-accesspoint.cn-north-1.amazonaws.com.cn/a%20b.gz",
        ),
        ("logs-abcdef-s3alias", "https://logs-abcdef-s3alias.s3.eu-central-1.amazonaws.com/a%20b.gz"),
    ],
)
def test_an_object_is_read_through_an_access_point_under_its_own_name(
    aws_environment: None, via: str, url: str
) -> None:
    own = {"aws-us-gov": "us-gov-east-1", "aws-cn": "cn-northwest-1"}.get(via.split(":")[1] if ":" in via else "")
    region = own or "eu-central-1"
    client = AwsOptions(region=region).client("s3")
    network = Answers(client, OBJECT)
    payload = S3Payload(client, FOUND, reading=Reading(via=via))
    with payload.open():
        assert network.urls == [url]
        assert network.scopes[0][1] == (via.split(":")[3] if ":" in via else region)
    assert payload.origin.uri == "s3://logs/a b.gz"
    assert payload.origin.id_prefix == FOUND.origin().id_prefix


@pytest.mark.parametrize(
    "elsewhere",
    [
        refusal(301, "PermanentRedirect", x_amz_bucket_region="eu-central-1"),
        refusal(400, "AuthorizationHeaderMalformed", "<Region>eu-central-1</Region>"),
        refusal(400, "IllegalLocationConstraintException", x_amz_bucket_region="eu-central-1"),
    ],
)
def test_a_bucket_in_another_region_is_asked_there_and_next_time_at_once(
    aws_environment: None, elsewhere: Answer
) -> None:
    client = AwsOptions(region="us-east-1").client("s3")
    network = Answers(client, elsewhere, OBJECT, OBJECT)
    for _ in range(2):
        with S3Payload(client, FOUND).open():
            pass
    assert [region for _, region in network.scopes] == ["us-east-1", "eu-central-1", "eu-central-1"]
    assert network.urls[1:] == ["https://logs.s3.eu-central-1.amazonaws.com/a%20b.gz"] * 2


@pytest.mark.parametrize(
    ("queue", "options", "endpoint"),
    [
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/logs", {}, "https://sqs.cn-north-1.amazonaws.com.cn/"),
        ("https://sqs.us-gov-west-1.amazonaws.com/123456789012/logs", {}, "https://sqs.us-gov-west-1.amazonaws.com/"),
        (
            "https://sqs.us-east-1.amazonaws.com/123456789012/logs",
            {"use_fips": True},
            "https://sqs-fips.us-east-1.amazonaws.com/",
        ),
        (
            "https://sqs.eu-west-1.amazonaws.com/123456789012/logs",
            {"use_dualstack": True},
            "https://sqs.eu-west-1.api.aws/",
        ),
        ("https://sqs.eu-west-1.api.aws/123456789012/logs", {}, "https://sqs.eu-west-1.api.aws/"),
        ("https://sqs-fips.us-east-2.amazonaws.com/123456789012/logs", {}, "https://sqs-fips.us-east-2.amazonaws.com/"),
        ("https://sqs.eusc-de-east-1.amazonaws.eu/123456789012/logs", {}, "https://sqs.eusc-de-east-1.amazonaws.eu/"),
    ],
)
def test_a_queue_is_asked_at_the_endpoint_of_its_region(
    aws_environment: None, queue: str, options: Any, endpoint: str
) -> None:
    found = find_queue(queue, AwsOptions(**options))
    network = Answers(found.client, (200, {"Content-Type": "application/x-amz-json-1.0"}, b"{}"))
    assert found.receive(0, 1, 30) == []
    assert network.urls == [endpoint]
    assert (found.account, found.region) == ("123456789012", queue.split(".")[1])


@pytest.mark.parametrize(
    ("role", "region", "host"),
    [
        ("arn:aws:iam::210987654321:role/reader", "eu-west-1", "sts.eu-west-1.amazonaws.com"),
        ("arn:aws-us-gov:iam::210987654321:role/reader", "us-gov-east-1", "sts.us-gov-east-1.amazonaws.com"),
        ("arn:aws-cn:iam::210987654321:role/reader", "cn-north-1", "sts.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_a_role_is_assumed_in_the_region_of_what_it_is_for(
    aws_environment: None, monkeypatch: pytest.MonkeyPatch, role: str, region: str, host: str
) -> None:
    from botocore.httpsession import URLLib3Session

    asked: list[tuple[str, dict[str, list[str]]]] = []

    def send(_: object, request: Any) -> Any:
        asked.append((request.url, parse_qs(request.body)))
        raise ConnectionResetError

    monkeypatch.setattr(URLLib3Session, "send", send)
    monkeypatch.setattr("time.sleep", lambda _: None)
    forget_clients()
    client = AwsOptions(region=region, role_arn=role, external_id="ours", role_session_name="logs").client("s3")
    with pytest.raises(Unavailable), S3Payload(client, FOUND).open():
        pass
    assert {url for url, _ in asked} == {f"https://{host}/"}
    query = asked[0][1]
    assert (query["Action"], query["RoleArn"]) == (["AssumeRole"], [role])
    assert (query["ExternalId"], query["RoleSessionName"]) == (["ours"], ["logs"])
