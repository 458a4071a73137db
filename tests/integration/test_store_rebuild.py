"""`store verify` finds what is wrong, `store rebuild` mends it; a catalog of the first version is brought up."""

from __future__ import annotations

import re
import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from logsluice.cli.main import run
from logsluice.errors import Sick, UsageError
from logsluice.model import Sent
from logsluice.store.catalog import FILE_NAME, Catalog
from logsluice.store.checking import info, verify
from logsluice.store.compaction import compact
from logsluice.store.database import Overtaken
from logsluice.store.query import StoreQuery
from logsluice.store.rebuilding import rebuild
from logsluice.store.retention import drop_old
from logsluice.store.tables import VERSION
from logsluice.testing.sinks import must_not_refuse, opened
from tests.integration.test_store_compaction import (
    DAY,
    NOON,
    ONE,
    OTHER,
    event,
    files,
    send,
    sink,
    statuses,
    write_each,
)


def answers(folder: Path) -> list[Any]:
    """To several questions: they must be the same before and after."""
    with StoreQuery(folder) as query:
        return [
            [(hit.id, hit.format, hit.event) for hit in query.search(sort="_id", size=1000).hits],
            query.top_values("", "env"),
            query.fields(),
            query.stats("status"),
        ]


def filled(folder: Path) -> Path:
    """Compacted files, files as they were written, two days, undeclared names, a forgotten origin."""
    write_each(folder, *(event(n, env=f"e{n}") for n in range(4)))
    list(compact(folder, whole=True))
    write_each(folder, event(5, deep={"er": 1}), event(6, days=1), event(7, OTHER))
    target = sink(folder)
    with opened(target):
        target.forget(OTHER)
    return folder


def lose(folder: Path) -> None:
    for path in folder.glob(f"{FILE_NAME}*"):
        path.unlink()


def scribble(folder: Path) -> None:
    lose(folder)
    (folder / FILE_NAME).write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)


def empty(folder: Path) -> None:
    lose(folder)
    (folder / FILE_NAME).touch()


@pytest.mark.parametrize("harm", [lambda _: None, lose, scribble, empty])
def test_a_rebuilt_catalog_gives_the_same_answers(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    before, entered = answers(filled(tmp_path)), len(files(tmp_path))
    harm(tmp_path)
    result = rebuild(tmp_path)
    assert (result.files, result.rows, result.damaged) == (entered, 6, ())
    assert answers(tmp_path) == before
    assert verify(tmp_path).problems == ()
    assert send(sink(tmp_path), event(2), event(8)) == Sent(duplicates=1)
    assert send(sink(tmp_path), event(7, OTHER)) == Sent()


@pytest.mark.parametrize("harm", [lose, empty])
def test_a_store_without_its_catalog_is_not_taken_for_an_empty_one(
    tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    write_each(tmp_path, event(1))
    harm(tmp_path)
    with pytest.raises(UsageError, match="lost its catalog"):
        sink(tmp_path).open()
    assert len(list(tmp_path.glob("format=*/date=*/*.parquet"))) == 1


def test_a_running_writer_finds_the_new_catalog(tmp_path: Path) -> None:
    target = sink(tmp_path)
    with opened(target):
        target.send(target.encode([event(1)], must_not_refuse))
        scribble(tmp_path)
        rebuild(tmp_path)
        assert target.send(target.encode([event(1), event(2)], must_not_refuse)) == Sent(duplicates=1)
    assert statuses(tmp_path) == [1, 2]


def test_rows_that_two_files_hold_are_kept_once(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2))
    orphan = shutil.copy(tmp_path / files(tmp_path)[0].path, tmp_path / "kept")
    with opened(target := sink(tmp_path / "other")):
        target.send(target.encode([event(n) for n in (2, 3)], must_not_refuse))
    mixed = tmp_path / "other" / files(tmp_path / "other")[0].path
    shutil.copy(mixed, tmp_path / "format=web/date=2026-01-31/mixed.parquet")
    shutil.copy(orphan, tmp_path / "format=web/date=2026-01-31/again.parquet")
    lose(tmp_path)
    assert rebuild(tmp_path).repeated == 2
    assert statuses(tmp_path) == [1, 2, 3]
    assert verify(tmp_path).problems == ()


def test_what_was_dropped_stays_dropped_where_the_catalog_can_be_read(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2, days=1))
    drop_old(Catalog(tmp_path), 0, NOON + DAY)
    rebuild(tmp_path)
    assert statuses(tmp_path) == [2]
    assert send(sink(tmp_path), event(1)) == Sent(duplicates=1)


def test_a_file_that_cannot_be_read_is_set_aside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_each(tmp_path, event(1), event(2))
    broken = files(tmp_path)[0].path
    (tmp_path / broken).write_bytes(b"PAR1 and no more")
    assert run(["store", "verify", "--store", str(tmp_path)]) == 1
    assert f"{broken}: it can't be read" in capsys.readouterr().err
    assert run(["store", "rebuild", "--store", str(tmp_path)]) == 1
    assert run(["store", "verify", "--store", str(tmp_path)]) == 0
    assert [path.read_bytes() for path in (tmp_path / "_damaged").iterdir()] == [b"PAR1 and no more"]
    assert statuses(tmp_path) == [2]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE files SET rows = 7", "it has 1 rows instead of 7"),
        ("UPDATE files SET bytes = 7", "bytes instead of 7"),
        ("UPDATE files SET max_time = min_time - 5, min_time = min_time - 5", "outside of what is entered"),
        ("UPDATE files SET date = '2026-01-01'", "it is of another format or date"),
        ("UPDATE files SET schema = 'beef'", "it has other columns than are entered"),
        ("DELETE FROM ranges", "it has positions not entered"),
    ],
)
def test_a_catalog_that_says_something_else_is_found_out(tmp_path: Path, change: str, problem: str) -> None:
    write_each(tmp_path, event(1))
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        database.execute(change)
    database.close()
    (found,) = verify(tmp_path).problems
    assert problem in found
    rebuild(tmp_path)
    assert verify(tmp_path).problems == ()


def test_missing_files_and_repeated_ids_are_found(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2))
    first, second = files(tmp_path)
    shutil.copy(tmp_path / first.path, tmp_path / second.path)
    assert f"the id {ONE.id_of(1)} is there 2 times" in verify(tmp_path).problems
    (tmp_path / first.path).unlink()
    assert f"{first.path}: it is missing" in verify(tmp_path).problems


def test_unentered_files_are_told_and_do_no_harm(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_each(tmp_path, event(1))
    (tmp_path / "format=web/date=2026-01-31/x.parquet").write_bytes(b"")
    assert run(["store", "verify", "--json", "--store", str(tmp_path)]) == 0
    assert orjson.loads(capsys.readouterr().out) == {
        "clean": True,
        "files": 1,
        "events": 1,
        "problems": [],
        "leftovers": ["format=web/date=2026-01-31/x.parquet"],
    }


def test_info_and_compact_say_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_each(tmp_path, event(1), event(2), event(3, days=1))
    assert run(["store", "info", "--store", str(tmp_path)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "3 events of 2 days, 2026-01-31T12:00:00+00:00 to 2026-02-01T12:00:00+00:00"
    assert said[-1] == "2 small files could be merged: logsluice store compact"
    assert run(["store", "compact", "--store", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "2 files became 1, with 2 events\n"
    assert run(["store", "compact", "--json", "--store", str(tmp_path)]) == 0
    assert orjson.loads(capsys.readouterr().out) == {"merged_files": 0, "new_files": 0, "events": 0}
    assert run(["store", "info", "--json", "--store", str(tmp_path)]) == 0
    found = orjson.loads(capsys.readouterr().out)
    assert (found["files"], found["files_to_compact"], found["replaced_files"]) == (2, 0, 2)
    assert found["formats"]["web"]["events"] == 3


def test_there_is_nothing_to_look_after_where_there_is_no_store(tmp_path: Path) -> None:
    for name in ("info", "compact", "verify", "rebuild"):
        assert run(["store", name, "--store", str(tmp_path / "nowhere")]) == 1
    assert not (tmp_path / "nowhere").exists()


FIRST_VERSION = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path TEXT NOT NULL UNIQUE, format TEXT NOT NULL, date TEXT NOT NULL, schema TEXT NOT NULL,
    rows INTEGER NOT NULL, bytes INTEGER NOT NULL, min_time INTEGER, max_time INTEGER
);
CREATE TABLE ranges (
    digest TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, file INTEGER NOT NULL,
    PRIMARY KEY (digest, first, last, file)
) WITHOUT ROWID;
CREATE TABLE schemas (
    format TEXT NOT NULL, version TEXT NOT NULL, columns TEXT NOT NULL, PRIMARY KEY (format, version)
) WITHOUT ROWID;
CREATE TABLE extras (format TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (format, path)) WITHOUT ROWID;
PRAGMA user_version = 1;
"""


def as_first_version(folder: Path) -> None:
    """The catalog as the first version wrote it, with the same content."""
    database = sqlite3.connect(folder / FILE_NAME)
    kept = {
        "files": "id, path, format, date, schema, rows, bytes, min_time, max_time",
        "ranges": "digest, first, last, file",
        "schemas": "format, version, columns",
        "extras": "format, path",
    }
    rows = {table: database.execute(f"SELECT {names} FROM {table}").fetchall() for table, names in kept.items()}
    database.close()
    lose(folder)
    database = sqlite3.connect(folder / FILE_NAME)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(FIRST_VERSION)
    for table, content in rows.items():
        places = ", ".join("?" * len(kept[table].split(",")))
        database.executemany(f"INSERT INTO {table} VALUES ({places})", content)
    database.commit()
    database.close()


def test_a_catalog_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    write_each(tmp_path, event(1, env="a"), event(2, days=1))
    before = answers(tmp_path)
    as_first_version(tmp_path)
    assert answers(tmp_path) == before
    with sqlite3.connect(tmp_path / FILE_NAME) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (VERSION,)
        (written,) = database.execute("SELECT min(written) FROM files").fetchone()
    database.close()
    assert abs(time.time() - written) < 3600
    assert send(sink(tmp_path), event(1), event(3)) == Sent(duplicates=1)
    assert list(compact(tmp_path, whole=True)) == [(2, 2)]
    assert verify(tmp_path).problems == ()


def test_changes_to_a_catalog_that_was_replaced_are_not_made(tmp_path: Path) -> None:
    write_each(tmp_path, event(1))
    stale = Catalog(tmp_path)
    lose(tmp_path)
    rebuild(tmp_path)
    with pytest.raises(Overtaken):
        stale.drop([file.path for file in files(tmp_path)])
    assert statuses(tmp_path) == [1]
    assert [file.rows for file in stale.snapshot().files] == [1]


def test_a_damaged_catalog_is_said_in_a_sentence(tmp_path: Path) -> None:
    write_each(tmp_path, event(1))
    lose(tmp_path)
    (tmp_path / FILE_NAME).write_bytes(b"damaged " * 1000)
    sentence = (
        f"the catalog of the store in {tmp_path} is damaged: file is not a database; see `logsluice store rebuild`"
    )
    with pytest.raises(UsageError, match=re.escape(sentence)):
        StoreQuery(tmp_path)
    for ask in (verify, info, lambda folder: list(compact(folder))):
        with pytest.raises(Sick, match=re.escape(sentence)):
            ask(tmp_path)


def test_a_file_that_can_not_be_opened_is_not_taken_for_a_damaged_one(tmp_path: Path) -> None:
    write_each(tmp_path, event(1))
    (file,) = files(tmp_path)
    (tmp_path / file.path).rename(tmp_path / "elsewhere")
    (tmp_path / file.path).symlink_to(tmp_path / file.path)  # opening it fails, whoever this user is
    with pytest.raises(Sick):
        rebuild(tmp_path)
    assert [found.path for found in files(tmp_path)] == [file.path]
