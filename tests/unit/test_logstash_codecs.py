"""Logstash's codecs, as its inputs feed them: bytes to events, through the native formats."""

from __future__ import annotations

import contextlib
import gzip
import io
from typing import Any

import pytest

from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.errors import ConfigError
from logsluice.lang.charsets import charset_name
from logsluice.lang.ruby_text import inspect_bytes
from logsluice.model import Event, Origin

S3 = 's3 { bucket => "logs" codec => %s }'
S3SNSSQS = 's3snssqs { queue => "logs" codec => %s }'
SQS = 'sqs { queue => "logs" codec => %s }'
FILE = 'file { path => "/var/log/*.log" mode => read exit_after_read => true codec => %s }'
STDIN = "stdin { codec => %s }"


class Bytes:
    """A payload."""

    size = None

    def __init__(self, data: bytes, name: str) -> None:
        self.origin = Origin("test:", name=name)
        self._data = data

    def modified(self) -> None:
        return None

    def open(self) -> contextlib.AbstractContextManager[io.BytesIO]:
        return contextlib.nullcontext(io.BytesIO(self._data))


def read(codec: str, data: bytes, source: str = S3, name: str = "a.log") -> list[Event]:
    """The events that an input makes of some bytes, without what every event has."""
    configuration = load_text("input { %s } output { null { } }" % (source % codec), "a.conf", environ={"HOME": "/"})
    (service,) = assemble(configuration)
    events = [event for piece in service.pipeline.decoder.decode(Bytes(data, name)) for event in piece.events]
    for every in service.pipeline.filters:
        events = every.apply(events, lambda _event, reason: pytest.fail(reason))
    return events


def texts(*arguments: Any) -> list[str]:
    return [event["message"] for event in read(*arguments)]


def positions(*arguments: Any) -> list[int]:
    return [event["@metadata"]["position"] for event in read(*arguments)]


def problem(codec: str, source: str = S3) -> str:
    with pytest.raises(ConfigError) as caught:
        assemble(load_text("input { %s } output { null { } }" % (source % codec), "a.conf", environ={"HOME": "/"}))
    return caught.value.problems[0].message


LINES = b"one\r\n\ntwo\nlast"


@pytest.mark.parametrize(
    ("source", "name", "codec", "expected"),
    [
        pytest.param(S3, "a.log", "plain", ["one\r\n", "\n", "two\n", "last"], id="s3 keeps newlines"),
        pytest.param(S3, "a.log.gz", "plain", ["one", "", "two", "last"], id="s3 cuts them of what is called gz"),
        pytest.param(S3, "a.gzip", "plain", ["one", "", "two", "last"], id="and gzip"),
        pytest.param(S3SNSSQS, "a.gz", "plain", ["one\n", "\n", "two\n", "last\n"], id="s3snssqs adds line feeds"),
        pytest.param(FILE, "a.log", "plain", ["one\r", "", "two", "last"], id="file cuts the line feed alone"),
        pytest.param(STDIN, "", "line", ["one\r", "", "two", "last"], id="stdin"),
        pytest.param(S3, "a.log", "line", ["one\r", "", "two", "last"], id="line"),
        pytest.param(S3, "a.log", 'line { delimiter => "w" }', ["one\r\n\nt", "o\nlast"], id="a delimiter"),
        pytest.param(SQS, "", "plain", ["one\r\n\ntwo\nlast"], id="a message is one event"),
        pytest.param(SQS, "", "line", ["one\r", "", "two", "last"], id="of several lines with the codec line"),
        pytest.param(S3, "a.log", "gzip_lines", ["one\r\n", "\n", "two\n", "last"], id="gzip_lines"),
    ],
)
def test_newlines_are_those_of_the_input_and_the_codec(source: str, name: str, codec: str, expected: list[str]) -> None:
    assert texts(codec, LINES, source, name) == expected


def test_compression_is_found_by_the_bytes_and_positions_count_what_was_compressed() -> None:
    assert texts("plain", gzip.compress(LINES)) == ["one\r\n", "\n", "two\n", "last"]
    assert positions("plain", gzip.compress(LINES)) == [0, 5, 6, 10]
    assert positions("line", LINES) == [0, 5, 6, 10]


def test_bytes_that_are_no_utf_8_are_shown_as_ruby_does() -> None:
    assert texts("plain", 'ab\xe9 "q" \\ #{x} #y\t'.encode("latin-1")) == [r"ab\xE9 \"q\" \\ \#{x} #y\t"]
    assert (
        inspect_bytes(b"\x00\x1b\xff\xc2\xa9\xf0\x9f\x98\x80\x7f") == r"\u0000\e\xFF" + "\u00a9\U0001f600" + r"\u007F"
    )


@pytest.mark.parametrize(
    ("name", "python"),
    [("UTF-8", "utf-8"), ("CP1252", "cp1252"), ("Windows-1252", "cp1252"), ("windows-31j", "cp932"),
     ("IBM850", "cp850"), ("ISO-8859-15", "iso8859-15"), ("ASCII-8BIT", "iso8859-1"),
     ("GBK", "gbk"), ("macCyrillic", "mac-cyrillic")],
)  # fmt: skip
def test_charsets_have_rubys_names(name: str, python: str) -> None:
    assert charset_name(name) == python


def test_a_charset_is_for_text_and_for_json() -> None:
    assert texts('line { charset => "CP1252" }', "caf\xe9 \u20ac".encode("cp1252")) == ["caf\xe9 \u20ac"]
    assert texts('json { charset => "ISO-8859-1" }', b'{"message": "caf\xe9"}') == ["caf\xe9"]
    assert problem('plain { charset => "nonsense" }') == "the charset 'nonsense' can't be read here"


HEADERS = b"#Version: 1.0\n#Fields: date time\n2026-01-31\t10:00:00\n#Fields: x\nb\n"


@pytest.mark.parametrize("source", [S3, S3SNSSQS])
def test_cloudfronts_header_lines_are_no_events_and_become_fields(source: str) -> None:
    assert [
        (event["message"], event["cloudfront_version"], event["cloudfront_fields"])
        for event in read("plain", HEADERS, source)
    ] == [("2026-01-31\t10:00:00\n", "1.0", "date time"), ("b\n", "1.0", "x")]


def test_with_ecs_they_become_metadata_of_the_object() -> None:
    source = 's3 { bucket => "logs" ecs_compatibility => v1 codec => %s }'
    (event, _) = read("plain", HEADERS, source)
    assert event["@metadata"]["s3"] == {"cloudfront": {"version": "1.0", "fields": "date time"}}
    assert "cloudfront_version" not in event


def test_other_inputs_leave_header_lines_but_for_the_codec_cloudfront() -> None:
    assert texts("line", b"#Version: 1.0\na\n", FILE) == ["#Version: 1.0", "a"]
    (event,) = read("cloudfront", b"#Version: 1.0\na\n", FILE)
    assert (event["message"], event["cloudfront_version"]) == ("a\n", "1.0")


TRACE = b"start\n  at a\n  at b\nnext\nlast\n"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        pytest.param(r'pattern => "^\s" what => previous', ["start\n  at a\n  at b", "next", "last"], id="previous"),
        pytest.param('pattern => "^%{WORD}" negate => true what => previous',
                     ["start\n  at a\n  at b", "next", "last"], id="a grok pattern, negated"),
        pytest.param('pattern => "[ab]$" what => next', ["start", "  at a\n  at b\nnext", "last"], id="next"),
        pytest.param(r'pattern => "^\s" what => previous max_lines => 1', ["start\n  at a", "  at b", "next", "last"],
                     id="after max_lines and one more"),
        pytest.param(r'pattern => "^\s" what => previous max_bytes => "11 b"',
                     ["start\n  at a", "  at b", "next", "last"], id="after max_bytes"),
    ],
)  # fmt: skip
def test_lines_become_one_event(options: str, expected: list[str]) -> None:
    assert texts(f"multiline {{ {options} }}", TRACE) == expected


def test_an_event_of_several_lines_is_tagged_and_has_the_position_of_its_first_line() -> None:
    events = read(r'multiline { pattern => "^\s" what => previous max_lines => 1 multiline_tag => "ml" }', TRACE)
    assert [(event.get("tags"), event["@metadata"]["position"]) for event in events] == [
        (["ml", "multiline_codec_max_lines_reached"], 0),
        (None, 13),
        (None, 20),
        (None, 25),
    ]


def test_what_is_wrong_with_multiline_is_told() -> None:
    assert "there is no grok pattern 'NOWHERE'" in problem('multiline { pattern => "%{NOWHERE}" what => next }')
    assert "must be a size" in problem('multiline { pattern => "x" what => next max_bytes => "much" }')


def test_json_is_taken_by_lines_and_of_a_message_as_a_whole() -> None:
    assert texts("json", b'{"message": "a"}\n[{"message": "b"}, {"message": "c"}]\n') == ["a", "b", "c"]
    pretty = b'{\n "message": "a"\n}\n'
    assert texts("json", pretty, SQS) == ["a"]
    assert [event["tags"] for event in read("json_lines", b"x\n", SQS)] == [["_jsonparsefailure"]]
    assert "`target` can't be had" in problem('json { target => "x" }')


def test_cloudtrail_gives_its_records_with_the_changes_of_the_codec() -> None:
    records = (
        b'{"Records": [{"eventTime": "2026-01-31T10:00:00Z", "sourceIpAddress": "ec2.amazonaws.com"},'
        b' {"sourceIpAddress": "192.0.2.1", "requestParameters": {"disableApiTermination": true}},'
        b' {"requestParameters": null}]}'
    )
    first, second, third = read("cloudtrail", records)
    assert (first["@timestamp"].isoformat(), first["sourceHost"]) == ("2026-01-31T10:00:00+00:00", "ec2.amazonaws.com")
    assert "sourceIpAddress" not in first
    assert second["requestParameters"] == {"disableApiTermination": {"value": True}}
    assert (second["sourceIpAddress"], third["requestParameters"]) == ("192.0.2.1", None)
    assert read("cloudtrail", b"{}") == []


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("dots", "the codec dots only writes"),
        ("rubydebug", "the codec rubydebug only writes"),
        (
            'json_lines { delimiter => "x" }',
            "`delimiter` can only be a line feed: JSON documents on lines of their own",
        ),
    ],
)
def test_what_can_not_be_read_so_is_told(codec: str, message: str) -> None:
    assert problem(codec) == message


def test_whole_numbers_in_json_are_exact_at_any_length() -> None:
    [event] = read("json", b'{"n": 123456789012345678901234567890}')
    assert event["n"] == 123456789012345678901234567890


def test_metadata_of_a_line_stays_but_for_what_is_our_own() -> None:
    [event] = read("json", b'{"@metadata": {"k": "v", "_id": "x", "window": "y", "_children": 7, "position": 9}}')
    metadata = event["@metadata"]
    assert (metadata["k"], metadata["position"]) == ("v", 0)
    assert "x" not in metadata.values()
    assert metadata.keys().isdisjoint({"window", "_children"})
