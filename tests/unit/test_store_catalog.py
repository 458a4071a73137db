"""The catalog enters files and positions together, and says what is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from logsluice.errors import UsageError
from logsluice.formats.fields import Field
from logsluice.store.catalog import FILE_NAME, Catalog, DataFile, Range
from logsluice.store.columns import Columns
from logsluice.store.database import Overtaken
from logsluice.store.tables import VERSION

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
COLUMNS = Columns.of([Field("status", "integer")])


def data_file(name: str, start: datetime | None = NOON, end: datetime | None = NOON) -> DataFile:
    return DataFile(f"format=alb/date=2026-01-31/{name}", "alb", "2026-01-31", COLUMNS.version, 3, 100, start, end)


def enter(catalog: Catalog, name: str, *ranges: Range, since: int | None = None) -> None:
    enter_files(catalog, data_file(name), ranges=ranges, since=since)


def enter_files(
    catalog: Catalog,
    *files: DataFile,
    ranges: Sequence[Range] = (),
    extras: Sequence[tuple[str, str]] = (),
    since: int | None = None,
) -> None:
    for file in files:
        path = catalog.path.parent / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    catalog.enter([(file, ranges, COLUMNS) for file in files], extras, catalog.latest() if since is None else since)


def test_what_was_entered_is_in_the_next_snapshot(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    enter_files(catalog, data_file("a"), ranges=[Range("d", 0, 9)], extras=[("alb", "env")])
    snapshot = Catalog(tmp_path).snapshot()
    assert snapshot.files == (data_file("a"),)
    assert snapshot.columns[("alb", COLUMNS.version)].columns == COLUMNS.columns
    assert snapshot.extras == {"alb": frozenset({"env"})}


def test_a_snapshot_leaves_out_files_outside_the_time_range(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    early, late = data_file("early", NOON - HOUR, NOON), data_file("late", NOON + HOUR, NOON + HOUR)
    timeless = data_file("timeless", None, None)
    enter_files(catalog, early, late, timeless)
    assert catalog.snapshot().files == (early, late, timeless)
    assert catalog.snapshot(since=NOON).files == (early, late)
    assert catalog.snapshot(since=NOON + timedelta(seconds=1)).files == (late,)
    assert catalog.snapshot(until=NOON + HOUR).files == (early,)


def test_overlapping_ranges_are_found_by_file(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    enter(catalog, "a", Range("d", 0, 9), Range("e", 0, 9))
    enter(catalog, "b", Range("d", 10, 19))
    path = "format=alb/date=2026-01-31/"
    assert catalog.overlapping([Range("d", 9, 9)]) == {path + "a": [Range("d", 0, 9)]}
    assert catalog.overlapping([Range("d", 5, 12)]) == {
        path + "a": [Range("d", 0, 9)],
        path + "b": [Range("d", 10, 19)],
    }
    assert catalog.overlapping([Range("d", 20, 30), Range("f", 0, 9)]) == {}


def test_who_comes_second_with_the_same_positions_is_told(tmp_path: Path) -> None:
    one, other = Catalog(tmp_path, create=True), Catalog(tmp_path)
    since = one.latest()
    enter(other, "theirs", Range("d", 5, 9))
    with pytest.raises(Overtaken):
        enter(one, "mine", Range("d", 0, 5), since=since)
    assert [file.path for file in one.snapshot().files] == ["format=alb/date=2026-01-31/theirs"]
    enter(one, "mine", Range("d", 0, 4), since=since)
    assert len(one.snapshot().files) == 2


def test_a_failed_entry_leaves_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    enter(catalog, "a")
    with pytest.raises(sqlite3.IntegrityError):
        enter_files(catalog, data_file("b"), data_file("b"), ranges=[Range("d", 0, 1)], extras=[("alb", "x")])
    assert [file.path[-1] for file in catalog.snapshot().files] == ["a"]
    assert catalog.overlapping([Range("d", 0, 1)]) == {}
    assert catalog.snapshot().extras == {}


def test_a_full_disk_is_called_so_and_leaves_nothing(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    enter(catalog, "a")
    catalog._db.execute("PRAGMA max_page_count = 1")  # SQLite takes what there is, and no page more
    with pytest.raises(sqlite3.OperationalError, match="database or disk is full"):
        enter(catalog, "b", *(Range("d", number, number) for number in range(1000)))
    catalog._db.execute("PRAGMA max_page_count = 1000")
    enter(catalog, "c")
    assert [file.path[-1] for file in catalog.snapshot().files] == ["a", "c"]


def test_many_connections_and_threads_enter_at_once(tmp_path: Path) -> None:
    def work(number: int) -> None:
        catalog = Catalog(tmp_path, create=True)
        for step in range(5):
            enter(catalog, f"{number}-{step}", Range(str(number), step, step))
        catalog.close()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(8)))
    assert len(Catalog(tmp_path).snapshot().files) == 40


def test_a_folder_without_a_catalog_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no store"):
        Catalog(tmp_path)


def test_a_catalog_of_a_later_version_is_refused(tmp_path: Path) -> None:
    Catalog(tmp_path, create=True).close()
    database = sqlite3.connect(tmp_path / FILE_NAME)
    database.execute(f"PRAGMA user_version = {VERSION + 1}")
    database.close()
    with pytest.raises(UsageError, match="later logsluice"):
        Catalog(tmp_path)


def test_a_file_that_rebuild_has_entered_meanwhile_is_not_entered_twice(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    enter(catalog, "a", Range("d", 0, 9))
    enter(catalog, "a", Range("d", 0, 9), since=0)
    assert catalog.overlapping([Range("d", 0, 0)]) == {data_file("a").path: [Range("d", 0, 9)]}
    assert catalog.snapshot().files == (data_file("a"),)


def test_a_file_that_was_swept_before_it_was_entered_is_not_entered(tmp_path: Path) -> None:
    catalog = Catalog(tmp_path, create=True)
    with pytest.raises(Overtaken):
        catalog.enter([(data_file("a"), [Range("d", 0, 9)], COLUMNS)], [], 0)
    assert catalog.snapshot().files == ()
