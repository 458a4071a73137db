# ruff: noqa: E501 - tables of options and what becomes of them
"""The output `datadog`: the event that is made of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.errors import Sick
from logsluice.sinks.datadog import Config, build, concerns
from logsluice.testing.sinks import must_not_refuse, opened
from tests.unit.listeners import http_listener

EVENT: dict[str, Any] = {
    "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 900_000, tzinfo=UTC),
    "host": "web",
    "message": "x" * 5000,
    "tags": ["a", "b"],
    "@metadata": {"_id": "1"},
}


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (
            {},
            {"title": "Event of web", "text": "x" * 4000, "source_type_name": "my apps", "date_happened": 1769860800, "tags": ["a", "b"]},
        ),
        (
            {"title": "t", "text": "%{host}", "tags": ["h:%{host}"], "priority": "low", "alert_type": "error", "date_happened": "5.5", "source_type_name": "chef"},
            {"title": "t", "text": "web", "tags": ["h:web"], "priority": "low", "alert_type": "error", "date_happened": 5, "source_type_name": "chef"},
        ),
    ],
)  # fmt: skip
def test_000_9_what_is_posted(options: dict[str, Any], body: dict[str, Any]) -> None:
    with http_listener() as server:
        config = Config.model_validate({"api_key": "key", "url": server.url, **options})
        with opened(build(config, Context())) as sink:
            assert sink.send(sink.encode([EVENT], must_not_refuse)).failed == {}
    (received,) = server.received
    assert (received.method, received.path, received.headers["dd-api-key"]) == ("POST", "/api/v1/events", "key")
    assert json.loads(received.body) == body


def test_a_wrong_key_pauses_the_output() -> None:
    with http_listener() as server:
        server.answer = lambda _: (403, b'{"errors":["Forbidden"]}')
        with opened(build(Config.model_validate({"api_key": "key", "url": server.url}), Context())) as sink:
            fault = sink.send(sink.encode([EVENT], must_not_refuse)).failed[0]
    assert type(fault) is Sick
    assert str(fault) == f'{server.url}: 403 {{"errors":["Forbidden"]}}'


def test_a_key_in_the_clear_is_warned_about() -> None:
    config = Config.model_validate({"api_key": "key", "url": "http://a"})
    assert list(concerns(config, Context())) == [("url", "the key goes over the network unencrypted")]
