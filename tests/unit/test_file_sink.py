"""The output `file`: where lines go, what is refused, rotation, and files that a killed process left behind."""

from __future__ import annotations

import errno
import gzip
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import Sick
from logsluice.model import Event, Sent
from logsluice.sinks import file as file_sink
from logsluice.sinks.file import Config, FileSink, build
from logsluice.testing.sinks import must_not_refuse


def event(number: int, **fields: Any) -> Event:
    return {
        "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
        "number": number,
        **fields,
        "@metadata": {"_id": f"x.{number}", "format": "json"},
    }


def make(base: Path, path: str, **options: Any) -> FileSink:
    sink = build(Config.model_validate({"path": path, **options}), Context(base=base))
    sink.open()
    return sink


def write(sink: FileSink, *events: Event) -> dict[int, str]:
    """Sends; returns what was refused."""
    refused: dict[int, str] = {}
    sent = sink.send(sink.encode(events, refused.__setitem__))
    assert sent.failed == {}
    return refused | sent.rejected


def numbers(path: Path) -> list[int]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.name.endswith(".gz") else content
    return [json.loads(line)["number"] for line in text.splitlines()]


def tree(folder: Path) -> dict[str, list[int]]:
    return {str(path.relative_to(folder)): numbers(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def test_each_event_goes_to_the_file_that_its_values_name(tmp_path: Path) -> None:
    sink = make(tmp_path, "out/%{[@metadata][format]}/%{team}-%{+yyyy-MM-dd}.ndjson")
    assert write(sink, event(1, team="a"), event(2, team="b"), event(3, team="a"), event(4, team="x/y")) == {}
    sink.close()
    assert tree(tmp_path) == {
        "out/json/a-2026-01-31.ndjson": [1, 3],
        "out/json/b-2026-01-31.ndjson": [2],
        "out/json/x/y-2026-01-31.ndjson": [4],
    }


def test_lines_with_metadata_are_json_as_others_are(tmp_path: Path) -> None:
    (tmp_path / "e").write_bytes(b"a text of somebody else\n")
    sink = make(tmp_path, "e", codec={"ndjson": {"metadata": {"beat": "b"}}})
    encoded = sink.encode([event(1)], must_not_refuse)
    document = sink.document(encoded, 0)
    sink.send(encoded)
    sink.close()
    expected = {"@metadata": {"beat": "b", "_id": "x.1", "format": "json"}, "@timestamp": "2026-01-31T12:00:00Z"}
    assert json.loads(document) == expected | {"number": 1}
    assert (tmp_path / "e").read_bytes().strip() == document.strip()
    (rotated,) = (path for path in tmp_path.iterdir() if path.name.startswith("e.") and path.suffix != ".lock")
    assert rotated.read_bytes() == b"a text of somebody else\n"


@pytest.mark.parametrize("value", ["../x", "..", "a/../../x", "/etc/x", "", ".", "a//b", "a\0b", "x" * 300, "\udcff"])
def test_a_value_that_leads_elsewhere_is_rejected(tmp_path: Path, value: str) -> None:
    sink = make(tmp_path / "root", "out/%{team}/events.ndjson")
    refused = write(sink, event(1, team="good"), event(2, team=value), event(3))
    sink.close()
    assert list(refused) == [1, 2]
    assert refused[2] == "the event lacks a field of the path 'out/%{team}/events.ndjson'"
    assert tree(tmp_path) == {"root/out/good/events.ndjson": [1]}


def test_a_name_that_is_a_file_and_a_folder_rejects_the_second(tmp_path: Path) -> None:
    sink = make(tmp_path, "%{team}")
    assert write(sink, event(1, team="a")) == {}
    assert write(sink, event(2, team="a/b"), event(3, team="c")) == {0: "a/b: Not a directory"}
    sink.close()
    assert tree(tmp_path) == {"a": [1], "c": [3]}


def test_a_file_over_its_size_is_renamed(tmp_path: Path) -> None:
    sink = make(tmp_path, "a.ndjson", rotate_size="1KiB")
    for number in range(3):
        write(sink, event(number, text="x" * 600))
    sink.close()
    found = tree(tmp_path)
    assert sorted(found.values()) == [[0], [1], [2]]
    assert found["a.ndjson"] == [2]
    assert all(name.endswith(".ndjson") for name in found)


def test_a_file_begun_long_ago_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = make(tmp_path, "a.ndjson", rotate_after="1h")
    write(sink, event(1))
    write(sink, event(2))
    monkeypatch.setattr("logsluice.sinks._appended.AppendedFile.age", 3601.0)
    write(sink, event(3))
    sink.close()
    assert sorted(tree(tmp_path).values()) == [[1, 2], [3]]


def test_a_second_process_takes_a_name_of_its_own(tmp_path: Path) -> None:
    first, second = make(tmp_path, "a.ndjson.gz", gzip=True), make(tmp_path, "a.ndjson.gz", gzip=True)
    write(first, event(1))
    write(second, event(2))
    first.close()
    third = make(tmp_path, "a.ndjson.gz", gzip=True)
    write(third, event(3))
    for sink in (second, third):
        sink.close()
    assert tree(tmp_path) == {"a.ndjson.gz": [1, 3], "a.2.ndjson.gz": [2]}


@pytest.mark.parametrize("torn", [b'{"numb', b'{"number": 9}', b"{" + b"x" * 200_000])
def test_a_torn_line_is_cut_off_at_the_next_start(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"number": 1}\n' + torn)
    sink = make(tmp_path, "a.ndjson")
    write(sink, event(2))
    sink.close()
    assert tree(tmp_path) == {"a.ndjson": [1, 2]}


@pytest.mark.parametrize("cut", [1, 5, 11, 20])
def test_a_torn_gzip_member_is_cut_off_at_the_next_start(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.gz"
    members = [gzip.compress(b'{"number": %d}\n' % number) for number in (1, 2, 3)]
    path.write_bytes(members[0] + members[1] + members[2][:-cut])
    sink = make(tmp_path, "a.gz", gzip=True)
    write(sink, event(4))
    sink.close()
    assert tree(tmp_path) == {"a.gz": [1, 2, 4]}


@pytest.mark.parametrize(
    ("compress", "content"), [(True, b'{"number": 1}\n'), (False, gzip.compress(b"{}", mtime=0)), (False, b"mine")]
)
def test_a_file_of_another_kind_is_kept_under_another_name(tmp_path: Path, compress: bool, content: bytes) -> None:
    (tmp_path / "a.log").write_bytes(content)
    sink = make(tmp_path, "a.log", gzip=compress)
    write(sink, event(2))
    sink.close()
    kept = [path for path in tmp_path.iterdir() if path.name != "a.log"]
    assert [path.read_bytes() for path in kept] == [content]


def test_a_full_disk_is_a_pause_and_leaves_no_half_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sink = make(tmp_path, "%{team}.ndjson")
    write(sink, event(1, team="a"), event(1, team="b"))
    real, calls = os.write, []

    def full(file: int, data: Any) -> int:
        calls.append(file)
        if len(calls) == 1:
            return real(file, bytes(data)[:5])
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, data)

    monkeypatch.setattr(os, "write", full)
    encoded = sink.encode([event(2, team="a"), event(3, team="b"), event(4, team="a")], lambda *_: None)
    sent = sink.send(encoded)
    assert {index: str(fault) for index, fault in sent.failed.items()} == dict.fromkeys(
        (0, 2), "the file a.ndjson can't be written: No space left on device"
    )
    assert {type(fault) for fault in sent.failed.values()} == {Sick}
    assert tree(tmp_path) == {"a.ndjson": [1], "b.ndjson": [1, 3]}
    assert sink.send(sink.pick(encoded, sorted(sent.failed))) == Sent()
    sink.close()
    assert tree(tmp_path) == {"a.ndjson": [1, 2, 4], "b.ndjson": [1, 3]}


def test_a_folder_that_can_not_be_made_is_sick(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    sink = build(Config(path="taken/deep/a.ndjson"), Context(base=tmp_path))
    with pytest.raises(Sick, match="can't be written: Not a directory"):
        sink.open()


def test_few_files_stay_open_however_many_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_sink, "OPEN_FILES", 3)
    sink = make(tmp_path, "%{team}.ndjson")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(20):
        write(sink, event(number, team=f"t{number % 10}"))
    assert len(list(Path("/proc/self/fd").iterdir())) - before <= 3
    sink.close()
    assert tree(tmp_path) == {f"t{number}.ndjson": [number, number + 10] for number in range(10)}


def test_permissions_are_as_configured(tmp_path: Path) -> None:
    sink = make(tmp_path, "a.ndjson", mode="0640")
    write(sink, event(1))
    sink.close()
    assert (tmp_path / "a.ndjson").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"path": "logs/"}, "this ends in /"),
        ({"path": "a", "mode": "rw-"}, "permissions are written in octal, such as 0640"),
        ({"path": "a", "mode": 640}, ""),
        ({"path": "a", "mode": "7777"}, "less than or equal to 511"),
    ],
)
def test_options_that_can_not_work_are_refused(options: dict[str, Any], said: str) -> None:
    if not said:
        assert Config.model_validate(options).mode == 0o640
        return
    with pytest.raises(ValidationError, match=said):
        Config.model_validate(options)


@pytest.mark.parametrize(("path", "compress", "warned"), [("a.ndjson", True, 1), ("a.gz", False, 1), ("a.gz", True, 0)])
def test_check_warns_of_a_name_that_tells_another_kind(path: str, compress: bool, warned: int) -> None:
    assert len(list(file_sink.concerns(Config(path=path, gzip=compress), Context()))) == warned


@pytest.mark.parametrize(
    ("codec", "written"),
    [
        ({"line": "<%{number}>"}, b"<1>\n<2>\n"),
        ({"plain": "<%{number}>"}, b"<1><2>"),
        ("dots", b".."),
    ],
)
def test_a_codec_says_how_events_are_written(tmp_path: Path, codec: Any, written: bytes) -> None:
    for number in (1, 2):
        sink = make(tmp_path, "a.txt", codec=codec)
        assert write(sink, event(number)) == {}
        sink.close()
    assert (tmp_path / "a.txt").read_bytes() == written
    assert list(tmp_path.iterdir()) == [tmp_path / "a.txt"]


def test_a_torn_line_of_any_kind_is_cut_off(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"whole\ntor")
    sink = make(tmp_path, "a.txt", codec={"line": "<%{number}>"})
    write(sink, event(1))
    sink.close()
    assert (tmp_path / "a.txt").read_bytes() == b"whole\n<1>\n"


def test_what_a_codec_wrote_is_kept_as_json_in_the_dead_letter(tmp_path: Path) -> None:
    sink = make(tmp_path, "a.txt", codec={"line": "<%{number}>"})
    assert sink.document(sink.encode([event(1)], lambda *_: None), 0) == b'{"message":"<1>"}'


@pytest.mark.parametrize("take_away", [Path.unlink, lambda path: path.rename(path.with_name("b.ndjson"))])
def test_a_file_that_was_taken_away_is_made_again(tmp_path: Path, take_away: Callable[[Path], object]) -> None:
    sink = make(tmp_path, "a.ndjson")
    write(sink, event(1))
    take_away(tmp_path / "a.ndjson")
    write(sink, event(2))
    sink.close()
    assert numbers(tmp_path / "a.ndjson") == [2]


def test_without_a_size_no_file_is_renamed(tmp_path: Path) -> None:
    sink = make(tmp_path, "a.ndjson", rotate_size=None)
    for number in range(3):
        write(sink, event(number, text="x" * 600))
    sink.close()
    assert tree(tmp_path) == {"a.ndjson": [0, 1, 2]}
