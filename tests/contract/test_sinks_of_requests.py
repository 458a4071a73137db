"""The outputs `http` and `datadog` pass the suite of sinks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import datadog, http
from logsluice.testing.sinks import SinkSuite
from tests.unit.listeners import HttpListener, http_listener


class TestHttp(SinkSuite):
    options: Mapping[str, Any] = {}

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with http_listener() as self.listener:
            yield

    listener: HttpListener

    def make(self) -> Sink:
        url = f"{self.listener.url}/%{{[@metadata][format]}}"
        return http.build(http.Config.model_validate({"url": url, **self.options}), Context())

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        return [json.loads(request.body) for request in self.listener.received]

    def unwanted(self) -> list[Event]:
        event = self.event(-1)
        del event["@metadata"]["format"]
        return [event]


class TestHttpBatches(TestHttp):
    options: Mapping[str, Any] = {"format": "json_batch"}

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        return [document for request in self.listener.received for document in json.loads(request.body)]


class TestDatadog(SinkSuite):
    listener: HttpListener

    @pytest.fixture(autouse=True)
    def _server(self) -> Iterator[None]:
        with http_listener() as self.listener:
            yield

    def make(self) -> Sink:
        options = {"api_key": "k", "url": self.listener.url, "title": "%{number}", "date_happened": "%{when}"}
        return datadog.build(datadog.Config.model_validate(options), Context())

    def event(self, number: int) -> Event:
        return super().event(number) | {"when": 1769860800}

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        bodies = [json.loads(request.body) for request in self.listener.received]
        return [{"number": int(body["title"]), "message": body["text"]} for body in bodies]

    def unwanted(self) -> list[Event]:
        return [self.event(-1) | {"when": "today"}]

    def test_a_document_can_be_taken_out_for_the_dead_letter(self) -> None:
        sink = self.make()
        document = json.loads(sink.document(sink.encode(self.events(1, 2), lambda *_: None), 1))
        assert document == {
            "title": "2",
            "text": self.event(2)["message"],
            "source_type_name": "my apps",
            "date_happened": 1769860800,
        }

    def test_joined_requests_keep_the_order_and_all_arrive(self) -> None:
        sink = self.make()
        sink.open()
        joined = self._joined(sink)
        assert sink.send(joined).failed == {}
        sink.close()
        assert sorted(self._numbers()) == [0, 1, 2, 3, 4, 5]
