"""The output `http`: what is sent in which form, and what answers mean."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.config.load import load_text
from logsluice.config.model import OutputSpec
from logsluice.errors import Busy, Sick, SinkFault
from logsluice.model import Event, Sent
from logsluice.sinks import http
from logsluice.sinks.http import Config, build
from logsluice.testing.sinks import must_not_refuse, opened
from tests.unit.listeners import HttpListener, Received, http_listener

TIME = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[HttpListener]:
    with http_listener() as listener:
        yield listener


def event(number: int = 1, **fields: Any) -> Event:
    return {"@timestamp": TIME, "number": number, **fields, "@metadata": {"_id": str(number)}}


def send(url: str, *events: Event, timestamps: Any = "exact", **options: Any) -> Sent:
    config = Config.model_validate({"url": url, **options})
    with opened(build(config, Context(timestamps=timestamps))) as sink:
        return sink.send(sink.encode(events, must_not_refuse))


WHOLE = {"@timestamp": "2026-01-31T12:00:00Z", "number": 1, "a b": "ü"}


@pytest.mark.parametrize(
    ("options", "content_type", "body"),
    [
        ({}, "application/json", json.dumps(WHOLE, ensure_ascii=False, separators=(",", ":"))),
        ({"timestamps": "logstash", "mapping": {"t": "%{@timestamp}", "n": ["%{number}", 5], "%{number}": {"x": None}}},
         "application/json", '{"t":"2026-01-31T12:00:00.000Z","n":["1",5],"1":{"x":null}}'),
        ({"format": "json_batch"}, "application/json", json.dumps([WHOLE], ensure_ascii=False, separators=(",", ":"))),
        ({"format": "form"}, "application/x-www-form-urlencoded",
         "%40timestamp=2026-01-31T12%3A00%3A00.000Z&number=1&a+b=%C3%BC"),
        ({"format": "form", "mapping": {"q": "%{[a b]}&"}}, "application/x-www-form-urlencoded", "q=%C3%BC%26"),
        ({"format": "message", "message": "<%{number}> %{missing}"}, "text/plain", "<1> %{missing}"),
        ({"content_type": "application/x-own"}, "application/x-own",
         json.dumps(WHOLE, ensure_ascii=False, separators=(",", ":"))),
        ({"preset": "slack", "mapping": {"text": "hot: %{number}"}}, "application/json", '{"text":"hot: 1"}'),
        ({"preset": "slack"}, "application/json", '{"text":"%{message}"}'),
    ],
)  # fmt: skip
def test_forms_of_a_body(server: HttpListener, options: dict[str, Any], content_type: str, body: str) -> None:
    assert send(server.url, event(1, **{"a b": "ü"}), **options) == Sent()
    (received,) = server.received
    assert (received.method, received.headers["content-type"]) == ("POST", content_type)
    assert received.body.decode() == body


def test_url_method_headers_and_compression(server: HttpListener) -> None:
    options = {
        "method": "put",
        "headers": {"X-Token": "secret"},
        "event_headers": {"x-number": "%{number}"},
        "user": "joe",
        "password": "pass",
        "compress": True,
    }
    assert send(f"{server.url}/of/%{{number}}?a=b", event(7), **options) == Sent()
    (received,) = server.received
    assert (received.method, received.path) == ("PUT", "/of/7?a=b")
    assert received.headers["x-token"] == "secret"
    assert received.headers["x-number"] == "7"
    assert received.headers["authorization"] == "Basic am9lOnBhc3M="
    assert json.loads(gzip.decompress(received.body))["number"] == 7


def test_an_event_that_makes_no_request_is_refused(server: HttpListener) -> None:
    sink = build(Config.model_validate({"url": "%{to}", "event_headers": {"x-a": "%{a}"}}), Context())
    refused: dict[int, str] = {}
    events = [event(), event(to="ftp://a"), event(to=server.url, a="b\nc"), event(to=server.url, a="b")]
    assert len(sink.encode(events, refused.__setitem__)) == 1
    assert refused == {
        0: "the event lacks a field of the URL '%{to}'",
        1: "the event's values make no URL: 'ftp://a'",
        2: "the event's values can't stand in a header",
    }


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, None), (204, None), (418, None),
        (408, Busy), (425, Busy), (429, Busy), (500, Busy), (503, Busy), (599, Busy), (409, Busy),
        (301, Sick), (307, Sick), (401, Sick), (403, Sick), (407, Sick), (404, Sick), (405, Sick), (410, Sick),
        (400, str), (413, str), (422, str),
    ],
)  # fmt: skip
def test_what_an_answer_means(server: HttpListener, status: int, kind: type[object] | None) -> None:
    server.answer = lambda _: (status, b"what\nwas said")
    sent = send(f"{server.url}/key", event(), retryable_codes=[409], ignorable_codes=[418])
    results = [*sent.rejected.values(), *sent.failed.values()]
    assert [type(result) for result in results] == ([kind] if kind else [])
    assert all(str(result).startswith(f"{server.url}: {status} what was said") for result in results)


def test_a_url_that_an_event_made_and_that_leads_nowhere_is_the_events_fault(server: HttpListener) -> None:
    server.answer = lambda received: (404 if received.path == "/1" else 200, b"")
    sent = send(f"{server.url}/%{{number}}", event(0), event(1), event(2))
    assert sent == Sent(rejected={1: f"{server.url}: 404"})


@pytest.mark.parametrize("port", ["99999", "none"])
def test_a_url_that_no_server_can_be_asked_at_is_the_events_fault(port: str) -> None:
    sent = send("http://127.0.0.1:%{port}/key", event(port=port))
    assert sent == Sent(rejected={0: f"http://127.0.0.1:{port}: no server can be asked at such a URL"})


def test_a_secret_that_can_not_stand_in_a_header_pauses_and_is_not_said(server: HttpListener) -> None:
    fault = send(server.url, event(), headers={"authorization": "Bearer hush\nhush"}).failed[0]
    assert type(fault) is Sick
    assert str(fault).startswith("the header authorization holds a line end")
    assert "hush" not in str(fault)


def test_of_a_long_answer_the_beginning_is_read_and_short_ones_keep_the_connection(server: HttpListener) -> None:
    server.answer = lambda _: (400, b"long " * 1_000_000)
    assert len(send(server.url, event()).rejected[0]) < 400
    server.answer = lambda _: (200, b"ok")
    with opened(build(Config(url=server.url, connections=1), Context())) as sink:
        for number in range(3):
            assert sink.send(sink.encode([event(number)], must_not_refuse)) == Sent()
    clients = [received.client for received in server.received]
    assert len(set(clients[1:])) == 1
    assert clients[0] != clients[1]


def test_of_a_batch_only_what_is_refused_alone_is_rejected(server: HttpListener) -> None:
    def answer(received: Received) -> tuple[int, bytes]:
        return (400, b"3 is bad") if 3 in [document["number"] for document in json.loads(received.body)] else (200, b"")

    server.answer = answer
    sent = send(server.url, *map(event, range(5)), format="json_batch")
    assert sent == Sent(rejected={3: f"{server.url}: 400 3 is bad"})
    arrived = [json.loads(received.body) for received in server.received if answer(received)[0] == 200]
    assert sorted(document["number"] for batch in arrived for document in batch) == [0, 1, 2, 4]


def test_one_that_is_not_taken_does_not_touch_the_others(server: HttpListener) -> None:
    server.answer = lambda received: (503 if b'"number":1' in received.body else 200, b"")
    sent = send(server.url, *map(event, range(3)))
    assert {index: type(fault) for index, fault in sent.failed.items()} == {1: Busy}


def test_nobody_there_is_busy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        fault: SinkFault = send(url, event()).failed[0]
    assert type(fault) is Busy
    assert str(fault).startswith(f"POST {url}: ")


def test_a_port_without_tls_is_sick(server: HttpListener) -> None:
    fault = send(server.url.replace("http:", "https:"), event()).failed[0]
    assert type(fault) is Sick


def test_a_delivery_does_not_wait_for_a_preset_unless_that_is_said(tmp_path: Path) -> None:
    def required(more: str) -> bool:
        text = f"pipelines: [{{source: {{type: files, paths: ['-']}}, outputs: [{{http: {{url: 'http://a', {more}}}]}}]"
        (spec,) = load_text(text, "a.yaml", tmp_path, {}).model.pipelines[0].outputs
        assert isinstance(spec, OutputSpec)
        return spec.required

    assert [required("preset: slack}"), required("preset: slack}, required: true"), required("}")] == [
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"url": "ftp://a"}, "must be a URL"),
        ({"url": "http://joe:pass@a"}, "options of their own"),
        ({"format": "message"}, "`format: message` and `message` go together"),
        ({"format": "message", "message": "a", "mapping": {}}, "`mapping` is for the other formats"),
        ({"mapping": {"a": ["%{[b}"]}}, "b"),
        ({"user": "a"}, "`user` and `password` go together"),
        ({"preset": "slack", "format": "form"}, "a preset says what is sent"),
        ({"headers": {"a b": "c"}}, "'a b' is no name of a header"),
        ({"client_key": "a"}, "`client_key` belongs to a `client_certificate`"),
    ],
)
def test_options_that_can_not_work_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Config.model_validate({"url": "http://a", **options})


def test_what_will_be_regretted_is_warned_about() -> None:
    def warned(**options: Any) -> list[str]:
        return [option for option, _ in http.concerns(Config.model_validate({"url": "http://a", **options}), Context())]

    assert warned(format="json_batch") == []
    assert warned(format="json_batch", url="http://a/%{b}") == []
    assert warned(format="json_batch", url="http://%{b}/a") == ["url"]
    assert warned(method="get", verify_certificates=False) == ["verify_certificates", "method", "format"]
