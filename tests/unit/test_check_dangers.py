"""What `check` says of filters and of names of documents that will be regretted."""

from __future__ import annotations

from pathlib import Path

import pytest

from logsluice.config.check import check_file

OPEN_ENDED = "every key of the data becomes a field of the event"
NAMED = "fields are named by the data"
COLLIDES = "MURMUR3 has 32 bits"
BREAK = "the pattern for message holds a line break"
LACKS = "an event without {} has no such name"


def warnings(folder: Path, filters: str, output: str = "", inputs: str = "stdin { }") -> list[tuple[str, str]]:
    """Options and the beginnings of what is said."""
    (folder / "a.conf").write_text(
        f"input {{ {inputs} }}\nfilter {{ {filters} }}\n"
        f"output {{ elasticsearch {{ hosts => ['https://search.example.com'] user => u0 password => pw {output} }} }}"
    )
    found = check_file(str(folder / "a.conf"))
    assert all(problem.severity == "warning" for problem in found), found
    return [(problem.option, problem.message) for problem in found if "dead_letter" not in problem.option]


@pytest.mark.parametrize(
    ("filters", "option", "beginning"),
    [
        ('json { source => "message" }', "filter.json.source", OPEN_ENDED),
        ("kv { }", "filter.kv", OPEN_ENDED),
        ("""ruby { code => 'event.get("h").each { |h| event.set(name = h["n"], 1) }' }""", "filter.ruby.code", NAMED),
        ("""ruby { code => 'event.set(event.get("a"), 1)' }""", "filter.ruby.code", NAMED),
        ('grok { match => { "message" => "%{WORD:a} \n %{WORD:b}" } }', "filter.grok.match", BREAK),
    ],
)
def test_dangers_of_a_filter(tmp_path: Path, filters: str, option: str, beginning: str) -> None:
    ((found, message),) = warnings(tmp_path, filters)
    assert (found, message[: len(beginning)]) == (option, beginning)


@pytest.mark.parametrize(
    "filters",
    [
        'json { source => "message" target => "m" }',
        'kv { target => "m" }',
        'kv { include_keys => ["a"] }',
        """ruby { code => 'event.set("a", 1); event.set(name = "b", 2)' }""",
        'grok { match => { "message" => "%{WORD:a} %{WORD:b}" } }',
    ],
)
def test_no_danger_in_a_filter(tmp_path: Path, filters: str) -> None:
    assert warnings(tmp_path, filters) == []


@pytest.mark.parametrize(
    ("filters", "output", "option", "beginning"),
    [
        ("", 'index => "%{team}-x"', "index", LACKS.format("[team]")),
        ("", 'index => "x" document_id => "%{[a][b]}"', "document_id", LACKS.format("[a][b]")),
        ("", 'index => "x-%{[@metadata][day]}"', "index", LACKS.format("[@metadata][day]")),
        ('if [a] { mutate { add_field => { "b" => "c" } } }', 'index => "x-%{b}"', "index", LACKS.format("[b]")),
        ('fingerprint { method => "MURMUR3" }', 'document_id => "%{fingerprint}"', "document_id", COLLIDES),
    ],
)
def test_dangers_of_names(tmp_path: Path, filters: str, output: str, option: str, beginning: str) -> None:
    ((found, message),) = warnings(tmp_path, filters, output)
    assert (found, message[: len(beginning)]) == (f"output.elasticsearch.{option}", beginning)


@pytest.mark.parametrize(
    ("filters", "output", "inputs"),
    [
        ("", 'index => "%{type}-%{+YYYY.MM.dd}"', 'stdin { type => "alb" }'),
        ("", 'index => "x-%{[@metadata][s3][bucket]}"', "stdin { }"),
        ('mutate { add_field => { "b" => "c" } }', 'index => "x-%{b}"', "stdin { }"),
        ('fingerprint { method => "SHA256" }', 'document_id => "%{fingerprint}"', "stdin { }"),
        ("uuid { target => 'u1' }", 'document_id => "%{u1}"', "stdin { }"),
    ],
)
def test_no_danger_in_names(tmp_path: Path, filters: str, output: str, inputs: str) -> None:
    assert warnings(tmp_path, filters, output, inputs) == []


def test_a_condition_that_looks_at_the_field_is_enough(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        """pipelines:
  - source: {type: files, paths: ["-"]}
    dead_letter: /srv/dead-letter
    outputs:
      - if: "[team]"
        then: [{opensearch: {hosts: "https://a.example.com", index: "x-%{team}"}}]
        else: [{opensearch: {hosts: "https://a.example.com", index: "y-%{team}"}, name: other}]
"""
    )
    (problem,) = check_file(str(tmp_path / "a.yaml"))
    assert problem.option == "pipelines[0].outputs[0].else[0].opensearch.index"


def test_a_sincedb_that_may_vanish_is_said(tmp_path: Path) -> None:
    file = 'file { path => "/var/log/app.log" sincedb_path => "%s" }'
    said = dict(warnings(tmp_path, "", inputs=file % (tmp_path / "since")))
    assert said["input.file.sincedb_path"].startswith("it is in a folder that is emptied at times")
    assert "input.file.sincedb_path" not in dict(warnings(tmp_path, "", inputs=file % "/var/lib/logstash/since"))
