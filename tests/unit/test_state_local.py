"""State in a folder."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from logsluice.errors import Unavailable, UsageError
from logsluice.state.local import FILE_NAME, LocalKeeper


def test_entries_outlive_the_process(tmp_path: Path) -> None:
    LocalKeeper(tmp_path / "deep/state").write({"one": {b"k": b"v", b"gone": b"1"}, "two": {b"k": b""}})
    keeper = LocalKeeper(tmp_path / "deep/state")  # the first was never closed, as after a kill
    keeper.write({"one": {b"gone": None, b"k": b"w"}})
    assert keeper.entries("one") == {b"k": b"w"}
    assert keeper.find("two", [b"k", b"other"]) == {b"k"}
    assert (keeper.entries("three"), keeper.find("three", [b"k"])) == ({}, set())


def test_partitions_are_found_by_their_beginning_and_dropped_whole(tmp_path: Path) -> None:
    keeper = LocalKeeper(tmp_path)
    keeper.write({"a/1": {b"k": b"v"}, "a/2": {b"k": b"v"}, "b%": {}})
    assert keeper.names("a/") == ["a/1", "a/2"]
    assert keeper.names("b%") == ["b%"]
    keeper.write({"a/2": {b"l": b"w"}}, drop=["a/1", "never"])
    assert (keeper.names("a/"), keeper.entries("a/1")) == (["a/2"], {})


def test_what_is_dropped_gives_its_space_back(tmp_path: Path) -> None:
    keeper = LocalKeeper(tmp_path)
    keeper.write({"many": {number.to_bytes(16): b"" for number in range(20_000)}})
    keeper.write({}, drop=["many"])
    keeper.close()
    assert (tmp_path / FILE_NAME).stat().st_size < 100_000


def test_a_second_process_on_the_same_is_told(tmp_path: Path) -> None:
    one, two = LocalKeeper(tmp_path), LocalKeeper(tmp_path)
    with capture_logs() as said:
        one.hold("s3_objects/main")
        two.hold("s3_objects/other")
        assert said == []
        two.hold("s3_objects/main")
    assert [(entry["log_level"], entry["what"], entry["process"]) for entry in said] == [
        ("warning", "s3_objects/main", str(os.getpid()))
    ]
    one.close()
    with capture_logs() as said:
        LocalKeeper(tmp_path).hold("s3_objects/main")
    assert said == []


def test_a_place_that_can_not_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"state can.t be kept in .*file/state"):
        LocalKeeper(tmp_path / "file/state")


def test_what_can_not_be_read_any_more_is_a_fault_that_may_pass(tmp_path: Path) -> None:
    keeper = LocalKeeper(tmp_path)
    keeper.close()  # as at the end, while a worker that was cut off is still asking
    for ask in (lambda: keeper.names(""), lambda: keeper.entries("a"), lambda: keeper.find("a", [b"k"])):
        with pytest.raises(Unavailable, match="can't be read"):
            ask()


def test_a_lock_that_can_not_be_taken_is_one_sentence(tmp_path: Path) -> None:
    keeper = LocalKeeper(tmp_path)
    keeper.hold("a")
    (lock,) = tmp_path.glob("*.lock")
    lock.unlink()
    lock.mkdir()
    with pytest.raises(UsageError, match="can't be locked"):
        keeper.hold("a")
    keeper.close()


def test_the_state_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    LocalKeeper(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(UsageError, match="later version"):
        LocalKeeper(tmp_path)
