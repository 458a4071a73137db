"""Files that grow: which lines are handed out, under which ids, through rotation, truncation and restarts."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.formats import load
from logsluice.model import Delivery, Outcome
from logsluice.sources.files import Config, build, concerns
from logsluice.sources.files.follow import FollowingSource

INTERVAL = 0.01


class Follower:
    """A source in `folder`, and what came out of it."""

    def __init__(self, folder: Path, *paths: str, format_name: str = "lines", **options: object) -> None:
        config = {"paths": paths or ("logs/*",), "follow": True, "interval": "10ms", "retry_delay": "10ms", **options}
        source = build(Config.model_validate(config), Context(base=folder, state="state"))
        assert isinstance(source, FollowingSource)
        self.source = source
        self.decoder = Decoder(load(format_name))
        self.source.open()

    def receive(self, tries: int = 3) -> list[Delivery]:
        """What comes within a few looks."""
        for _ in range(tries):
            if batch := self.source.receive(2 * INTERVAL):
                return batch
        return []

    def settle(self, *deliveries: Delivery, outcome: Outcome = Outcome.DELIVERED) -> None:
        for delivery in deliveries:
            self.source.settle(delivery, outcome)

    def events(self, delivery: Delivery) -> list[tuple[str, str]]:
        """Id and message of each."""
        pieces = [piece for payload in delivery.payloads for piece in self.decoder.decode(payload)]
        assert [reject for piece in pieces for reject in piece.rejects] == []
        return [(event["@metadata"]["_id"], event["message"]) for piece in pieces for event in piece.events]

    def all(self) -> list[tuple[str, str]]:
        """Everything that comes until nothing does, settled."""
        found = []
        while batch := self.receive():
            for delivery in batch:
                found += self.events(delivery)
                self.settle(delivery)
        self.source.flush()
        return found

    def messages(self) -> list[str]:
        return [message for _, message in self.all()]

    def kill(self) -> None:
        """What a killed process would leave: nothing more is written to the state."""
        self.source._positions._changed.clear()
        self.source.close()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


@pytest.fixture
def follower(logs: Path) -> Iterator[Follower]:
    follower = Follower(logs.parent)
    yield follower
    follower.source.close()


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def test_what_is_added_is_handed_out_under_the_offset_of_its_line(logs: Path, follower: Follower) -> None:
    add(logs / "a.log", "one\ntwo\n")
    first = follower.all()
    add(logs / "a.log", "three\n")
    second = follower.all()
    assert [message for _, message in first + second] == ["one", "two", "three"]
    assert [event_id.rpartition(".")[2] for event_id, _ in first + second] == ["0", "4", "8"]
    assert len({event_id.rpartition(".")[0] for event_id, _ in first + second}) == 1


def test_new_files_are_found(logs: Path, follower: Follower) -> None:
    assert follower.messages() == []
    add(logs / "b.log", "b\n")
    add(logs / "a.log", "a\n")
    assert sorted(follower.messages()) == ["a", "b"]


def test_a_line_waits_until_it_is_complete(logs: Path, follower: Follower) -> None:
    add(logs / "a.log", "one\ntw")
    assert follower.messages() == ["one"]
    add(logs / "a.log", "o\n")
    assert follower.messages() == ["two"]


def test_a_last_line_is_taken_when_nothing_comes_for_long(logs: Path) -> None:
    add(logs / "a.log", "one\ntwo")
    follower = Follower(logs.parent, idle="30ms")
    assert follower.messages() == ["one", "two"]
    follower.source.close()


def test_a_restart_goes_on_behind_what_was_settled_with_equal_ids(logs: Path) -> None:
    add(logs / "a.log", "".join(f"line {n}\n" for n in range(1000)))
    first = Follower(logs.parent, range_bytes="1KiB")
    one, two, three, four = (first.receive()[0:4])[:4]
    before = {delivery.id: first.events(delivery) for delivery in (one, two, three, four)}
    first.settle(two, four, one)  # three is not: the position stops before it
    first.source.flush()
    first.kill()
    second = Follower(logs.parent, range_bytes="1KiB")
    rest = second.all()
    second.source.close()
    done = before[one.id] + before[two.id]
    assert [message for _, message in done + rest] == [f"line {n}" for n in range(1000)]
    assert rest[: len(before[three.id])] == before[three.id]


def test_a_file_that_was_small_keeps_its_identity_when_it_grows(logs: Path) -> None:
    add(logs / "a.log", "one\n")
    first = Follower(logs.parent)
    (delivery,) = first.receive()
    before = first.events(delivery)
    first.kill()
    add(logs / "a.log", "x" * 5000 + "\n")
    second = Follower(logs.parent)
    again = second.all()
    second.source.close()
    assert again[0] == before[0]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_beginning(logs: Path, stopped: bool) -> None:
    follower = Follower(logs.parent)
    add(logs / "a.log", "one\n")
    assert follower.messages() == ["one"]
    if stopped:
        follower.source.close()
    add(logs / "a.log", "two\n")
    (logs / "a.log").rename(logs / "a.log.1")
    add(logs / "a.log.1", "three\n")
    add(logs / "a.log", "four\n")
    if stopped:
        follower = Follower(logs.parent)
    assert sorted(follower.messages()) == ["four", "three", "two"]
    follower.source.close()


def test_a_file_renamed_out_of_sight_is_read_to_its_end(logs: Path, follower: Follower) -> None:
    add(logs / "a.log", "one\n")
    assert follower.messages() == ["one"]
    add(logs / "a.log", "two\n")
    (logs / "a.log").rename(logs.parent / "old")
    add(logs.parent / "old", "three\n")
    assert follower.messages() == ["two", "three"]


def test_a_deleted_file_is_read_to_its_end(logs: Path, follower: Follower) -> None:
    with (logs / "a.log").open("w") as file:
        file.write("one\n")
        file.flush()
        assert follower.messages() == ["one"]
        file.write("two\n")
        file.flush()
        (logs / "a.log").unlink()
        assert follower.messages() == ["two"]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_copied_and_truncated_file_is_two_files(logs: Path, stopped: bool) -> None:
    follower = Follower(logs.parent)
    add(logs / "a.log", "one\n")
    assert follower.messages() == ["one"]
    if stopped:
        follower.source.close()
    add(logs / "a.log", "two\n")
    shutil.copy(logs / "a.log", logs / "a.log.1")
    os.truncate(logs / "a.log", 0)
    add(logs / "a.log", "three\n")
    if stopped:
        follower = Follower(logs.parent)
    assert sorted(follower.messages()) == ["three", "two"]
    follower.source.close()


def test_a_copy_is_left_alone_while_it_is_one(logs: Path, follower: Follower) -> None:
    add(logs / "a.log", "one\ntwo\n")
    assert follower.messages() == ["one", "two"]
    shutil.copy(logs / "a.log", logs / "b.log")
    assert follower.messages() == []
    add(logs / "a.log", "three\n")
    assert follower.messages() == ["three"]
    assert follower.messages() == []


def test_a_truncated_file_starts_anew_under_other_ids(logs: Path, follower: Follower) -> None:
    add(logs / "a.log", "same\nlonger\n")
    first = follower.all()
    (logs / "a.log").write_text("same\n")
    second = follower.all()
    assert [message for _, message in second] == ["same"]
    assert {event_id for event_id, _ in first} & {event_id for event_id, _ in second} == set()


def test_two_files_that_begin_alike_are_two(logs: Path, follower: Follower) -> None:
    add(logs / "a.log", "#header\na1\n")
    add(logs / "b.log", "#header\nb1\n")
    found = follower.all()
    assert sorted(message for _, message in found) == ["#header", "#header", "a1", "b1"]
    assert len({event_id for event_id, _ in found}) == 4


def test_start_at_end_leaves_out_what_was_there_and_nothing_else(logs: Path) -> None:
    add(logs / "a.log", "old\nolder\nincompl")
    follower = Follower(logs.parent, start_at="end")
    assert follower.messages() == []
    add(logs / "a.log", "ete\nnew\n")
    add(logs / "b.log", "other\n")
    assert sorted(follower.messages()) == ["incomplete", "new", "other"]
    follower.source.close()
    add(logs / "c.log", "while it was down\n")
    again = Follower(logs.parent, start_at="end")
    assert again.messages() == ["while it was down"]
    again.source.close()


def test_compressed_files_are_read_once_and_whole(logs: Path, follower: Follower) -> None:
    (logs / "a.log.gz").write_bytes(gzip.compress(b"one\ntwo\n"))
    assert follower.messages() == ["one", "two"]
    follower.source.close()
    again = Follower(logs.parent)
    assert again.messages() == []
    again.source.close()


@pytest.mark.parametrize("read", [0, 1, 2])
def test_what_rotation_has_compressed_is_not_read_under_other_ids(logs: Path, read: int) -> None:
    """0: nothing of it was read; 1: a part, the rest was written while we were down; 2: all."""
    add(logs / "a.log", "one\ntwo\n")
    first = Follower(logs.parent)
    (delivery,) = first.receive()
    before = first.events(delivery)
    if read:
        first.settle(delivery)
    first.source.close()
    if read == 1:
        add(logs / "a.log", "three\n")
    (logs / "a.log.1.gz").write_bytes(gzip.compress((logs / "a.log").read_bytes()))
    (logs / "a.log").unlink()
    second = Follower(logs.parent)
    again = second.all()
    second.source.close()
    assert [message for _, message in again] == [["one", "two"], ["one", "two", "three"], []][read]
    assert again[:2] == (before if read < 2 else [])


def test_header_lines_are_known_to_later_ranges(logs: Path) -> None:
    header = "#Version: 1.0\n#Fields: date time c-ip sc-status\n"
    add(logs / "cf.log", header + "2026-01-31\t12:00:00\t192.0.2.1\t200\n")
    follower = Follower(logs.parent, format_name="auto")
    found = []
    for status in (201, 202):
        (delivery,) = follower.receive()
        (payload,) = delivery.payloads
        found += [event for piece in follower.decoder.decode(payload) for event in piece.events]
        follower.settle(delivery)
        add(logs / "cf.log", f"2026-01-31\t12:00:01\t192.0.2.1\t{status}\n")
    follower.source.close()
    assert [(event["sc_status"], event["@metadata"]["position"]) for event in found] == [(200, 48), (201, 82)]


def test_a_long_line_is_handed_out_whole_and_its_neighbours_too(logs: Path) -> None:
    add(logs / "a.log", "one\n" + "x" * 5000 + "\ntwo\n")
    follower = Follower(logs.parent, range_bytes="1KiB")
    assert [len(message) for message in follower.messages()] == [3, 5000, 3]
    follower.source.close()


def test_a_range_that_is_not_used_up_comes_back_and_is_put_aside_in_the_end(logs: Path) -> None:
    add(logs / "a.log", "one\n")
    follower = Follower(logs.parent, quarantine_after=2)
    for count in (1, 2):
        (delivery,) = follower.receive()
        assert (delivery.receive_count, len(delivery.payloads)) == (count, 1)
        follower.settle(delivery, outcome=Outcome.RETRY)
    (last,) = follower.receive()
    (reject,) = last.rejects
    assert (last.payloads, reject.position, reject.length) == ((), 0, 4)
    assert reject.reason == "quarantined: read 2 times and never used up"
    follower.settle(last, outcome=Outcome.REJECTED)
    add(logs / "a.log", "two\n")
    assert follower.messages() == ["two"]
    follower.source.close()


def test_handles_of_resting_files_are_let_go(logs: Path) -> None:
    follower = Follower(logs.parent, idle="20ms")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(30):
        add(logs / f"{number}.log", f"{number}\n")
    assert len(follower.messages()) == 30
    follower.receive(5)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    add(logs / "7.log", "more\n")
    assert follower.messages() == ["more"]
    follower.source.close()


def test_check_warns_of_names_that_rotation_leaves(tmp_path: Path) -> None:
    options = {"paths": ["app.log", "*.log", "."], "follow": True}
    context = Context(base=tmp_path, state="s3://bucket/state")
    assert [option for option, _ in concerns(Config.model_validate(options), context)] == ["paths", "follow"]
    assert list(concerns(Config.model_validate({**options, "follow": False}), context)) == []


def test_the_first_start_begins_where_the_configuration_says(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("a", "b", "c.skip"):
        (logs / name).write_text(f"{name} one\n{name} two\n{name} three\n")
    positions = {str(logs / "a"): 14}  # within the third line
    follower = Follower(tmp_path, start_at="end", positions=positions, exclude="*.skip")
    assert [message for _, message in follower.all()] == ["a three"]
    (logs / "new").write_text("new\n")
    assert [message for _, message in follower.all()] == ["new"]
    follower.source.close()
