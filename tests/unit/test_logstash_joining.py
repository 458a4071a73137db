"""Pipelines that send to each other, joined: what comes out of each event, and what is said of bad addresses."""

from __future__ import annotations

import io
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from logsluice.compat.logstash.load import document_of_place
from logsluice.config.assemble import assemble
from logsluice.config.document import Document
from logsluice.config.load import check
from logsluice.model import Origin


class Payload:
    """Lines, as an input hands them over."""

    origin = Origin("stdin:")
    size = None

    def __init__(self, text: str) -> None:
        self._text = text

    def open(self) -> Any:
        return nullcontext(io.BytesIO(self._text.encode()))

    def modified(self) -> None:
        return None


def document(folder: Path, **pipelines: str) -> Document:
    (folder / "pipelines.yml").write_text(
        "".join(f"- pipeline.id: {name}\n  config.string: >\n    {text}\n" for name, text in pipelines.items())
    )
    return document_of_place(str(folder), {})


def outcome(folder: Path, lines: str, **pipelines: str) -> list[tuple[str, dict[str, Any]]]:
    """For each event that is put out, the output's name and the event without what is not of interest."""
    found = []
    for service in assemble(check(document(folder, **pipelines), Path())):
        pipeline = service.pipeline
        for piece in pipeline.decoder.decode(Payload(lines)):
            events = piece.events
            for each in pipeline.filters:
                events = each.apply(events, lambda event, reason: None)
            ids = [event["@metadata"]["_id"] for event in events]
            assert len(set(ids)) == len(ids)
            for event in events:
                shown = {key: value for key, value in event.items() if not key.startswith("@")}
                found += [(s.output.name, shown) for s in pipeline.senders if (s.output.condition or bool)(event)]
    return found


def test_a_pipeline_whose_only_output_is_an_address_goes_on_there(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "a\n",
        one='input { stdin { } } filter { mutate { add_tag => "1" } } output { pipeline { send_to => ["two"] } }',
        two="""input { pipeline { address => "two" } } filter { mutate { add_tag => "2" } }
            output { stdout { id => "out" } }""",
    )
    assert found == [("out", {"message": "a", "tags": ["1", "2"]})]


def test_each_address_gets_a_copy_and_the_event_itself_stays_as_it_is(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "a\nb\n",
        one="""input { stdin { } } output {
            stdout { id => "own" }
            if [message] == "b" { pipeline { send_to => ["left", "right"] } } }""",
        left="""input { pipeline { address => "left" type => "l" tags => ["from"] add_field => { "x" => "y" } } }
            filter { mutate { uppercase => ["message"] } } output { stdout { id => "left" } }""",
        right='input { pipeline { address => "right" } } filter { drop { } } output { stdout { id => "right" } }',
    )
    assert found == [
        ("own", {"message": "a"}),
        ("own", {"message": "b"}),
        ("left", {"message": "B", "type": "l", "tags": ["from"], "x": "y"}),
    ]


def test_copies_may_be_sent_on(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "a\n",
        one='input { stdin { } } output { pipeline { send_to => ["two", "three"] } }',
        two="""input { pipeline { address => "two" } } filter { mutate { add_tag => "2" } }
            output { pipeline { send_to => "three" } stdout { id => "second" } }""",
        three="""input { pipeline { address => "three" } } filter { mutate { add_tag => "3" } }
            output { stdout { id => "out" } }""",
    )
    assert sorted(found, key=repr) == [
        ("out", {"message": "a", "tags": ["2", "3"]}),
        ("out-2", {"message": "a", "tags": ["3"]}),
        ("second", {"message": "a", "tags": ["2"]}),
    ]


def test_a_pipeline_may_have_other_inputs_beside_its_address(tmp_path: Path) -> None:
    found = outcome(
        tmp_path,
        "a\n",
        one='input { stdin { } } output { pipeline { send_to => ["two"] } }',
        two='input { stdin { tags => ["own"] } pipeline { address => "two" } } output { stdout { id => "out" } }',
    )
    assert found == [("out", {"message": "a"}), ("out", {"message": "a", "tags": ["own"]})]


def test_bad_addresses_are_told_with_their_places(tmp_path: Path) -> None:
    found = document(
        tmp_path,
        one="""input { stdin { } } output { pipeline { send_to => ["two", "tow"] }
            pipeline { send_to => "nobody" ensure_delivery => false } }""",
        two='input { pipeline { address => "two" } } output { pipeline { send_to => "three" } }',
        three='input { pipeline { address => "three" } } output { pipeline { send_to => "two" } }',
        four='input { pipeline { address => "three" } stdin { } pipeline { adress => "x" } } output { stdout { } }',
        five='input { pipeline { address => "unused" } } output { stdout { } }',
    )
    assert [str(problem) for problem in found.problems] == [
        "config.string of four:1:9: pipeline: another pipeline listens at the address 'three' already",
        "config.string of one:1:30: pipeline: no pipeline listens at the address 'tow'",
        "config.string of three:1:52: pipeline: pipelines send in a circle: one to two to three to two",
        "config.string of four:1:51: input.pipeline.address: this option is required and missing",
        "config.string of four:1:62: input.pipeline.adress: there is no option 'adress'; did you mean 'address'?",
    ]
    assert [str(warning) for warning in found.warnings] == [
        "config.string of five:1:9: input.pipeline unused: nothing sends to this address"
    ]
