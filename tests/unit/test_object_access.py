"""What is asked for, and what is made of the answers, where objects are versioned, paid for, encrypted or too large."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from logsluice.aws.envelopes import Announcement
from logsluice.aws.objects import Reading, S3Payload
from logsluice.aws.session import AwsOptions
from logsluice.errors import Denied, Missing, SourceFault, Superseded, TooLarge, Unavailable
from tests.unit.aws_answers import Answer, Answers, refusal

VERSION = Announcement("logs", "a.gz", "e1", size=5, version_id="v1")
OBJECT: Answer = (200, {"Content-Length": "5", "ETag": '"e1"'}, b"line\n")
DENIED = refusal(403, "AccessDenied", message="not authorized to perform: s3:GetObjectVersion on resource")
REPLACED = refusal(412, "PreconditionFailed")


class Network:
    """A client without a network, and what reading an object through it gives."""

    def __init__(self) -> None:
        self.client = AwsOptions(region="us-east-1").client("s3")
        self.answers = Answers(self.client)

    def read(self, *answers: Answer, found: Announcement = VERSION, reading: Reading | None = None) -> object:
        """The content, or the fault."""
        self.answers.give(*answers)
        try:
            with S3Payload(self.client, found, reading=reading).open() as stream:
                return stream.read()
        except SourceFault as fault:
            return fault

    @property
    def targets(self) -> list[str]:
        """The paths and queries of the requests so far, and whether a condition was on them."""
        sent = [(url.partition("amazonaws.com")[2], number) for number, url in enumerate(self.answers.urls)]
        return [target + (" if e1" if self.answers.header(n, "If-Match") == '"e1"' else "") for target, n in sent]


@pytest.fixture
def network(aws_environment: None) -> Network:
    return Network()


def test_an_announced_version_needs_no_permission_for_versions(network: Network) -> None:
    assert network.read(OBJECT) == b"line\n"
    assert network.targets == ["/a.gz if e1"]
    assert isinstance(network.read(REPLACED), Superseded)


def test_all_versions_reads_one_that_was_replaced_or_hidden_by_a_delete_marker(network: Network) -> None:
    assert network.read(OBJECT, reading=Reading(all_versions=True)) == b"line\n"
    assert network.targets == ["/a.gz?versionId=v1 if e1"]


def test_a_denied_version_is_read_as_the_latest_with_one_warning_for_the_bucket(network: Network) -> None:
    reading = Reading(all_versions=True)
    with capture_logs() as logs:
        assert network.read(DENIED, OBJECT, reading=reading) == b"line\n"
        assert isinstance(network.read(REPLACED, reading=reading), Superseded)
    assert network.targets == ["/a.gz?versionId=v1 if e1", "/a.gz if e1", "/a.gz if e1"]
    (warning,) = logs
    assert (warning["event"], warning["do"]) == (
        "versions may not be read, so only the latest is",
        "grant s3:GetObjectVersion",
    )


@pytest.mark.parametrize(
    "gone",
    [
        refusal(404, "NoSuchKey", x_amz_delete_marker="true"),
        refusal(404, "NoSuchVersion"),
        refusal(405, "MethodNotAllowed", x_amz_delete_marker="true"),
    ],
)
def test_a_deleted_object_is_missing_also_where_only_a_delete_marker_is_left(network: Network, gone: Answer) -> None:
    assert isinstance(network.read(gone, reading=Reading(all_versions=True)), Missing)


def test_the_requester_pays_for_every_request(network: Network) -> None:
    listing: Answer = (200, {}, b"<ListBucketResult/>")
    payer = Reading(request_payer="requester")
    assert network.read(OBJECT, reading=payer) == b"line\n"
    assert isinstance(network.read(refusal(403, "AccessDenied"), listing, reading=payer), Denied)
    assert [network.answers.header(number, "x-amz-request-payer") for number in range(3)] == ["requester"] * 3


def test_an_object_announced_as_too_large_is_not_asked_for(network: Network) -> None:
    fault = network.read(reading=Reading(max_size=4))
    assert isinstance(fault, TooLarge)
    assert str(fault) == "s3://logs/a.gz: 5 bytes are more than `max_object_size` (4) allows"
    assert network.targets == []


def test_an_object_that_turns_out_too_large_is_not_read(network: Network) -> None:
    unannounced = Announcement("logs", "a.gz", "e1")
    assert isinstance(network.read(OBJECT, found=unannounced, reading=Reading(max_size=4)), TooLarge)
    assert network.read(OBJECT, found=unannounced, reading=Reading(max_size=5)) == b"line\n"


@pytest.mark.parametrize(
    ("refused", "kind", "sentence"),
    [
        (
            refusal(403, "AccessDenied", message="not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x"),
            Denied,
            (
                "s3://logs/a.gz: its KMS key can't be used: not authorized to perform: kms:Decrypt on resource:"
                " arn:aws:kms:x (grant kms:Decrypt, here and in the key's policy)"
            ),
        ),
        (
            refusal(
                400,
                "InvalidRequest",
                message="The object was stored using a form of Server Side Encryption. The correct parameters must be"
                " provided to retrieve the object.",
            ),
            Denied,
            (
                "s3://logs/a.gz: stored with a key that only its writer has (SSE-C), so it can't be read: The object"
                " was stored using a form of Server Side Encryption. The correct parameters must be provided to"
                " retrieve the object."
            ),
        ),
        (
            refusal(400, "AuthorizationHeaderMalformed"),
            Unavailable,
            (
                "s3://logs/a.gz: AuthorizationHeaderMalformed: AuthorizationHeaderMalformed. (the bucket is in another"
                " region: set `region` for it in `bucket_options`)"
            ),
        ),
    ],
)
def test_a_refusal_says_what_it_is_about(
    network: Network, refused: Answer, kind: type[SourceFault], sentence: str
) -> None:
    # botocore asks where the bucket is before it gives up on the last one
    fault = network.read(refused, refusal(403, ""))
    assert (type(fault), str(fault)) == (kind, sentence)
