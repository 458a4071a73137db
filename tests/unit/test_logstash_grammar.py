"""Reading Logstash's language: what is accepted, what is refused, and where."""

from __future__ import annotations

import pytest

from logsluice.compat.logstash.grammar import InvalidSyntax, parse
from logsluice.compat.logstash.syntax import Attribute, Branch, Case, Plugin, Section, plugins
from logsluice.config.document import Mark

FILE = "a.conf"


def values(text: str) -> dict[str, object]:
    (section,) = parse(f"filter {{ x {{ {text} }} }}", FILE)
    (plugin,) = plugins(section.nodes)
    return {attribute.name: attribute.value for attribute in plugin.attributes}


def test_sections_plugins_and_values_know_their_places() -> None:
    text = 'input {\n  s3 {\n    "bucket" => "logs"\n    codec => json { charset => "UTF-8" }\n  }\n}\n'
    charset = Attribute("charset", "UTF-8", Mark(FILE, 4, 21), {(): Mark(FILE, 4, 32)})
    codec = Plugin("json", (charset,), Mark(FILE, 4, 14))
    s3 = Plugin(
        "s3",
        (
            Attribute("bucket", "logs", Mark(FILE, 3, 5), {(): Mark(FILE, 3, 17)}),
            Attribute("codec", codec, Mark(FILE, 4, 5), {(): Mark(FILE, 4, 14)}),
        ),
        Mark(FILE, 2, 3),
    )
    assert parse(text, FILE) == [Section("input", (s3,), Mark(FILE, 1, 1))]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain_word", "plain_word"),
        ('"a \\"quoted\\" word"', 'a \\"quoted\\" word'),
        ("'it\\'s'", "it\\'s"),
        ('"no \\n escape"', "no \\n escape"),
        ('"over\nlines"', "over\nlines"),
        ("5", 5),
        ("-1.50", -1.5),
        ("3.", 3.0),
        ("[]", []),
        ('[ "a", 2, [ bb ], { "k" => cc } ]', ["a", 2, ["bb"], {"k": "cc"}]),
        ("{}", {}),
        ('{ "a" => 1 bb => "x" 3 => [ "y" ] }', {"a": 1, "bb": "x", "3": ["y"]}),
        ('{ # a comment }\n "a" => "#no comment" }', {"a": "#no comment"}),
    ],
)
def test_values(text: str, value: object) -> None:
    assert values(f"v => {text}") == {"v": value}


def test_items_of_lists_and_hashes_know_their_places() -> None:
    (section,) = parse('filter { x { match => { "m" => [ "p",\n "q" ] } } }', FILE)
    (plugin,) = plugins(section.nodes)
    assert plugin.attributes[0].marks == {
        ("m",): Mark(FILE, 1, 25),
        ("m", 0): Mark(FILE, 1, 34),
        ("m", 1): Mark(FILE, 2, 2),
    }


def test_branches_keep_their_conditions_as_written_and_comments_as_blanks() -> None:
    text = """filter {
  if [a/b] == "}{" and # why
     [c] =~ /\\/{2}/ { drop { } }
  else if"x" in [t]{ } else { drop { } }
}"""
    (section,) = parse(text, FILE)
    drop = Plugin("drop", (), Mark(FILE, 3, 23))
    assert section.nodes == (
        Branch(
            (
                Case('[a/b] == "}{" and      \n     [c] =~ /\\/{2}/', Mark(FILE, 2, 6), (drop,)),
                Case('"x" in [t]', Mark(FILE, 4, 10), ()),
            ),
            (Plugin("drop", (), Mark(FILE, 4, 31)),),
            Mark(FILE, 2, 6),
        ),
    )


def test_nothing_and_comments_alone_are_a_configuration() -> None:
    assert parse("") == parse(" # nothing\n") == []


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("filters { }", (1, 1), "there is no section filters; did you mean 'filter'?; sections are input, filter and"),
        ('filter {\n x { a => ["y" }\n}', (2, 16), "unexpected '}'; here `,` or `]` may stand"),
        ('filter { x { a => ["y",] } }', (1, 24), "unexpected ']'; here"),
        ('filter { x { a => { "b" => "c", "d" => "e" } } }', (1, 31), "unexpected ','; only the items of [ ]"),
        ("filter { x { a => } }", (1, 19), "unexpected '}'; here"),
        ("filter { x }", (1, 12), "unexpected '}'; here `{` may stand"),
        ("filter { x { a => b } }", (1, 19), "b must stand in quotes"),
        ("filter { x { a => 1 b 2 } }", (1, 23), "unexpected '2'; here `=>` may stand"),
        ('filter { x { a => "open } }', (1, 19), "this quote is never closed"),
        ('filter { x { a => { "k" => 1 "k" => 2 } } }', (1, 30), "the key 'k' is given twice"),
        ('filter { x { a => ["b", "\\\\"] } }', (1, 25), "this quote is never closed"),
        ("filter {\n  x {\n", (2, 6), "the configuration ends too early: `}` or a name or a text in quotes is missing"),
        ("filter { else { drop { } } }", (1, 22), "unexpected '{'; here `=>` may stand"),
        ('filter { if [a] == "x" }', (1, 13), "unexpected '['; here a condition and `{` may stand"),
    ],
)
def test_what_cant_be_read_is_placed(text: str, place: tuple[int, int], message: str) -> None:
    with pytest.raises(InvalidSyntax) as caught:
        parse(text, FILE)
    problem = caught.value.problem
    assert (problem.file, problem.line, problem.column) == (FILE, *place)
    assert problem.message[: len(message)] == message


def test_places_are_shown_with_line_and_column() -> None:
    with pytest.raises(InvalidSyntax) as caught:
        parse("filter { x }", FILE)
    assert str(caught.value.problem) == "a.conf:1:12: unexpected '}'; here `{` may stand"
