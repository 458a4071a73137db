"""A template of the user's own, installed on a real node when the output is opened."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from logsluice.compat.logstash.clusters import TEMPLATE
from logsluice.components import Context
from logsluice.errors import Sick, UsageError
from logsluice.sinks import opensearch as sink_module
from logsluice.testing.sinks import must_not_refuse, opened
from tests.parts.opensearch import OpenSearch

LEGACY = {"index_patterns": ["own-*"], "order": 7, "mappings": {"properties": {"a": {"type": "ip"}}}}
COMPOSABLE = {"index_patterns": ["own-*"], "template": {"mappings": {"properties": {"a": {"type": "ip"}}}}}


@pytest.fixture
def node(clean_opensearch: OpenSearch) -> Iterator[OpenSearch]:
    yield clean_opensearch
    for kind in ("_template", "_index_template"):
        for name in ("own", "logstash"):
            clean_opensearch.call("DELETE", f"/{kind}/{name}")


def send(node: OpenSearch, index: str, fields: dict[str, Any], base: Path = Path(), **options: Any) -> dict[str, Any]:
    """Sends one event; returns the mapping that its index has."""
    config = sink_module.Config.model_validate({"hosts": node.url, "index": index, **options})
    with opened(sink_module.build(config, Context(base=base))) as sink:
        assert sink.send(sink.encode([{**fields, "@metadata": {"_id": "1"}}], must_not_refuse)).failed == {}
    status, answer = node.call("GET", f"/{index}/_mapping")
    assert status == 200, answer
    mapping: dict[str, Any] = answer[index]["mappings"]["properties"]
    return mapping


@pytest.mark.parametrize("template", [LEGACY, COMPOSABLE], ids=["legacy", "composable"])
def test_it_is_in_force_before_the_first_document(node: OpenSearch, tmp_path: Path, template: dict[str, Any]) -> None:
    (tmp_path / "own.json").write_text(json.dumps(template))
    mapping = send(node, "own-1", {"a": "10.0.0.1"}, tmp_path, template="own.json", template_name="own")
    assert mapping == {"a": {"type": "ip"}}


def test_one_that_is_there_stays_unless_it_is_to_be_overwritten(node: OpenSearch) -> None:
    text = {**LEGACY, "mappings": {"properties": {"a": {"type": "keyword"}}}}
    send(node, "own-1", {"a": "10.0.0.1"}, template=LEGACY, template_name="own")
    assert send(node, "own-2", {"a": "10.0.0.1"}, template=text, template_name="own") == {"a": {"type": "ip"}}
    options: dict[str, Any] = {"template": text, "template_name": "own", "template_overwrite": True}
    assert send(node, "own-3", {"a": "10.0.0.1"}, **options) == {"a": {"type": "keyword"}}


def test_that_of_logstash_makes_text_with_a_keyword_beside_it(node: OpenSearch) -> None:
    fields = {"message": "m", "host": "h", "@version": "1", "geoip": {"location": {"lat": 1.5, "lon": 2.5}}}
    mapping = send(node, "logstash-2026.01.31", fields, template=TEMPLATE, template_name="logstash")
    assert mapping["message"] == {"type": "text", "norms": False}
    assert mapping["host"] == {
        "type": "text",
        "norms": False,
        "fields": {"keyword": {"type": "keyword", "ignore_above": 256}},
    }
    assert mapping["geoip"]["properties"]["location"] == {"type": "geo_point"}


def test_one_that_the_cluster_refuses_pauses_the_output(node: OpenSearch) -> None:
    broken = {"index_patterns": ["own-*"], "mappings": {"properties": {"a": {"type": "nothing"}}}}
    with pytest.raises(Sick, match=r"the template own can't be installed: 400 .*nothing"):
        send(node, "own-1", {}, template=broken, template_name="own")


@pytest.mark.parametrize(("content", "said"), [(None, "can't be read"), ("{", "no JSON"), ("[]", "no JSON object")])
def test_a_file_that_is_no_template_is_told(node: OpenSearch, tmp_path: Path, content: str | None, said: str) -> None:
    if content is not None:
        (tmp_path / "own.json").write_text(content)
    with pytest.raises(UsageError, match=said):
        send(node, "own-1", {}, tmp_path, template="own.json", template_name="own")
