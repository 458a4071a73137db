"""The pretty form of the sink `stdout`, and what JSON can't say."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.lang.as_json import AS_LOGSTASH, document, dumps
from logsluice.sinks import stdout
from logsluice.testing.sinks import must_not_refuse

EVENT: dict[str, Any] = {
    "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "@metadata": {"_id": "x", "format": "web"},
    "status": 200,
    "user": {"name": "ann\x1b[2J"},
    "tags": ["a", "b"],
    "none": None,
}


def written(codec: Any, capsysbinary: pytest.CaptureFixture[bytes]) -> bytes:
    sink = stdout.build(stdout.Config.model_validate({"codec": codec}), Context())
    sink.open()
    sink.send(sink.encode([EVENT], must_not_refuse))
    output: bytes = capsysbinary.readouterr().out
    return output


def test_ndjson_is_the_event_without_metadata(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert written("ndjson", capsysbinary) == (
        b'{"@timestamp":"2026-01-31T12:00:00Z","status":200,"user":{"name":"ann\\u001b[2J"},"tags":["a","b"],"none":null}\n'
    )


def test_ndjson_with_metadata_as_beats_write_it(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    bare, with_it = (written(codec, capsysbinary) for codec in ("ndjson", {"ndjson": {"metadata": {"beat": "mine"}}}))
    assert with_it == b'{"@metadata":{"beat":"mine","_id":"x","format":"web"},' + bare[1:]


def test_metadata_does_not_open_a_way_to_the_terminal(
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    sink = stdout.build(stdout.Config.model_validate({"codec": {"ndjson": {"metadata": {"beat": "b"}}}}), Context())
    sink.open()
    sink.send(sink.encode([{"text": "\x9b31m"}], must_not_refuse))
    assert capsysbinary.readouterr().out == b'{"@metadata":{"beat":"b"},"text":"\\u009b31m"}\n'


@pytest.mark.parametrize(
    ("timestamps", "whole", "fine"),
    [
        ("exact", "12:00:00Z", "12:00:00.123999Z"),
        ("milliseconds", "12:00:00.000Z", "12:00:00.123Z"),
        ("logstash", "12:00:00.000Z", "12:00:00.123999Z"),
    ],
)
@pytest.mark.parametrize("terminal", [False, True])
def test_times_are_written_in_the_pipelines_form(
    timestamps: Any, whole: str, fine: str, terminal: bool,
    capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    event = {"@timestamp": EVENT["@timestamp"], "at": EVENT["@timestamp"].replace(microsecond=123999)}
    sink = stdout.build(stdout.Config(), Context(timestamps=timestamps))
    sink.open()
    sink.send(sink.encode([{**event, "text": "\x9b31m"}], must_not_refuse))
    text = rb"\u009b31m" if terminal else "\x9b31m".encode()
    expected = f'{{"@timestamp":"2026-01-31T{whole}","at":"2026-01-31T{fine}","text":"'.encode() + text + b'"}\n'
    assert capsysbinary.readouterr().out == expected


def test_pretty_has_a_field_a_line_and_no_control_characters(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert written("pretty", capsysbinary).decode().splitlines() == [
        "2026-01-31T12:00:00+00:00  web",
        "  status 200",
        r"  user.name ann\x1b[2J",
        '  tags ["a","b"]',
        "",
    ]


def test_a_closed_pipe_is_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed, monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", closed)
        sink = stdout.build(stdout.Config(), Context())
        with pytest.raises(BrokenPipeError):
            sink.send(sink.encode([EVENT], must_not_refuse))
        patched.undo()
        os.dup2(os.open(os.devnull, os.O_WRONLY), closed.fileno())


def test_what_json_cannot_say_is_an_error_of_one_kind() -> None:
    circle: dict[str, Any] = {}
    circle["again"] = circle
    with pytest.raises(ValueError, match="no JSON"):
        dumps(circle)
    assert dumps({1: b"\xff", "s": {2, 1}}) == b'{"1":"\xef\xbf\xbd","s":["1","2"]}'
    assert document({"@metadata": {}, "a": float("nan")}) == b'{"a":null}'


def test_integers_beyond_64_bits_are_text_but_for_logstash() -> None:
    value = {"n": 2**64, "l": [-(2**63), -(2**63) - 1], 2**70: "key"}
    assert dumps(value) == b'{"n":"%d","l":[%d,"%d"],"%d":"key"}' % (2**64, -(2**63), -(2**63) - 1, 2**70)
    del value[2**70]
    assert AS_LOGSTASH.dumps(value) == b'{"n":%d,"l":[%d,%d]}' % (2**64, -(2**63), -(2**63) - 1)
