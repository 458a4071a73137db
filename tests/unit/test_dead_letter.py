"""What is kept of a reject, and that a repeat keeps it once."""

from __future__ import annotations

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from logsluice.delivery import dead_letter
from logsluice.delivery.dead_letter import DeadLetter, open_dead_letter, read_dead_letter, trouble_of
from logsluice.errors import Sick
from logsluice.model import Origin, Reject

ORIGIN = Origin(
    "s3://logs/2026/01/31/a", "etag", {"s3": {"bucket": "logs"}}, "2026/01/31/a", ("logs", "2026/01/31/a", "etag")
)


def reject(position: int, excerpt: bytes = b"raw", output: str = "") -> Reject:
    stage = "sink" if output else "parse"
    return Reject(ORIGIN, position, excerpt, len(excerpt), stage, "why", output, ORIGIN.id_of(position))


def test_a_reject_is_kept_with_its_bytes_and_its_reason(tmp_path: Path) -> None:
    open_dead_letter(str(tmp_path)).write([reject(7)])
    [entry] = read_dead_letter(tmp_path)
    entry.pop("rejected_at")
    assert entry == {
        "stage": "parse",
        "reason": "why",
        "output": "",
        "event_id": f"20260131.{ORIGIN.digest}.7",
        "origin": {"uri": "s3://logs/2026/01/31/a", "version": "etag", "s3": {"bucket": "logs"}},
        "position": 7,
        "length": 3,
        "truncated": False,
        "text": "raw",
    }


def test_bytes_that_are_no_text_are_kept_whole(tmp_path: Path) -> None:
    open_dead_letter(str(tmp_path)).write([reject(0, b"\xff\x00")])
    [entry] = read_dead_letter(tmp_path)
    assert base64.b64decode(entry["base64"]) == b"\xff\x00"


def test_a_repeat_overwrites_itself(tmp_path: Path) -> None:
    letters = open_dead_letter(str(tmp_path))
    for _ in range(3):
        letters.write([reject(1), reject(2)])
    assert [e["position"] for e in read_dead_letter(tmp_path)] == [1, 2]
    assert len(list(tmp_path.rglob("*.ndjson"))) == 1


def test_readers_see_a_reject_once_however_its_parts_were_cut(tmp_path: Path) -> None:
    letters = open_dead_letter(str(tmp_path))
    letters.write([reject(1), reject(2), reject(3)])
    letters.write([reject(2), reject(3)])
    assert [e["position"] for e in read_dead_letter(tmp_path)] == [1, 2, 3]


def test_rejects_of_different_outputs_lie_apart(tmp_path: Path) -> None:
    open_dead_letter(str(tmp_path)).write([reject(1, output="a/b"), reject(1, output="c"), reject(1)])
    assert sorted((e["output"], e["stage"]) for e in read_dead_letter(tmp_path)) == [
        ("", "parse"),
        ("a/b", "sink"),
        ("c", "sink"),
    ]


def test_the_rest_of_a_delivery_overwrites_nothing_of_its_beginning(tmp_path: Path) -> None:
    letters = open_dead_letter(str(tmp_path))
    letters.write([reject(17, output="a"), reject(0, output="a")])
    letters.write([reject(17, output="a")])
    assert [e["position"] for e in read_dead_letter(tmp_path)] == [0, 17]


def test_events_of_one_record_overwrite_nothing_of_one_another(tmp_path: Path) -> None:
    letters = open_dead_letter(str(tmp_path))
    for n in ("", ".1", ".2"):
        letters.write([replace(reject(7), event_id=ORIGIN.id_of(7) + n)])
    assert [e["event_id"] for e in read_dead_letter(tmp_path)] == [ORIGIN.id_of(7) + n for n in (".1", ".2", "")]


def test_outputs_with_like_names_do_not_overwrite_one_another(tmp_path: Path) -> None:
    names = ["a/b", "a_b", "a:b", "parse", ""]
    open_dead_letter(str(tmp_path)).write([reject(1, output=name) for name in names])
    assert sorted(e["output"] for e in read_dead_letter(tmp_path)) == sorted(names)


def test_a_key_or_a_reason_that_is_no_unicode_is_kept(tmp_path: Path) -> None:
    origin = Origin("s3://logs/\udcff", "e", {"s3": {"key": "\udcff"}}, "\udcff")
    open_dead_letter(str(tmp_path)).write([Reject(origin, 0, b"x", 1, "parse", "no time in '\ud800'")])
    assert [e["reason"] for e in read_dead_letter(tmp_path)] == ["no time in '\ufffd'"]


def test_large_rejects_are_cut_into_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dead_letter, "PART_BYTES", 5000)
    open_dead_letter(str(tmp_path)).write([reject(n, b"x" * 2000) for n in range(10)])
    assert len(list(tmp_path.rglob("*.ndjson"))) == 5
    assert [e["position"] for e in sorted(read_dead_letter(tmp_path), key=lambda e: e["position"])] == list(range(10))


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(Sick, match="can't be written"):
        open_dead_letter(str(tmp_path / "file" / "sub")).write([reject(1)])


def test_what_is_kept_is_said_once_for_each_input_with_its_first_place_and_reason(tmp_path: Path) -> None:
    whole = Reject(ORIGIN, -1, b"", 9, "source", "it is gone")
    with capture_logs() as said:
        open_dead_letter(str(tmp_path)).write([reject(9), reject(7), reject(3, output="search")])
        open_dead_letter(str(tmp_path)).write([whole])
    origin = {"origin": "s3://logs/2026/01/31/a", "log_level": "warning"}
    assert said == [
        origin
        | {"event": "records that can't be read are kept in the dead letter", "position": 7, "reason": "why"}
        | {"rejects": 2},
        origin
        | {"event": "events that an output refuses are kept in the dead letter", "position": 3, "reason": "why"}
        | {"output": "search", "rejects": 1},
        origin
        | {"event": "an input that can't be used is kept in the dead letter", "reason": "it is gone", "rejects": 1},
    ]


def test_what_is_not_kept_is_said_as_well() -> None:
    with capture_logs() as said:
        DeadLetter(None).write([reject(7)])
    assert [(line["event"], line["origin"], line["reason"]) for line in said] == [
        ("records that can't be read are not kept", ORIGIN.uri, "why")
    ]


def test_a_folder_that_can_not_be_written_shows_before_anything_is_lost(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "closed").mkdir(mode=0o500)
    places = ["new/er", "file/letters", "closed/letters"]
    closed = "" if os.geteuid() == 0 else f"{tmp_path}/closed may not be written"  # root writes everywhere
    assert [trouble_of(str(tmp_path / place)) for place in places] == ["", f"{tmp_path}/file is no folder", closed]
    assert trouble_of("s3://letters/logs") == ""


def test_no_place_has_no_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "access", lambda _, mode: mode == os.F_OK)  # root may write everywhere
    assert trouble_of("") == ""
