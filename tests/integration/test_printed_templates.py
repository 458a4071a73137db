"""Index templates that are printed for an administrator: a real node takes them, and the outputs install the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from logsluice.config.assemble import assemble
from logsluice.config.load import load_file
from logsluice.testing.sinks import must_not_refuse, opened
from tests.end_to_end.program import run
from tests.parts.opensearch import OpenSearch

NATIVE = """\
pipelines:
  - name: one
    source: {{type: files, paths: [a]}}
    format: alb
    outputs: &outputs [{{opensearch: {{hosts: "{url}"}}}}]
  - {{name: two, source: {{type: files, paths: [b]}}, format: waf, outputs: *outputs}}
  - name: shared
    source: {{type: files, paths: [c]}}
    format: vpc_flow
    outputs: [{{opensearch: {{hosts: "{url}", index: "logsluice-alb-%{{+yyyy}}"}}}}]
"""
BEATS = """\
s3logsbeat.inputs:
  - {{type: sqs, queues_url: ["http://127.0.0.1:1/1/alb"], log_format: alb}}
  - {{type: sqs, queues_url: ["http://127.0.0.1:1/1/cdn"], log_format: cloudfront}}
output.elasticsearch.hosts: ["{url}"]
"""


def installed(node: OpenSearch, file: Path) -> dict[str, Any]:
    """What is in the cluster after every output of a configuration has sent an event."""
    for number, service in enumerate(assemble(load_file(str(file)))):
        for sender in service.pipeline.senders:
            event: dict[str, Any] = {
                "@timestamp": datetime(2026, 1, 31, tzinfo=UTC),
                "beat": {"version": "6.0.2"},
                "@metadata": {"_id": str(number), "format": service.pipeline.decoder.format.name},
            }
            with opened(sender.output.sink) as sink:
                assert not sink.send(sink.encode([event], must_not_refuse)).rejected
    return in_cluster(node)


def in_cluster(node: OpenSearch) -> dict[str, Any]:
    return {each["name"]: each["index_template"] for each in node.call("GET", "/_index_template")[1]["index_templates"]}


def test_001_14_what_templates_prints_is_taken_and_is_what_the_outputs_install(
    clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(NATIVE.format(url=clean_opensearch.url))
    expected = installed(clean_opensearch, file)
    clean_opensearch.clean()
    printed = run("templates", str(file))
    assert printed.returncode == 0, printed.stderr
    for request in printed.stdout.split("PUT ")[1:]:
        path, _, body = request.partition("\n")
        assert clean_opensearch.call("PUT", f"/{path}", json.loads(body))[0] == 200
    assert in_cluster(clean_opensearch) == expected
    assert {name: each["index_patterns"] for name, each in expected.items()} == {
        "logsluice-alb": ["logsluice-alb-*"],
        "logsluice-waf": ["logsluice-waf-*"],
    }
    assert expected["logsluice-alb"]["template"]["mappings"]["_meta"] == {"formats": ["alb", "vpc_flow"]}


def test_001_14_what_s3logsbeat_exports_is_taken_and_is_what_its_output_installs(
    clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    file = tmp_path / "s3logsbeat.yml"
    file.write_text(BEATS.format(url=clean_opensearch.url))
    expected = installed(clean_opensearch, file)
    clean_opensearch.clean()
    printed = run("s3logsbeat", "export", "template", "-c", str(file))
    assert printed.returncode == 0, printed.stderr
    name = "logsluice-s3logsbeat-6.0.2"
    assert clean_opensearch.call("PUT", f"/_index_template/{name}", json.loads(printed.stdout))[0] == 200
    assert in_cluster(clean_opensearch) == expected
    assert list(expected) == [name]
    properties = expected[name]["template"]["mappings"]["properties"]
    assert properties["client_ip"] == properties["c_ip"] == {"type": "ip", "ignore_malformed": True}


def test_a_template_is_printed_for_the_cluster_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text(NATIVE.format(url="http://127.0.0.1:1"))
    mapped = [
        json.loads(run("templates", "--cluster", runs, str(file), "logsluice-waf").stdout)["template"]["mappings"]
        for runs in ("opensearch", "opensearch:3", "opensearch:2.6.0", "elasticsearch")
    ]
    assert [each["properties"]["labels"] for each in mapped] == [
        {"type": "flat_object"},
        {"type": "flat_object"},
        {"type": "object", "enabled": False},
        {"type": "flattened", "ignore_above": 8191},
    ]


def test_what_can_not_be_printed_is_said(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.yaml"
    file.write_text("pipelines: [{source: {type: files, paths: [a]}, outputs: [stdout]}]")
    said = {
        ("templates", str(file)): "no output of it needs an index template",
        ("templates", "--cluster", "solr", str(file)): "write opensearch, opensearch:2.5 or elasticsearch",
    }
    for arguments, sentence in said.items():
        done = run(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert sentence in done.stderr
