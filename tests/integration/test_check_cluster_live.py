"""`check --live` looks at real clusters: what lies behind the names of indices, and who may what."""

from __future__ import annotations

from pathlib import Path

from logsluice.config.check import check_file
from tests.parts.opensearch import OpenSearch, SecureOpenSearch

CONFIG = """\
pipelines:
  - source: {{type: files, paths: [logs]}}
    format: alb
    outputs:
      - opensearch: {{hosts: "{url}", index: "{index}"{more}}}
    dead_letter: /elsewhere
"""
PLACE = "pipelines[0].outputs[0].opensearch"


def said_of(folder: Path, url: str, index: str = "look-%{+yyyy.MM.dd}", more: str = "") -> list[tuple[str, str, str]]:
    file = folder / "pipeline.yaml"
    file.write_text(CONFIG.format(url=url, index=index, more=more))
    found = check_file(str(file), live=True)
    return [(problem.severity, problem.option.removeprefix(PLACE), problem.message) for problem in found]


def test_a_good_cluster_is_nothing_to_talk_of_and_stays_as_it_is(clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    assert said_of(tmp_path, clean_opensearch.url) == []
    assert clean_opensearch.call("GET", "/look-*") == (200, {})


def test_rollover_aliases_and_data_streams_are_found(clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    call = clean_opensearch.call
    call("PUT", "/look-000001", {"aliases": {"look-alias": {"is_write_index": True}, "looked": {}}})
    call("PUT", "/look-000002", {"aliases": {"look-both": {}}})
    call("PUT", "/look-000003", {"aliases": {"look-both": {}}})
    call("PUT", "/_index_template/streams", {"index_patterns": ["look-stream*"], "data_stream": {}, "priority": 500})
    status, answer = call("PUT", "/_data_stream/look-stream", None)
    assert status == 200, answer
    more = ", pipeline: nowhere"
    assert said_of(tmp_path, clean_opensearch.url, "look-%{type}", more) == [
        ("warning", ".index", "an event without [type] has no such name and goes to the dead letter"),
        (
            "warning",
            ".index",
            (
                "look-alias is an alias with a write index (look-000001): an id is unique within one index, so a repeat"
                " that comes after a rollover is a second document; name indices by the event's own time, such as"
                " %{+yyyy.MM.dd}"
            ),
        ),
        ("warning", ".index", "look-both is an alias of 2 indices, none of which is to be written to"),
        (
            "warning",
            ".index",
            (
                "look-stream is a data stream: set `data_stream: true`; an id is unique within one backing index, so a"
                " repeat that comes after a rollover is a second document"
            ),
        ),
        (
            "warning",
            ".pipeline",
            "the cluster has no ingest pipeline 'nowhere': every document would be refused",
        ),
    ]


def test_what_a_user_may_not_do_is_told(secure_opensearch: SecureOpenSearch, tmp_path: Path) -> None:
    node = secure_opensearch
    node.add_user("writer", "Hunter22!hunter", "look-*")
    node.add_user("reader", "Hunter22!hunter", "look-*")
    node.call("PUT", "/_plugins/_security/api/roles/reader", {"cluster_permissions": ["cluster:monitor/main"]})
    user = f', ca_file: "{node.ca_file}", user: {{}}, password: "{{}}"'
    wrong = said_of(tmp_path, node.url, more=user.format("writer", "wrong-Hunter22"))
    assert [(severity, option) for severity, option, _ in wrong] == [("error", PLACE.removesuffix(".opensearch"))]
    assert "refuses the credentials (401)" in wrong[0][2]
    # by default everybody may send bulk requests, for an index of his own
    node.call("PUT", "/_plugins/_security/api/rolesmapping/own_index", {"users": ["nobody"]})
    try:
        told = {
            name: said_of(tmp_path, node.url, more=user.format(name, "Hunter22!hunter"))
            for name in ("writer", "reader")
        }
    finally:
        node.call("PUT", "/_plugins/_security/api/rolesmapping/own_index", {"users": ["*"]})
    templates = (
        "warning",
        ".manage_template",
        (
            "index templates may not be looked at, nor, it seems, installed: grant it to this user, or set"
            " `manage_template: false` and install them yourself"
        ),
    )
    aliases = ("warning", ".index", "aliases may not be looked at, so whether look-* is one can't be told")
    assert told["writer"] == [aliases, templates]
    assert told["reader"][:2] == [aliases, templates]
    assert "this user may not write by bulk requests: " in told["reader"][2][2]
    assert "Hunter22" not in str((wrong, told))
