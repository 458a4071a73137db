from __future__ import annotations

import pytest

from logsluice.config.document import Document
from logsluice.config.yaml_source import parse
from logsluice.errors import ConfigError


def read(text: str, **environ: str) -> Document:
    return parse(text, "f.yaml", environ)


def test_every_option_knows_its_line() -> None:
    document = read("a:\n  b: 1\n  c:\n    - x\n    - {y: 2}\n")
    assert document.data == {"a": {"b": 1, "c": ["x", {"y": 2}]}}
    assert {
        path: document.mark(path).line for path in [("a", "b"), ("a", "c", 0), ("a", "c", 1, "y"), ("a", "zz")]
    } == {
        ("a", "b"): 2,
        ("a", "c", 0): 4,
        ("a", "c", 1, "y"): 5,
        ("a", "zz"): 1,
    }


def test_variables_are_replaced_and_fall_back() -> None:
    document = read("a: ${X}\nb: ${Y:http://127.0.0.1:9200}\nc: ${Z:}\nd: pre-${X}-post\ne: $${X}", X="value")
    assert document.data == {"a": "value", "b": "http://127.0.0.1:9200", "c": "", "d": "pre-value-post", "e": "${X}"}
    assert document.problems == []


def test_a_variable_that_is_not_set_is_a_problem_at_its_line() -> None:
    [problem] = read("a: 1\nb: [x, '${NOPE}']").problems
    assert str(problem) == (
        "f.yaml:2: b[1]: the environment variable NOPE is not set; set it or write ${NOPE:a default}"
    )


def test_what_came_from_the_environment_is_hidden_in_messages() -> None:
    document = read("a: ${SECRET}", SECRET="hunter22")
    assert document.problem(("a",), "'hunter22' is wrong").message == "'${SECRET}' is wrong"


def test_on_is_a_name_and_not_true() -> None:
    assert read("on: {missing: discard}").data == {"on": {"missing": "discard"}}


def test_anchors_and_merges_are_followed() -> None:
    document = read("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n")
    assert document.data["use"] == {"x": 1, "y": 3}


def test_an_option_given_twice_is_a_problem() -> None:
    [problem] = read("a: 1\nb: 2\na: 3").problems
    assert str(problem) == "f.yaml:3: a: this option is given twice"


def test_an_alias_inside_its_own_anchor_is_a_problem() -> None:
    [problem] = read("a: &x [1, *x]").problems
    assert str(problem) == "f.yaml:1: a[1]: this alias names what it stands in"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a:\n  - [1, 2", "f.yaml:2: this is not YAML: while parsing a flow sequence expected ',' or ']'"),
        ("a: b: c", "f.yaml:1: this is not YAML: mapping values are not allowed here"),
        ("a: *nowhere", "f.yaml:1: this is not YAML: found undefined alias 'nowhere'"),
        ("a: [${X}]", "expected ',' or ']', but got '{'; put quotes around \"${...}\""),
        ("a: 1\n--- \nb: 2", "this is not YAML: expected a single document"),
    ],
)
def test_what_is_no_yaml_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, X="value")
    assert message in str(caught.value)
    assert len(caught.value.problems) == 1
