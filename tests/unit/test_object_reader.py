"""Reading an S3 object from a server that cuts connections, changes the object or refuses it."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.aws import objects
from logsluice.aws.envelopes import Announcement
from logsluice.aws.objects import Reading, S3Payload
from logsluice.aws.session import AwsOptions
from logsluice.errors import (
    Archived,
    Denied,
    Missing,
    MissingOrDenied,
    SourceFault,
    Superseded,
    Unavailable,
)
from tests.parts import free_port
from tests.parts.moto_server import CREDENTIALS

BODY = bytes(range(256)) * 4000
MODIFIED = "Sat, 31 Jan 2026 10:11:12 GMT"
Answer = Callable[[dict[str, str]], tuple[str, bytes]]
"""Request headers (and `:target`) to the head of the answer and the bytes that follow, which may be too few."""


class Connection(socketserver.StreamRequestHandler):
    """One request a connection; the connection ends with the answer, whole or not."""

    server: ObjectServer

    def handle(self) -> None:
        method, target, _ = self.rfile.readline().decode().split(" ")
        headers = {":method": method, ":target": target}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        self.server.requests.append(headers)
        head, body = self.server.next_answer()(headers)
        self.wfile.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + body)


class ObjectServer(socketserver.ThreadingTCPServer):
    """Gives the answers in turn, the last one for ever."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.answers: list[Answer] = []
        self.requests: list[dict[str, str]] = []
        self.client: Any = None

    def next_answer(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture(scope="module")
def _running() -> Iterator[ObjectServer]:
    with ObjectServer() as server, pytest.MonkeyPatch.context() as environment:
        for name, value in CREDENTIALS.items():
            environment.setenv(name, value)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        server.client = client_of(server.server_address[1])
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def server(_running: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> ObjectServer:
    monkeypatch.setattr(objects, "PAUSE_SECONDS", 0.001)
    _running.requests.clear()
    return _running


def client_of(port: int) -> Any:
    return AwsOptions(endpoint=f"http://127.0.0.1:{port}").client("s3")


def whole_or_cut(after: int | None = None) -> Answer:
    """The object, or the asked range of it; the connection ends after so many bytes."""

    def answer(headers: dict[str, str]) -> tuple[str, bytes]:
        start = int(headers.get("range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        rest = BODY[start:]
        content_range = f"\nContent-Range: bytes {start}-{len(BODY) - 1}/{len(BODY)}" if "range" in headers else ""
        status = "206 Partial Content" if content_range else "200 OK"
        head = f'HTTP/1.1 {status}\nContent-Length: {len(rest)}\nETag: "e1"\nLast-Modified: {MODIFIED}{content_range}'
        return head, rest[:after]

    return answer


def error(status: int, code: str, message: str = "No.") -> Answer:
    def answer(headers: dict[str, str]) -> tuple[str, bytes]:
        body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
        return f"HTTP/1.1 {status} x\nContent-Length: {len(body)}\nContent-Type: application/xml", body

    return answer


def listing(headers: dict[str, str]) -> tuple[str, bytes]:
    body = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
    return f"HTTP/1.1 200 OK\nContent-Length: {len(body)}", body


def read(server: ObjectServer, size: int = 65536, etag: str = "e1") -> bytes:
    with S3Payload(server.client, Announcement("logs", "a/b c.gz", etag)).open() as stream:
        return b"".join(iter(lambda: stream.read(size), b""))


def fault(server: ObjectServer) -> SourceFault:
    with pytest.raises(SourceFault) as caught:
        read(server)
    return caught.value


def test_an_object_is_read_in_one_request_with_its_etag_as_condition(server: ObjectServer) -> None:
    server.answers = [whole_or_cut()]
    assert read(server) == BODY
    (request,) = server.requests
    assert (request[":method"], request[":target"], request["if-match"]) == ("GET", "/logs/a/b%20c.gz", '"e1"')
    assert "logsluice/" in request["user-agent"]


@pytest.mark.parametrize("size", [1000, 65536, 10_000_000, -1])
def test_cut_connections_are_resumed_where_they_ended(server: ObjectServer, size: int) -> None:
    server.answers = [whole_or_cut(300_001), whole_or_cut(0), whole_or_cut(1), whole_or_cut(500_000), whole_or_cut()]
    with S3Payload(server.client, Announcement("logs", "key", "e1")).open() as stream:
        content = stream.read(size) if size < 0 else b"".join(iter(lambda: stream.read(size), b""))
    assert content == BODY
    assert all(request["if-match"] == '"e1"' for request in server.requests)
    assert "range" not in server.requests[0]
    assert all(request["range"].startswith("bytes=") for request in server.requests[1:])


def test_an_object_that_is_cut_every_time_is_still_read_while_bytes_arrive(server: ObjectServer) -> None:
    server.answers = [whole_or_cut(50_000)]
    assert read(server) == BODY
    assert len(server.requests) > objects.RESUMES


def test_a_connection_that_gives_nothing_more_is_unavailable_and_never_an_end(server: ObjectServer) -> None:
    server.answers = [whole_or_cut(100_000), whole_or_cut(0)]
    found = fault(server)
    assert isinstance(found, Unavailable)
    assert f"cut at byte 100000 of {len(BODY)}" in str(found)
    assert len(server.requests) == 1 + objects.RESUMES


def test_an_object_replaced_while_it_is_read_is_superseded(server: ObjectServer) -> None:
    server.answers = [whole_or_cut(100_000), error(412, "PreconditionFailed")]
    assert isinstance(fault(server), Superseded)


def test_an_object_announced_without_an_etag_is_pinned_by_its_first_answer(server: ObjectServer) -> None:
    server.answers = [whole_or_cut(100_000), whole_or_cut()]
    assert read(server, etag="") == BODY
    assert [request.get("if-match") for request in server.requests] == [None, '"e1"']


def test_a_server_that_ignores_ranges_is_not_taken_at_its_word(server: ObjectServer) -> None:
    def ignores(headers: dict[str, str]) -> tuple[str, bytes]:
        return whole_or_cut(100_000)({})

    server.answers = [ignores]
    found = fault(server)
    assert isinstance(found, Unavailable)
    assert "Range" in str(found)


def test_a_server_in_trouble_for_a_moment_is_waited_for(server: ObjectServer) -> None:
    server.answers = [error(503, "SlowDown"), whole_or_cut()]
    assert read(server) == BODY


@pytest.mark.parametrize(
    ("status", "code", "message", "kind"),
    [
        (404, "NoSuchKey", "The specified key does not exist.", Missing),
        (404, "NoSuchBucket", "The specified bucket does not exist", Missing),
        (412, "PreconditionFailed", "", Superseded),
        (403, "InvalidObjectState", "The operation is not valid for the object's storage class", Archived),
        (403, "AccessDenied", "… is not authorized to perform: s3:GetObject on resource …", Denied),
        (403, "AccessDenied", "… is not authorized to perform: s3:ListBucket on resource …", MissingOrDenied),
        (403, "AccessDenied", "… is not authorized to perform: kms:Decrypt on resource …", Denied),
        (400, "KMS.DisabledException", "arn:aws:kms:… is disabled.", Denied),
        (400, "ExpiredToken", "The provided token has expired.", Unavailable),
        (403, "SignatureDoesNotMatch", "…", Unavailable),
        (503, "SlowDown", "Please reduce your request rate.", Unavailable),
        (500, "InternalError", "We encountered an internal error.", Unavailable),
    ],
)
def test_each_refusal_has_its_class(
    server: ObjectServer, status: int, code: str, message: str, kind: type[SourceFault]
) -> None:
    server.answers = [error(status, code, message)]
    found = fault(server)
    assert type(found) is kind
    assert str(found).startswith("s3://logs/a/b c.gz: ")


def test_a_403_that_does_not_say_more_is_a_denial_where_the_bucket_can_be_listed(server: ObjectServer) -> None:
    server.answers = [error(403, "AccessDenied", "Access Denied"), listing]
    assert type(fault(server)) is Denied


def test_a_403_that_does_not_say_more_may_be_a_missing_key_where_it_can_not(server: ObjectServer) -> None:
    server.answers = [error(403, "AccessDenied", "Access Denied")]
    assert type(fault(server)) is MissingOrDenied


def test_a_kms_denial_says_so(server: ObjectServer) -> None:
    server.answers = [error(403, "AccessDenied", "not authorized to perform: kms:Decrypt on resource: arn:aws:kms:x")]
    assert "its KMS key can't be used: not authorized to perform: kms:Decrypt" in str(fault(server))


def test_a_server_that_is_not_there_is_unavailable(aws_environment: None) -> None:
    with pytest.raises(Unavailable), S3Payload(client_of(free_port()), Announcement("logs", "key", "e1")).open():
        pass


def test_the_time_of_the_object_is_known_once_it_is_open(server: ObjectServer) -> None:
    server.answers = [whole_or_cut()]
    payload = S3Payload(server.client, Announcement("logs", "key", "e1", size=len(BODY)))
    assert payload.modified() is None
    with payload.open():
        assert payload.modified() == datetime(2026, 1, 31, 10, 11, 12, tzinfo=UTC)
    assert payload.size == len(BODY)


def test_the_owner_of_the_bucket_is_asked_for(server: ObjectServer) -> None:
    server.answers = [whole_or_cut()]
    with S3Payload(server.client, Announcement("logs", "key", "e1"), reading=Reading(owner="123456789012")).open():
        pass
    assert server.requests[0]["x-amz-expected-bucket-owner"] == "123456789012"


def test_a_denial_under_an_expected_owner_says_how_to_allow_another(server: ObjectServer) -> None:
    server.answers = [error(403, "AccessDenied", "s3:GetObject"), listing]
    payload = S3Payload(server.client, Announcement("logs", "key", "e1"), reading=Reading(owner="123456789012"))
    with pytest.raises(Denied, match=r"to another account than 123456789012, list it and the others in `buckets`"):
        payload.open().__enter__()


def test_the_key_of_an_object_with_encoded_content_is_read_as_stored(server: ObjectServer) -> None:
    def encoded(headers: dict[str, str]) -> tuple[str, bytes]:
        head, body = whole_or_cut()(headers)
        return f"{head}\nContent-Encoding: gzip", body

    server.answers = [encoded]
    assert read(server) == BODY
