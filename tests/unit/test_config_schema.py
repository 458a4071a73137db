"""The JSON Schema for editors: what runs passes it, and what they should underline doesn't."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from logsluice.components import Kind, names
from logsluice.config.schema import schema

ROOT = Path(__file__).parent.parent.parent
WHOLE = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
START = "pipelines:\n  - source: {type: files, paths: [logs]}\n    "
OUTPUT = "outputs: [stdout]"


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    made = schema()
    jsonschema.Draft7Validator.check_schema(made)
    return jsonschema.Draft7Validator(made)


def configurations() -> list[Any]:
    """The examples, and what the documentation shows as a whole file."""
    found = [pytest.param(path.read_text(), id=path.name) for path in sorted((ROOT / "examples").glob("*.yaml"))]
    for page in sorted((ROOT / "docs").glob("*.md")):
        for number, text in enumerate(WHOLE.findall(page.read_text())):
            if re.search("^pipelines:", text, re.MULTILINE):
                found.append(pytest.param(text, id=f"{page.name}-{number}"))
    return found


def faults(validator: jsonschema.Draft7Validator, text: str) -> list[str]:
    return [error.json_path for error in validator.iter_errors(YAML(typ="safe").load(text))]


@pytest.mark.parametrize("text", configurations())
def test_what_is_shown_to_users_is_valid(validator: jsonschema.Draft7Validator, text: str) -> None:
    assert faults(validator, text) == []


@pytest.mark.parametrize(
    "text",
    [
        OUTPUT,
        "workers: ${WORKERS}\n    outputs: [{store: {path: store}, name: a, required: false}]",
        "budget: 64MiB\n    shutdown_timeout: 1h30m\n    outputs: [stdout]",
        "format: {type: json, records_path: Records}\n    outputs: [stdout]",
        "outputs: [stdout]\n    filters: [drop, {if: '[a]', then: [{mutate: {add_tag: [x]}}], else: [drop]}]",
        "outputs: [{if: '[a]', then: [stdout], else: [{stdout: {}}]}]\n    on: {corrupt: retry}",
        "outputs: [stdout]\nhttp: {port: 9000}\nlog: {format: json, level: debug}\nprocesses: 2",
    ],
)
def test_valid_configurations_pass(validator: jsonschema.Draft7Validator, text: str) -> None:
    assert faults(validator, START + text) == []


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("outputs: []", "$.pipelines[0].outputs"),
        ("outputs: [stdout]\n    worker: 2", "$.pipelines[0]"),
        ("outputs: [stdout]\n    workers: many", "$.pipelines[0].workers"),
        ("outputs: [stdout]\n    budget: 32", "$.pipelines[0].budget"),
        ("outputs: [stdout]\n    shutdown_timeout: soon", "$.pipelines[0].shutdown_timeout"),
        ("outputs: [stdout]\n    format: albb", "$.pipelines[0].format"),
        ("outputs: [stdout]\n    filters: [{mutat: {}}]", "$.pipelines[0].filters[0]"),
        ("outputs: [stdout]\n    filters: [{mutate: {renam: {a: b}}}]", "$.pipelines[0].filters[0]"),
        ("outputs: [{store: {paht: a}}]", "$.pipelines[0].outputs[0]"),
        ("outputs: [{if: '[a]', then: [nowhere]}]", "$.pipelines[0].outputs[0]"),
        ("outputs: [stdout]\n    on: {corrupt: explode}", "$.pipelines[0].on.corrupt"),
        ("outputs: [stdout]\nhttp: {port: 99999}", "$.http"),
        ("outputs: [stdout]\nlog: {format: xml}", "$.log.format"),
    ],
)
def test_broken_ones_do_not(validator: jsonschema.Draft7Validator, text: str, place: str) -> None:
    assert faults(validator, START + text) == [place]


def test_it_knows_every_component_and_what_its_options_mean() -> None:
    definitions = schema()["$defs"]
    sources = {each["properties"]["type"]["const"]: each for each in definitions["source"]["oneOf"]}
    assert sorted(sources) == sorted(names("sources"))
    assert sources["s3_sqs"]["properties"]["queue"]["description"] == "A queue's URL, or its name."
    kinds: tuple[tuple[str, Kind], ...] = (("filter", "filters"), ("output", "sinks"))
    for node, kind in kinds:
        shown = {name for each in definitions[node]["anyOf"] for name in each.get("required", ())}
        assert shown == set(names(kind))
