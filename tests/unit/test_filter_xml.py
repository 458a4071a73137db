from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.xml import Config, build
from logsluice.model import Event

FAILED = ["_xmlparsefailure"]


def read(event: Event, **options: Any) -> Event:
    made = build(Config(**{"source": "m", **options}), Context())
    [after] = made.apply([event], lambda *_: pytest.fail("rejected"))
    return after


def stored(text: str, **options: Any) -> Any:
    return read({"m": text}, target="d", **options)["d"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("<a>x</a>", "x"),
        ("<a k='v'>x</a>", {"k": "v", "content": "x"}),
        ("<a><b>1</b><b>2</b><c>3</c></a>", {"b": ["1", "2"], "c": ["3"]}),
        ("<a><b><c k='1'/></b></a>", {"b": [{"c": [{"k": "1"}]}]}),
        ("<a><b/><c> </c><d>x</d></a>", {"d": ["x"]}),
        ("<a>one<b>2</b>three</a>", {"b": ["2"], "content": ["one", "three"]}),
        ("<a b='0'><b>1</b></a>", {"b": ["0", "1"]}),
        ("<a xmlns:n='u'><n:b n:k='1'>x</n:b></a>", {"xmlns:n": "u", "n:b": [{"n:k": "1", "content": "x"}]}),
        ("<a>&lt;<![CDATA[<&>]]><!-- no --><?no?></a>", "<<&>"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a>é</a>", "é"),
    ],
)
def test_a_document_becomes_nested_values(text: str, value: Any) -> None:
    assert stored(text) == value


@pytest.mark.parametrize(
    ("options", "value"),
    [
        ({"force_array": False}, {"b": "1", "c": ["2", {"k": "3"}]}),
        ({"force_content": True}, {"b": [{"content": "1"}], "c": [{"content": "2"}, {"k": "3"}]}),
        ({"suppress_empty": False}, {"b": ["1"], "c": ["2", {"k": "3"}], "d": [{}]}),
    ],
)
def test_options_of_the_nested_values(options: dict[str, Any], value: Any) -> None:
    assert stored("<a><b>1</b><c>2</c><c k='3'/><d/></a>", **options) == value


DOCUMENT = "<o id='7' xmlns='urn:d' xmlns:n='urn:n'><i>1</i><i>2</i><n:i>x &amp; y</n:i></o>"


@pytest.mark.parametrize(
    ("options", "path", "found"),
    [
        ({}, "/xmlns:o/@id", ["7"]),
        ({}, "//xmlns:i/text()", ["1", "2"]),
        ({}, "//n:i/text()", ["x & y"]),
        ({}, "count(//xmlns:i)", ["2.0"]),
        ({}, "name(/*)", ["o"]),
        ({}, "//xmlns:i = '2'", ["true"]),
        ({"namespaces": {"d": "urn:d"}}, "//d:i[2]/text()", ["2"]),
        ({"remove_namespaces": True}, "//i/text()", ["1", "2", "x & y"]),
        ({"remove_namespaces": True}, "//i[1]", ["<i>1</i>"]),
        ({}, "//none", None),
    ],
)
def test_xpath_makes_lists_of_texts(options: dict[str, Any], path: str, found: Any) -> None:
    expected = {"m": DOCUMENT, **({"f": found, "tags": ["ok"]} if found else {})}
    assert read({"m": DOCUMENT}, store_xml=False, xpath={path: "f"}, add_tag="ok", **options) == expected


def test_what_is_found_is_appended() -> None:
    after = read({"m": "<a><b>1</b></a>", "f": "0"}, store_xml=False, xpath=["//b/text()", "f", "/a/b", "f"])
    assert after["f"] == ["0", "1", "<b>1</b>"]


@pytest.mark.parametrize("value", ["text", "<a>", "<a><b></a>", 5, {"a": 1}, "<a>" * 1000, "<a k='1' k='2'/>"])
def test_what_is_no_xml_tags(value: Any) -> None:
    assert read({"m": value}, target="d", add_tag="ok") == {"m": value, "tags": FAILED}


@pytest.mark.parametrize("event", [{}, {"m": None}, {"m": ""}, {"m": "  "}, {"m": ["<a/>", "<b/>"]}])
def test_nothing_to_read_changes_nothing(event: Event) -> None:
    assert read(dict(event), target="d", add_tag="ok") == event


def test_a_list_of_one_is_read() -> None:
    assert read({"m": ["<a>x</a>"]}, target="d") == {"m": ["<a>x</a>"], "d": "x"}


def test_of_a_broken_document_xpath_finds_what_it_can_unless_strict() -> None:
    options: dict[str, Any] = {"store_xml": False, "xpath": {"//b/text()": "f"}}
    assert read({"m": "<a><b>1</b>"}, **options) == {"m": "<a><b>1</b>", "f": ["1"]}
    assert read({"m": "<a><b>1</b>"}, **options, parse_options="strict") == {"m": "<a><b>1</b>", "tags": FAILED}


@pytest.mark.parametrize(
    "entity", ["<!ENTITY e 'boo'>", "<!ENTITY e SYSTEM 'file:///etc/hostname'>", "<!ENTITY e SYSTEM 'http://[::1]/'>"]
)
def test_entities_are_not_expanded(entity: str) -> None:
    assert stored(f"<!DOCTYPE a [{entity}]><a>1&e;2</a>") == "12"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "m"}, "needs a target"),
        ({"target": "d"}, "source"),
        ({"source": "m", "target": "d", "xpath": ["a"]}, "even number"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)


def test_a_wrong_xpath_is_refused() -> None:
    with pytest.raises(ValueError, match="XPath '//\\['"):
        build(Config(source="m", store_xml=False, xpath={"//[": "f"}), Context())


def test_an_unknown_prefix_tags() -> None:
    assert read({"m": "<a/>"}, store_xml=False, xpath={"//z:b": "f"}) == {"m": "<a/>", "tags": FAILED}
