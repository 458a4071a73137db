"""The source that takes events by HTTP."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.formats import load
from logsluice.model import Delivery, Event, Outcome
from logsluice.sources.http import Config, build
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
