"""`${…}` in S3logsbeat's configurations: what go-ucfg 0.7 makes of the same texts."""

from __future__ import annotations

from typing import Any

import pytest

from logsluice.compat.s3logsbeat.dotted import expand, override
from logsluice.compat.s3logsbeat.variables import resolve
from logsluice.config.document import Document
from logsluice.config.yaml_source import parse

ENVIRON = {
    "X": "x",
    "LIST": "[a,b]",
    "NUM": "12",
    "MAP": "{p: q}",
    "BOOL": "true",
    "QUOTED": "'a,b'",
    "EMPTY": "",
    "URL": "http://a:9200",
    "ZEROS": "0123",
    "BROKEN": "[a",
}


def read(text: str) -> Document:
    document = parse(text, "f.yml", None)
    expand(document)
    resolve(document, ENVIRON)
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: ${X}", "x"),
        ("a: ${X:d}", "x"),
        ("a: ${NO:d}", "d"),
        ("a: ${NO:a:b}", "a:b"),
        ("a: ${NO:}", ""),
        ("a: ${NO:+alt}", ""),
        ("a: ${X:+alt}", "alt"),
        ("a: ${NO:${X}}", "x"),
        ("a: ${NO:${ALSO:z}}", "z"),
        ("a: pre-${X}-${NO:d}", "pre-x-d"),
        ("a: ${${NAME:X}}", "x"),
        ("a: x$${X}y", "x${X}y"),
        ("a: $$$${X}", "$${X}"),
        ("a: $$", "$"),
        ("a: $x", "$x"),
        ("a: p$", "p$"),
        ("a: 50$%", "50$%"),
        ("a: ${NO:a$}b}", "a}b"),
        ("a: ${NO:a$$b}", "a$b"),
        ("a: '\\${X}'", "\\x"),
        ("a: ${LIST}", ["a", "b"]),
        ("a: ${MAP}", {"p": "q"}),
        ("a: ${NO:[a, b]}", ["a", "b"]),
        ("a: ${NUM}", 12),
        ("a: x${NUM}", "x12"),
        ("a: ${NO:1}", 1),
        ("a: ${BOOL}", True),
        ("a: x${BOOL}", "xtrue"),
        ("a: ${QUOTED}", "a,b"),
        ('a: ${NO:"q"}', "q"),
        ("a: ${EMPTY:d}", "d"),
        ("a: ${URL}", "http://a:9200"),
        ("b.c: 5\na: ${b.c}", 5),
        ("b: {c: q}\na: ${b.c}/x", "q/x"),
        ("b: {c: [1, 2]}\na: ${b.c}", [1, 2]),
        ("b: {c: [1, 2]}\na: ${b.c.1}", 2),
        ("b: ${X}\na: ${b}${b}", "xx"),
        ("X: of the file\na: ${X}", "of the file"),
        ("X: ${X}\na: ${X}", "x"),
        ("a: ${path.data}", "./data"),
        ("path.home: /b\na: ${path.config}/fields.yml", "/b/fields.yml"),
        # where go-ucfg would read an octal number: passwords keep their zeros
        ("a: ${ZEROS}", "0123"),
        ("a: ${BROKEN}", "[a"),
    ],
)
def test_what_variables_become(text: str, value: Any) -> None:
    document = read(text)
    assert (document.data["a"], document.problems) == (value, [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: ${NO}", "f.yml:1: a: the environment variable NO is not set; set it or write ${NO:a default}"),
        ("a: ${EMPTY}", "f.yml:1: a: the environment variable EMPTY is not set; set it or write ${EMPTY:a default}"),
        ("b: 1\na.c: ['${b.x}']", "f.yml:2: a.c[0]: the setting b.x is not set; set it or write ${b.x:a default}"),
        ("a: ${NO:?name the cluster}", "f.yml:1: a: name the cluster"),
        ("a: ${a}", "f.yml:1: a: the environment variable a is not set; set it or write ${a:a default}"),
        ("a: ${X", "f.yml:1: a: this `${` has no `}`"),
        ("a: ${}", "f.yml:1: a: `${}` names nothing"),
    ],
)
def test_what_is_missing_is_told_with_its_place(text: str, said: str) -> None:
    assert [str(problem) for problem in read(text).problems] == [said]


def test_what_came_from_the_environment_is_hidden() -> None:
    document = read("a: ${URL}")
    assert document.hide("not reached: http://a:9200") == "not reached: ${URL}"


@pytest.mark.parametrize(
    ("setting", "data"),
    [
        ("a.b=5", {"a": {"b": 5, "l": [{"x": 1, "y": 2}]}}),
        ("a.b=x: y", {"a": {"b": "x: y", "l": [{"x": 1, "y": 2}]}}),
        ("a.b=#x", {"a": {"b": "#x", "l": [{"x": 1, "y": 2}]}}),
        ("a.b=i-%{+yyyy}", {"a": {"b": "i-%{+yyyy}", "l": [{"x": 1, "y": 2}]}}),
        ("a.b=p=q", {"a": {"b": "p=q", "l": [{"x": 1, "y": 2}]}}),
        ("a.b", {"a": {"b": True, "l": [{"x": 1, "y": 2}]}}),
        ("a={b: 6}", {"a": {"b": 6, "l": [{"x": 1, "y": 2}]}}),
        ("a.l.0.x=7", {"a": {"b": 1, "l": [{"x": 7, "y": 2}]}}),
        ("a.l.1.x=7", {"a": {"b": 1, "l": [{"x": 1, "y": 2}, {"x": 7}]}}),
        ("a.l=[a:1, b]", {"a": {"b": 1, "l": ["a:1", "b"]}}),
        ("n.0.x=${X}", {"a": {"b": 1, "l": [{"x": 1, "y": 2}]}, "n": [{"x": "${X}"}]}),
    ],
)
def test_settings_of_the_command_line(setting: str, data: dict[str, Any]) -> None:
    document = parse("a: {b: 1, l: [{x: 1, y: 2}]}", "f.yml", None)
    override(document, setting)
    assert document.data == data


@pytest.mark.parametrize("setting", ["=1", "a..b=1", "a.l.3=1"])
def test_settings_that_are_none(setting: str) -> None:
    document = parse("a: {l: [1]}", "f.yml", None)
    with pytest.raises(ValueError, match=r"is no setting|the list has 1 items"):
        override(document, setting)
