from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logsluice.config.load import Configuration, load_text
from logsluice.config.model import Component, FilterBranch, OutputBranch, OutputSpec
from logsluice.delivery.policies import DEFAULTS
from logsluice.errors import ConfigError

MINIMAL = "pipelines: [{source: {type: files, paths: [logs]}, outputs: [stdout]}]"


def load(text: str, **environ: str) -> Configuration:
    return load_text(text, "f.yaml", Path("/base"), environ)


def problems(text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(text, **environ)
    return [str(problem) for problem in caught.value.problems]


def test_a_minimal_pipeline_has_defaults_for_the_rest() -> None:
    [pipeline] = load(MINIMAL).model.pipelines
    assert (pipeline.name, pipeline.format, pipeline.workers, pipeline.budget) == (
        "main",
        Component("auto", {}),
        2,
        33_554_432,
    )
    assert (pipeline.shutdown_timeout, pipeline.dead_letter, pipeline.document_id, pipeline.origin) == (
        30.0,
        "dead-letter",
        "position",
        True,
    )
    assert pipeline.limits.limits().record == 10 * 1024 * 1024


def test_everything_that_can_be_said_is_read() -> None:
    [pipeline] = load(
        """
pipelines:
  - name: alb
    source: {type: s3_sqs, queue: "${QUEUE}", buckets: [logs], aws: {region: eu-central-1}}
    format: {type: vpc_flow, fields: [version]}
    key_fields: '^(?P<environment>[^-]+)-(?P<application>[^/]+)/'
    fields: {team: web, size: 3}
    document_id: content
    origin: false
    filters:
      - drop
      - if: '[a] == 1'
        then: [{mutate: {add_tag: [x]}}]
        else:
          - if: '[b]'
            then: [drop]
    outputs:
      - store: {path: here}
        name: local
        required: false
      - if: '[a] == 1'
        then: [stdout]
    on: {missing: discard, denied: retry}
    workers: 4
    budget: 64MiB
    shutdown_timeout: 1m
    limits: {record: 1MiB, expansion: 50}
""",
        QUEUE="https://sqs.eu-central-1.amazonaws.com/123456789012/logs",
    ).model.pipelines
    assert pipeline.source.options.queue == "https://sqs.eu-central-1.amazonaws.com/123456789012/logs"
    assert pipeline.format == Component("vpc_flow", {"fields": ["version"]})
    assert pipeline.key_fields is not None
    assert dict(pipeline.key_fields.groupindex) == {"environment": 1, "application": 2}
    assert pipeline.fields == {"team": "web", "size": 3}
    drop, branch = pipeline.filters
    assert isinstance(drop, Component)
    assert isinstance(branch, FilterBranch)
    assert branch.condition.holds({"a": 1})
    assert not branch.condition.holds({"a": 2})
    assert isinstance(branch.otherwise[0], FilterBranch)
    local, routed = pipeline.outputs
    assert isinstance(local, OutputSpec)
    assert (local.type, local.name, local.required, local.options.path) == ("store", "local", False, Path("here"))
    assert isinstance(routed, OutputBranch)
    assert pipeline.on == {"missing": "discard", "denied": "retry"}
    assert (pipeline.workers, pipeline.budget, pipeline.shutdown_timeout) == (4, 67_108_864, 60.0)
    assert (pipeline.limits.limits().record, pipeline.limits.limits().expansion) == (1_048_576, 50)


@pytest.mark.parametrize("policy", DEFAULTS)
def test_every_policy_can_be_declared(policy: str) -> None:
    text = MINIMAL.replace("outputs", f"on: {{{policy}: discard}}, outputs")
    assert load(text).model.pipelines[0].on == {policy: "discard"}


@pytest.mark.parametrize("text", ["", "# nothing\n"])
def test_an_empty_file_is_said_to_be_empty(text: str) -> None:
    assert problems(text) == ["f.yaml: the configuration is empty; it needs `pipelines:`"]


def test_what_follows_from_an_unset_variable_is_not_told_twice() -> None:
    text = MINIMAL.replace("outputs", "workers: '${N}', outputs")
    assert problems(text) == [
        "f.yaml:1: pipelines[0].workers: the environment variable N is not set; set it or write ${N:a default}"
    ]


def test_an_item_that_is_wrong_does_not_make_its_list_empty() -> None:
    assert problems(MINIMAL.replace("stdout", "stdoutt")) == [
        "f.yaml:1: pipelines[0].outputs[0].stdoutt: there is no output 'stdoutt'; did you mean 'stdout'?"
    ]


@pytest.mark.parametrize("value", ["3", "[a]", "alb", "{a: b}"])
def test_pipelines_of_another_shape_are_refused(value: str) -> None:
    assert problems(f"pipelines: {value}")


@pytest.mark.parametrize("text", ["input { stdin {} }", "# alb\n\nfilter {\n}", "  output{ stdout {} }"])
def test_a_logstash_configuration_is_recognised(text: str) -> None:
    (pipeline,) = load(text).model.pipelines
    assert (pipeline.name, pipeline.source.type, [output.type for output in pipeline.outputs]) == (  # type: ignore[union-attr]
        "main",
        "files",
        ["stdout"],
    )


def source(options: dict[str, Any]) -> str:
    return MINIMAL.replace("{type: files, paths: [logs]}", str(options).replace("'", '"'))


def test_options_of_a_nested_group_have_near_matches_too() -> None:
    text = source({"type": "s3_sqs", "queue": "logs", "aws": {"reigon": "eu-central-1"}})
    assert problems(text) == [
        "f.yaml:1: pipelines[0].source.aws.reigon: there is no option 'reigon'; did you mean 'region'?"
    ]


def test_options_of_a_format_have_near_matches_wherever_it_is_named() -> None:
    wrong = {"type": "vpc_flow", "feilds": ["a"]}
    folders = [{"key": "flow", "format": wrong}]
    text = source({"type": "s3_sqs", "queue": "logs", "bucket_options": [{"bucket": "logs", "folders": folders}]})
    assert problems(text) == [
        (
            "f.yaml:1: pipelines[0].source.bucket_options[0].folders[0].format.feilds:"
            " there is no option 'feilds'; did you mean 'fields'?"
        )
    ]
    assert problems(MINIMAL.replace("outputs:", 'format: {"type": "vpc_flow", "feilds": ["a"]}, outputs:')) == [
        "f.yaml:1: pipelines[0].format.feilds: there is no option 'feilds'; did you mean 'fields'?"
    ]
