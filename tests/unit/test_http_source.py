"""The source that takes events by HTTP."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.errors import UsageError
from logsluice.formats import load
from logsluice.model import Delivery, Event, Outcome
from logsluice.sources.http import Config, build, concerns
from logsluice.sources.http.source import HttpSource


@contextmanager
def listening(**options: object) -> Iterator[HttpSource]:
    source = build(Config.model_validate({"port": 0, "timeout": "10s", **options}), Context())
    source.open()
    try:
        yield source
    finally:
        source.close()


def post(source: HttpSource, body: bytes, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*source.address, timeout=20)
    try:
        connection.request("POST", "/in?x=1", body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def events(delivery: Delivery) -> list[Event]:
    decoder = Decoder(load("lines"), with_origin=False)
    return [event for payload in delivery.payloads for piece in decoder.decode(payload) for event in piece.events]


class Sender(threading.Thread):
    """Posts once; `answer` is what came back."""

    def __init__(self, source: HttpSource, body: bytes, **headers: str) -> None:
        super().__init__(daemon=True)
        self.answer: tuple[int, bytes] | None = None
        self._arguments = (source, body, headers)
        self.start()

    def run(self) -> None:
        source, body, headers = self._arguments
        self.answer = post(source, body, **headers)

    def result(self) -> tuple[int, bytes] | None:
        self.join(20)
        return self.answer


def test_a_request_is_answered_when_it_is_confirmed() -> None:
    with listening() as source:
        sender = Sender(source, b"one\ntwo\n", User_Agent="curl")
        (delivery,) = source.receive(10)
        one, two = events(delivery)
        assert sender.answer is None
        source.settle(delivery, Outcome.DELIVERED)
        assert sender.result() == (200, b"ok")
    assert [one["message"], two["message"]] == ["one", "two"]
    about = one["@metadata"]["http"]
    assert (about["method"], about["path"], about["remote"]) == ("POST", "/in?x=1", "127.0.0.1")
    assert about["headers"]["user-agent"] == "curl"


def test_what_can_not_be_used_up_is_to_be_sent_again() -> None:
    with listening() as source:
        sender = Sender(source, b"x")
        (delivery,) = source.receive(10)
        source.settle(delivery, Outcome.RETRY)
        assert sender.result() == (503, b"Service Unavailable")
    with listening(timeout="50ms") as source:
        assert post(source, b"x")[0] == 503


def test_too_many_too_long_and_strangers_are_refused() -> None:
    with listening(pending=1, max_body="10B", user="u", password="p") as source:
        allowed = {"Authorization": "Basic dTpw"}
        waiting = Sender(source, b"x", **allowed)
        (delivery,) = source.receive(10)
        assert post(source, b"x", **allowed)[0] == 429
        assert post(source, b"x" * 11, **allowed)[0] == 413
        assert post(source, b"x")[0] == 401
        source.settle(delivery, Outcome.DELIVERED)
        assert waiting.result() == (200, b"ok")


def test_the_content_type_chooses_the_format() -> None:
    with listening(formats={"application/json": "json"}) as source:
        sender = Sender(source, b'{"a": 1}', Content_Type="application/json; charset=utf-8")
        (delivery,) = source.receive(10)
        (event,) = events(delivery)
        source.settle(delivery, Outcome.DELIVERED)
        assert sender.result() == (200, b"ok")
    assert event["a"] == 1


def test_a_port_that_is_taken_is_told() -> None:
    with listening() as source, pytest.raises(Exception, match=r"can't listen on 127\.0\.0\.1"):
        build(Config.model_validate({"port": source.address[1]}), Context()).open()


def raw(source: HttpSource, text: bytes) -> bytes:
    """The first line of the answer to these bytes, and no more of them."""
    with socket.create_connection(source.address, timeout=20) as connection:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return answer.readline().rstrip()


def test_a_body_that_breaks_off_is_no_event() -> None:
    with listening() as source:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
        assert raw(source, head + b"half of it") == b"HTTP/1.1 408 Request Timeout"
        assert source.receive(0) == []


@pytest.mark.parametrize(
    "lengths",
    [
        b"",
        b"Content-Length: \xb2\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: 1\r\nContent-Length: 2\r\n",
        b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
    ],
)
def test_a_body_of_no_certain_length_is_refused(lengths: bytes) -> None:
    with listening() as source:
        assert raw(source, b"POST / HTTP/1.1\r\nHost: x\r\n" + lengths + b"\r\nx") == b"HTTP/1.1 411 Length Required"


def test_bodies_that_are_held_are_bounded_by_their_bytes_and_one_alone_is_taken() -> None:
    with listening(buffer="10B") as source:
        first = Sender(source, b"x" * 20)
        (delivery,) = source.receive(10)
        assert post(source, b"x")[0] == 429
        source.settle(delivery, Outcome.DELIVERED)
        assert first.result() == (200, b"ok")
        second = Sender(source, b"x")
        (delivery,) = source.receive(10)
        source.settle(delivery, Outcome.DELIVERED)
        assert second.result() == (200, b"ok")


def test_what_was_given_up_before_anybody_received_it_is_not_handed_out() -> None:
    with listening(timeout="50ms", pending=1) as source:
        assert [post(source, b"x")[0], post(source, b"x")[0]] == [503, 503]
        assert source.receive(0) == []


def test_who_waits_when_it_closes_is_answered() -> None:
    with listening() as source:
        sender = Sender(source, b"x")
        (delivery,) = source.receive(10)
        waiting = Sender(source, b"y")
        while not source._waiting:
            waiting.join(0.01)
        source.settle(delivery, Outcome.DELIVERED)
    assert (sender.result(), waiting.result()) == ((200, b"ok"), (503, b"Service Unavailable"))


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsluice.sources.http.source.SPARE_CONNECTIONS", 0)
    with (
        listening(pending=1) as source,
        socket.create_connection(source.address, timeout=20),
        socket.create_connection(source.address, timeout=20) as one_too_many,
    ):
        assert one_too_many.recv(1) == b""


def test_headers_with_credentials_are_not_kept() -> None:
    with listening() as source:
        sender = Sender(source, b"x", Cookie="session=1", Authorization="Bearer t", X_Kept="1")
        (delivery,) = source.receive(10)
        (event,) = events(delivery)
        source.settle(delivery, Outcome.DELIVERED)
        sender.join(20)
    headers = event["@metadata"]["http"]["headers"]
    assert {"cookie", "authorization", "x-kept"} & headers.keys() == {"x-kept"}


def test_headers_are_named_as_logstash_does() -> None:
    with listening(header_names="logstash") as source:
        sender = Sender(source, b"x", X_Own_Header="1", Authorization="Bearer t")
        (delivery,) = source.receive(10)
        (event,) = events(delivery)
        source.settle(delivery, Outcome.DELIVERED)
        sender.join(20)
        place = "{}:{}".format(*source.address)
    assert event["@metadata"]["http"]["headers"] == {
        "accept_encoding": "identity",
        "content_length": "1",
        "http_accept": None,
        "http_host": place,
        "http_user_agent": None,
        "http_version": "HTTP/1.1",
        "request_method": "POST",
        "request_path": "/in?x=1",
        "x_own_header": "1",
    }


def test_a_password_that_can_not_be_read_is_told_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_PASSWORD", raising=False)
    config = Config.model_validate({"port": 0, "user": "u", "password": {"env": "NO_SUCH_PASSWORD"}})
    with pytest.raises(UsageError, match="NO_SUCH_PASSWORD"):
        build(config, Context()).open()


@pytest.mark.parametrize(
    ("options", "warned"),
    [
        ({}, []),
        ({"host": "0.0.0.0"}, ["whoever reaches this port can send"]),
        ({"host": "0.0.0.0", "user": "u", "password": "p"}, ["there is no TLS"]),
    ],
)
def test_a_port_that_others_reach_is_warned_about(options: dict[str, str], warned: list[str]) -> None:
    config = Config.model_validate(options)
    assert [sentence.partition(":")[0] for _, sentence in concerns(config, Context())] == warned
