"""Logstash's configurations in the native model: what they become, and how what is wrong in them is told."""

from __future__ import annotations

from typing import Any

import pytest

from logsluice.compat.logstash.load import document_of_text
from logsluice.compat.logstash.values import in_hash_order
from logsluice.config.load import load_text
from logsluice.errors import ConfigError


def native(text: str, **environ: str) -> list[dict[str, Any]]:
    document = document_of_text(text, "a.conf", environ)
    assert document.problems == []
    pipelines: list[dict[str, Any]] = document.data["pipelines"]
    return pipelines


def problems(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(text, "a.conf", environ=environ)
    return [str(problem) for problem in caught.value.problems]


def test_a_pipeline_is_translated_whole() -> None:
    text = """
    input { stdin { codec => json type => "alb" tags => ["a"] add_field => { "b" => "c" } } }
    filter {
      if [status] >= 500 { mutate { add_tag => "error" } }
      else if "x" in [tags] { drop { } }
      else { date { match => ["t", "ISO8601"] } }
    }
    output { stdout { codec => rubydebug { metadata => true } id => out } }
    """
    assert native(text) == [
        {
            "name": "main",
            "origin": False,
            "timestamps": "logstash",
            "source": {"type": "files", "paths": ["-"], "follow": True},
            "format": {"type": "json", "as_logstash": True},
            "defaults": {"@version": "1", "type": "alb"},
            "filters": [
                {"mutate": {"add_field": {"b": ["c"]}, "add_tag": ["a"]}},
                {
                    "if": {"logstash": "[status] >= 500"},
                    "then": [{"mutate": {"add_tag": "error"}}],
                    "else": [
                        {
                            "if": {"logstash": '"x" in [tags]'},
                            "then": [{"drop": {}}],
                            "else": [{"date": {"match": ["t", "ISO8601"]}}],
                        }
                    ],
                },
            ],
            "outputs": [{"stdout": {"codec": {"rubydebug": {"metadata": True}}}, "name": "out"}],
        }
    ]


def test_each_input_feeds_a_pipeline_of_its_own_with_the_same_filters() -> None:
    one, two = native("input { stdin { } stdin { } } filter { drop { } } output { stdout { } }")
    assert (one["name"], two["name"]) == ("main", "main-stdin")
    assert {**one, "name": ""} == {**two, "name": ""}


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        ("stdin { }", ["main"]),
        ("stdin { } generator { }", ["main", "main-generator"]),
        ("stdin { } stdin { } generator { } stdin { }", ["main", "main-stdin", "main-generator", "main-stdin-2"]),
        ("stdin { id => 'a' }", ["main-a"]),
        ("generator { } stdin { id => 'a' }", ["main", "main-a"]),
        ("stdin { id => 'a' } generator { }", ["main-a", "main"]),
    ],
)
def test_an_input_that_is_added_changes_no_name_for_positions_are_kept_by_it(inputs: str, names: list[str]) -> None:
    text = f"input {{ {inputs} }} output {{ stdout {{ }} }}"
    assert [pipeline["name"] for pipeline in native(text)] == names


def test_variables_are_replaced_and_may_have_defaults() -> None:
    (pipeline,) = native('filter { mutate { add_field => { "${K}" => "${V:x y} $V" } } }', K="key")
    assert pipeline["filters"] == [{"mutate": {"add_field": {"key": "x y $V"}}}]


def test_a_repeated_option_is_joined() -> None:
    (pipeline,) = native(
        """filter { mutate { add_tag => ["a"] add_tag => "b" rename => { "a" => "b" } rename => { "c" => "d" }
        remove_tag => "x" remove_tag => ["lost"] } }"""
    )
    assert pipeline["filters"] == [
        {"mutate": {"add_tag": ["a", "b"], "rename": {"a": "b", "c": "d"}, "remove_tag": ["x"]}}
    ]


def test_a_key_of_a_repeated_hash_gets_all_its_values() -> None:
    (pipeline,) = native('filter { grok { match => { "a" => "x" } match => { "a" => ["y"] "b" => "z" } } }')
    assert pipeline["filters"] == [{"grok": {"match": {"a": ["x", "y"], "b": "z"}}}]


def test_hashes_are_in_the_order_of_javas_hash_map() -> None:
    # of 16 buckets "aa" and "bB" (both hash to 3104) share one, and so do "z" (122) and "Z" (90)
    keys = ["z", "b", "a", "Z", "aa", "bB"]
    assert list(in_hash_order(dict.fromkeys(keys))) == ["aa", "bB", "a", "b", "z", "Z"]


def test_everything_wrong_is_told_at_once_each_with_its_place() -> None:
    text = """input {
  stdin { codec => json_line }
}
filter {
  mutate { add_fiel => { "a" => "b" } id => "x" }
  mutatee { }
  drop { id => "x" }
  if [a] ==
    5 { drop { } } else if [b] =>
 5 { }
  mutate { add_tag => "${NOWHERE}" }
}
output { stdout { codec => dot } }
"""
    assert problems(text) == [
        "a.conf:2:11: codec.json_line: there is no codec 'json_line'; did you mean 'json_lines' or 'line'?",
        "a.conf:5:12: filter.mutate.add_fiel: there is no option 'add_fiel'; did you mean 'add_field'?",
        "a.conf:6:3: filter.mutatee: there is no filter 'mutatee'; did you mean 'mutate'?",
        "a.conf:7:10: filter.drop.id: another plugin of the pipeline has the id 'x' already",
        "a.conf:9:32: if: expected < > <= >=, == !=, =~ !~, and, in, nand, not, or, xor, found '='",
        (
            "a.conf:11:12: filter.mutate.add_tag: the environment variable NOWHERE is not set; set it or write"
            " ${NOWHERE:a default}"
        ),
        "a.conf:13:19: codec.dot: there is no codec 'dot'; did you mean 'dots'?",
    ]


def test_what_came_from_the_environment_is_never_shown() -> None:
    assert problems('input { stdin { typo => "${SECRET}" } }', SECRET="hunter22") == [
        "a.conf:1:17: input.stdin.typo: there is no option 'typo'; did you mean 'type'?"
    ]


@pytest.mark.parametrize(
    ("codec", "follow"),
    [
        ("", True),
        ("codec => line", True),
        ("codec => json", True),
        ('codec => line { delimiter => "\n" }', True),
        ('codec => line { delimiter => ";" }', False),
        ('codec => multiline { pattern => "x" what => "next" }', False),
    ],
)
def test_standard_input_is_followed_unless_its_events_may_have_several_lines(codec: str, follow: bool) -> None:
    (pipeline,) = native("input { stdin { " + codec + " } } output { stdout { } }")
    assert pipeline["source"] == {"type": "files", "paths": ["-"], **({"follow": True} if follow else {})}
