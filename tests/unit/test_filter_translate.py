from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters import _dictionary
from logsluice.filters.translate import Config, build
from logsluice.model import Event, Filter

CODES = {"200": "OK", "404": "Not Found"}


def made(base: Path = Path(), **options: Any) -> Filter:
    return build(Config(**{"source": "code", "target": "text", **options}), Context(base=base))


def translated(event: Event, **options: Any) -> Event:
    [after] = made(**options).apply([event], lambda *_: pytest.fail("rejected"))
    return after


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ({"code": "200"}, {"text": "OK", "tags": ["ok"]}),
        ({"code": 404}, {"text": "Not Found", "tags": ["ok"]}),
        ({"code": ["404", "200"]}, {"text": "Not Found", "tags": ["ok"]}),
        ({"code": "500"}, {}),
        ({"code": 200.0}, {}),
        ({"code": None}, {}),
        ({"code": []}, {}),
        ({}, {}),
        ({"code": "200", "text": "there"}, {}),
    ],
)
def test_a_value_is_looked_up(event: Event, fields: Event) -> None:
    assert translated(dict(event), dictionary=CODES, add_tag="ok") == {**event, **fields}


@pytest.mark.parametrize(
    ("event", "text"),
    [({"code": "200"}, "OK"), ({"code": "5"}, "no 5"), ({"code": None}, "no %{code}"), ({"code": []}, "no ")],
)
def test_a_fallback(event: Event, text: str) -> None:
    after = translated(dict(event), dictionary=CODES, fallback="no %{code}", add_tag="ok")
    assert after == {**event, "text": text, "tags": ["ok"]}


def test_a_missing_source_gets_no_fallback() -> None:
    assert translated({}, dictionary=CODES, fallback="none") == {}


@pytest.mark.parametrize(
    ("options", "event", "after"),
    [
        ({"override": True}, {"code": "200", "text": "x"}, {"code": "200", "text": "OK"}),
        ({"target": "code"}, {"code": "200"}, {"code": "OK"}),
        ({"target": "code", "override": False}, {"code": "200"}, {"code": "200"}),
        ({"target": "code", "add_tag": "ok"}, {"code": "x"}, {"code": "x", "tags": ["ok"]}),
        ({"target": None}, {"code": "200"}, {"code": "200", "translation": "OK"}),
        ({"target": None, "ecs_compatibility": "v8"}, {"code": "200"}, {"code": "OK"}),
        ({"target": None, "destination": "[d][x]"}, {"code": "200"}, {"code": "200", "d": {"x": "OK"}}),
        ({"source": None, "field": "code"}, {"code": "200"}, {"code": "200", "text": "OK"}),
        ({"dictionary": ["200", "fine"]}, {"code": "200"}, {"code": "200", "text": "fine"}),
        ({"dictionary": {"a": {"k": [1]}}}, {"code": "a"}, {"code": "a", "text": {"k": [1]}}),
    ],
)
def test_where_it_goes(options: dict[str, Any], event: Event, after: Event) -> None:
    assert translated(event, **{"dictionary": CODES, **options}) == after


@pytest.mark.parametrize(
    ("value", "text"), [("204", "fine"), ("404", "client"), ("504", "other"), ("", None), ("x2", "other")]
)
def test_the_first_pattern_that_matches_wins(value: str, text: str | None) -> None:
    after = translated({"code": value}, regex=True, dictionary={r"^2\d\d$": "fine", "^4": "client", ".": "other"})
    assert after.get("text") == text


@pytest.mark.parametrize(
    ("value", "text"), [("one two one", "1 2 1"), ("none", "n1"), ("three", None), ("a.b", "5b"), ("aXb", None)]
)
def test_keys_within_a_text_are_replaced(value: str, text: str | None) -> None:
    after = translated({"code": value}, exact=False, dictionary={"one": "1", "two": "2", "a.": 5})
    assert after.get("text") == text


@pytest.mark.parametrize(
    ("event", "after"),
    [
        ({"l": ["1", 2, "x"]}, {"l": ["1", 2, "x"], "names": ["one", "two", None], "tags": ["ok"]}),
        ({"l": ["x"]}, {"l": ["x"], "names": [None]}),
        ({"l": "1"}, {"l": "1", "names": ["one"], "tags": ["ok"]}),
        ({}, {}),
        ({"l": None}, {"l": None, "names": []}),
        ({"l": ["1"], "names": "there"}, {"l": ["1"], "names": "there"}),
    ],
)
def test_each_value_of_a_list(event: Event, after: Event) -> None:
    names = {"1": "one", "2": "two"}
    assert translated(event, source="l", target="names", iterate_on="l", dictionary=names, add_tag="ok") == after


@pytest.mark.parametrize(
    ("value", "after"),
    [
        (
            [{"id": "1"}, {"id": 2}, {"id": "x"}, {"id": None}, {}, 5, {"id": "1", "name": "there"}],
            [
                *({"id": "1", "name": "one"}, {"id": 2, "name": "two"}, {"id": "x", "name": "?"}),
                *({"id": None}, {}, 5, {"id": "1", "name": "one"}),
            ],
        ),
        ("x", "x"),
        ({"id": "1"}, {"id": "1"}),
    ],
)
def test_a_field_of_each_object_of_a_list(value: Any, after: Any) -> None:
    options = {"source": "id", "target": "name", "iterate_on": "l", "dictionary": {"1": "one", "2": "two"}}
    assert translated({"l": value}, **options, fallback="?") == {"l": after}


def test_events_share_no_values() -> None:
    filter_ = made(dictionary={"a": {"k": [1]}})
    [first] = filter_.apply([{"code": "a"}], lambda *_: None)
    first["text"]["k"].append(2)
    assert filter_.apply([{"code": "a"}], lambda *_: None) == [{"code": "a", "text": {"k": [1]}}]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("d.yml", "a: x\n'b': 5\n3: three\n'yes': on\nd: {k: [1, true]}\n", {"a": "x", "b": 5, "3": "three"}),
        ("d.yaml", "!!omap {? a : x}\n", {"a": "x"}),
        ("d.yaml", "!!omap [a: x, b: y]\n", {"a": "x", "b": "y"}),
        ("d.yml", "", {}),
        ("d.json", '\ufeff{"a": 1.5, "b": null}', {"a": 1.5, "b": None}),
        ("d.json", "", {}),
        ("d.csv", '"^2","a,b"\nb,y,more\n\n', {"^2": "a,b", "b": "y"}),
        ("d.csv", "", {}),
    ],
)
def test_dictionaries_in_files(name: str, text: str, expected: Mapping[str, Any], tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    found = _dictionary.load(path)
    assert {key: found[key] for key in expected} == expected
    assert bool(found) == bool(expected)


def test_yaml_values_are_those_of_yaml_1_1(tmp_path: Path) -> None:
    (tmp_path / "d.yml").write_text("a: on\nb: 0o7\nc: 1.50\nn: 2026-01-31\n", encoding="utf-8")
    assert _dictionary.load(tmp_path / "d.yml") == {"a": True, "b": "0o7", "c": 1.5, "n": "2026-01-31"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("d.txt", "a", "a dictionary's name ends in .yml, .yaml, .json, .csv"),
        ("d.json", "[1]", "a dictionary was expected"),
        ("d.json", "{", "d.json: "),
        ("d.yml", "a: [", "d.yml: "),
        ("d.yml", "a: !!python/object/apply:os.getcwd []", "d.yml: "),
        ("d.csv", "alone", "a row has two columns"),
        ("d.yml", None, "No such file"),
    ],
)
def test_dictionaries_that_cannot_be_read(name: str, text: str | None, message: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        made(tmp_path, dictionary_path=name)


@pytest.mark.parametrize(("behaviour", "kept"), [("merge", "1"), ("replace", None)])
def test_a_changed_file_is_read_again(
    behaviour: str, kept: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"a": "1"}', encoding="utf-8")
    filter_ = made(tmp_path, dictionary_path="d.json", refresh_interval=60, refresh_behaviour=behaviour)

    def text(code: str) -> Any:
        [after] = filter_.apply([{"code": code}], lambda *_: pytest.fail("rejected"))
        return after.get("text")

    clock = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    path.write_text('{"b": "22"}', encoding="utf-8")
    assert (text("a"), text("b")) == (kept, "22")
    path.write_text('{"c": "333"}', encoding="utf-8")
    assert text("c") is None
    clock += 3600
    assert text("c") == "333"
    path.write_text("{broken", encoding="utf-8")
    clock += 3600
    assert text("c") == "333"
    path.unlink()
    clock += 3600
    assert text("c") == "333"


def test_a_file_may_be_read_but_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "d.json"
    path.write_text('{"a": "1"}', encoding="utf-8")
    filter_ = made(tmp_path, dictionary_path=str(path), refresh_interval=0)
    clock = time.monotonic() + 3600
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    path.write_text('{"a": "22"}', encoding="utf-8")
    os.utime(path, (1, 1))
    assert filter_.apply([{"code": "a"}], lambda *_: None) == [{"code": "a", "text": "1"}]


def test_a_yaml_file_may_be_limited(tmp_path: Path) -> None:
    (tmp_path / "d.yml").write_text("a: 1\n", encoding="utf-8")
    made(tmp_path, dictionary_path="d.yml", yaml_dictionary_code_point_limit=5)
    with pytest.raises(ValueError, match="more than 4 characters"):
        made(tmp_path, dictionary_path="d.yml", yaml_dictionary_code_point_limit=4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs a source"),
        ({"source": "a", "field": "b"}, "former name of source"),
        ({"source": "a", "target": "b", "destination": "c"}, "former name of target"),
        ({"source": "a", "dictionary": {"a": "b"}, "dictionary_path": "d.yml"}, "not both"),
        ({"source": "a", "dictionary_path": "d.yml", "yaml_dictionary_code_point_limit": 0}, "greater than 0"),
        ({"source": "a", "dictionary_path": "d.json", "yaml_dictionary_code_point_limit": 5}, "ends in .yml"),
        ({"source": "a", "dictionary": ["a"]}, "even number"),
        ({"source": "a", "regex": True, "dictionary": {"(": "b"}}, "regular expression"),
        ({"source": "a", "refresh_behaviour": "forget"}, "merge"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)
