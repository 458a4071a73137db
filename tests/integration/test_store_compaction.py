"""Small files become large ones; days and origins are dropped; what was in them is known or forgotten as it should."""

from __future__ import annotations

import os
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from logsluice.components import Context
from logsluice.errors import Busy, Sick
from logsluice.formats.fields import Field
from logsluice.model import Event, Origin, Sent
from logsluice.sinks import store
from logsluice.sinks.store import StoreSink
from logsluice.store import retention, upkeep
from logsluice.store.catalog import FILE_NAME, Catalog, DataFile
from logsluice.store.checking import info, verify
from logsluice.store.compaction import ENOUGH_FILES, LARGE_BYTES, alone, compact, plan
from logsluice.store.database import Overtaken
from logsluice.store.query import StoreQuery
from logsluice.store.rewriting import Rewriter
from logsluice.testing.sinks import must_not_refuse, opened

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)
ONE, OTHER = Origin("s3://logs/one", "etag"), Origin("s3://logs/other", "etag")


class Web:
    name = "web"
    fields = (Field("status", "integer"),)


class LaterWeb:
    """Its status became text, and it has a new field."""

    name = "web"
    fields = (Field("status", "keyword"), Field("colour", "keyword"))


def sink(folder: Path, web: type = Web, **options: Any) -> StoreSink:
    return store.build(store.Config(path=folder, **options), Context(formats=(web(),)))


def event(number: int, origin: Origin = ONE, days: int = 0, **fields: Any) -> Event:
    about = {"_id": origin.id_of(number), "position": number, "format": "web"}
    return {"@timestamp": NOON + days * DAY, "status": number, **fields, "@metadata": about}


def send(target: StoreSink, *events: Event) -> Sent:
    with opened(target):
        return target.send(target.encode(events, must_not_refuse))


def write_each(folder: Path, *events: Event) -> None:
    """A file for each event."""
    with opened(sink(folder)) as target:
        for each in events:
            target.send(target.encode([each], must_not_refuse))


def statuses(folder: Path, query: str = "") -> list[Any]:
    with StoreQuery(folder) as asked:
        return [hit.event["status"] for hit in asked.search(query, sort="_id", size=1000).hits]


def files(folder: Path) -> list[DataFile]:
    return list(Catalog(folder).snapshot().files)


def forget_grace(folder: Path, seconds: float) -> None:
    """As if everything had gone so much earlier."""
    with sqlite3.connect(folder / FILE_NAME) as database:
        database.execute("UPDATE gone SET since = since - ?", (seconds,))
    database.close()


def small(number: int, size: int, date: str = "2026-01-31") -> DataFile:
    return DataFile(f"f{number}", "web", date, "s", 10, size, NOON, NOON)


def test_small_files_of_a_day_become_one_with_the_same_answers(tmp_path: Path) -> None:
    write_each(tmp_path, *(event(n, env=f"e{n}") for n in range(5)), event(9, days=1))
    assert list(compact(tmp_path, whole=True)) == [(5, 5)]
    assert sorted(file.rows for file in files(tmp_path)) == [1, 5]
    assert statuses(tmp_path) == [0, 1, 2, 3, 4, 9]
    assert statuses(tmp_path, "env:e3") == [3]
    assert verify(tmp_path).problems == ()
    assert list(compact(tmp_path, whole=True)) == []


def test_repeats_are_found_in_compacted_files(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(5), event(9))
    list(compact(tmp_path, whole=True))
    assert send(sink(tmp_path), event(5), event(7)) == Sent(duplicates=1)
    assert statuses(tmp_path) == [1, 5, 7, 9]


def test_replaced_files_stay_for_readers_and_go_after_the_grace_period(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2))
    old = [tmp_path / file.path for file in files(tmp_path)]
    list(compact(tmp_path, whole=True))
    retention.tidy(tmp_path)
    send(sink(tmp_path))  # which sweeps
    assert all(path.exists() for path in old)
    forget_grace(tmp_path, retention.GRACE_SECONDS + 5)
    retention.tidy(tmp_path)
    assert not any(path.exists() for path in old)
    assert (verify(tmp_path).problems, verify(tmp_path).leftovers) == ((), ())


def test_one_compacts_at_a_time(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2))
    with alone(tmp_path), pytest.raises(Busy, match="another process"):
        list(compact(tmp_path, whole=True))
    assert list(compact(tmp_path, whole=True)) == [(2, 2)]


def test_a_row_is_rewritten_a_few_times_only() -> None:
    lying: list[DataFile] = []
    rewritten = 0
    for number in range(1000):
        lying.append(small(number, 1000))
        for batch in plan(lying):
            size = sum(file.bytes for file in batch)
            lying = [file for file in lying if file not in batch] + [small(10_000 + number, size)]
            rewritten += size
    assert len(lying) < 30
    assert rewritten < 5 * 1000 * 1000


def test_files_are_merged_by_day_and_up_to_a_bound() -> None:
    third = LARGE_BYTES // 3 - 1
    assert plan([small(n, third) for n in range(7)], whole=True) == [
        [small(n, third) for n in range(3)],
        [small(n, third) for n in range(3, 6)],
    ]
    assert plan([small(1, 1), small(2, 1, "2026-02-01"), small(3, LARGE_BYTES)], whole=True) == []
    assert plan([small(n, 1) for n in range(ENOUGH_FILES - 1)]) == []


def test_old_days_are_dropped_and_do_not_come_back(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2, days=1), event(3, days=2))
    catalog = Catalog(tmp_path)
    assert [file.date for file in retention.drop_old(catalog, 86_400.0, NOON + 2 * DAY)] == ["2026-01-31"]
    assert retention.drop_old(catalog, 86_400.0, NOON + 2 * DAY) == []
    assert statuses(tmp_path) == [2, 3]
    assert send(sink(tmp_path), event(1)) == Sent(duplicates=1)
    forget_grace(tmp_path, retention.GRACE_SECONDS + 5)
    retention.tidy(tmp_path)
    assert not (tmp_path / "format=web/date=2026-01-31").exists()
    assert send(sink(tmp_path), event(1)) == Sent(duplicates=1)
    forget_grace(tmp_path, retention.LOOK_BACK_SECONDS)
    retention.tidy(tmp_path)
    assert send(sink(tmp_path), event(1)) == Sent()  # by then nobody announces it any more


def test_events_without_a_time_are_dropped_by_when_they_were_written(tmp_path: Path) -> None:
    timeless = event(1)
    del timeless["@timestamp"]
    write_each(tmp_path, timeless)
    now = datetime.now(UTC)
    assert retention.drop_old(Catalog(tmp_path), 60.0, now) == []
    assert len(retention.drop_old(Catalog(tmp_path), 60.0, now + timedelta(minutes=2))) == 1


def test_a_full_store_drops_its_oldest_days_but_never_the_newest(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2, days=1), event(3, days=2))
    size = sum(file.bytes for file in files(tmp_path))
    bounded = sink(tmp_path, max_size=f"{size - 10}B", when_full="drop_oldest")
    assert send(bounded, event(4, days=3)) == Sent()
    assert statuses(tmp_path) == [2, 3, 4]
    with pytest.raises(Sick, match="newest day alone"):
        send(sink(tmp_path, max_size="10B", when_full="drop_oldest"), event(5, days=3))
    assert statuses(tmp_path) == [2, 3, 4]


def test_a_full_store_pauses(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2, days=1))
    with pytest.raises(Sick, match="max_size of 10 bytes"):
        send(sink(tmp_path, max_size="10B"), event(3))
    with pytest.raises(Sick, match="min_free of"):
        send(sink(tmp_path, min_free="1000000TB"), event(3))
    assert statuses(tmp_path) == [1, 2]


def test_the_rows_of_an_origin_are_forgotten_and_can_be_delivered_again(tmp_path: Path) -> None:
    target = sink(tmp_path)
    with opened(target):
        both = [event(n, origin) for n in (1, 2) for origin in (ONE, OTHER)]
        target.send(target.encode(both, must_not_refuse))
        target.send(target.encode([event(3), event(4, days=1)], must_not_refuse))
        assert target.forget(ONE) == 4
        assert verify(tmp_path).problems == ()
        assert statuses(tmp_path) == [1, 2]
        assert target.forget(ONE) == 0
        corrected = [event(1, days=1), event(1, OTHER)]
        assert target.send(target.encode(corrected, must_not_refuse)) == Sent(duplicates=1)
    with StoreQuery(tmp_path) as query:
        assert Counter(hit.id for hit in query.search().hits) == Counter([ONE.id_of(1), OTHER.id_of(1), OTHER.id_of(2)])


@pytest.mark.parametrize("meanwhile", ["write", "compact"])
def test_what_happens_while_an_origin_is_forgotten_is_not_overlooked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    write_each(tmp_path, event(1), event(1, OTHER))
    replace, calls = Rewriter.replace, []

    def late(self: Rewriter, *args: Any) -> bool:
        calls.append(args)
        if len(calls) == 1 and meanwhile == "write":
            write_each(tmp_path, event(2))
        elif len(calls) == 1:
            list(compact(tmp_path, whole=True))
        return replace(self, *args)

    monkeypatch.setattr(Rewriter, "replace", late)
    target = sink(tmp_path)
    with opened(target):
        assert target.forget(ONE) == (2 if meanwhile == "write" else 1)
    with StoreQuery(tmp_path) as query:
        assert [hit.id for hit in query.search().hits] == [OTHER.id_of(1)]
    assert verify(tmp_path).problems == ()


def test_a_compaction_that_comes_too_late_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_each(tmp_path, event(1), event(2, OTHER))
    replace = Rewriter.replace

    def late(self: Rewriter, *args: Any) -> bool:
        monkeypatch.setattr(Rewriter, "replace", replace)
        target = sink(tmp_path)
        with opened(target):
            target.forget(ONE)
        return replace(self, *args)

    monkeypatch.setattr(Rewriter, "replace", late)
    assert list(compact(tmp_path, whole=True)) == []
    assert statuses(tmp_path) == [2]
    assert verify(tmp_path).problems == ()


def test_what_was_dropped_of_an_origin_is_forgotten_too(tmp_path: Path) -> None:
    target = sink(tmp_path)
    with opened(target):
        target.send(target.encode([event(1)], must_not_refuse))
        retention.drop_old(Catalog(tmp_path), 0, NOON + 2 * DAY)
        assert target.forget(ONE) == 0
        assert target.send(target.encode([event(1)], must_not_refuse)) == Sent()


def test_who_replaces_files_that_others_replaced_is_told(tmp_path: Path) -> None:
    write_each(tmp_path, event(1), event(2))
    old = [file.path for file in files(tmp_path)]
    list(compact(tmp_path, whole=True))
    for change in (Catalog(tmp_path).drop, lambda paths: Catalog(tmp_path).replace(paths, [])):
        with pytest.raises(Overtaken):
            change(old)
    assert statuses(tmp_path) == [1, 2]


def test_a_field_that_became_text_and_a_new_one_are_searched_over_all_files(tmp_path: Path) -> None:
    send(sink(tmp_path), event(200), event(404))
    send(sink(tmp_path, LaterWeb), event(1, status="404"), event(2, status="teapot", colour="red"))
    list(compact(tmp_path, whole=True))
    with StoreQuery(tmp_path) as query:
        assert query.count("status:404") == 2
        assert query.count("colour:red") == 1
        assert query.count("NOT colour:red") == 3
        assert [(each.value, each.count) for each in query.top_values("", "status")] == [
            ("404", 2),
            ("200", 1),
            ("teapot", 1),
        ]
        assert {(info.name, info.kind) for info in query.fields() if info.name in ("status", "colour")} == {
            ("colour", "keyword"),
            ("status", "integer"),
            ("status", "keyword"),
        }
        assert [hit.event["status"] for hit in query.search(sort="status:asc").hits] == [200, 404, "404", "teapot"]
    assert len(files(tmp_path)) == 2
    assert verify(tmp_path).problems == ()


def test_repeats_are_found_in_files_of_different_columns(tmp_path: Path) -> None:
    send(sink(tmp_path), event(1))
    send(sink(tmp_path, LaterWeb), event(2, status="teapot"))
    for web in (Web, LaterWeb):
        assert send(sink(tmp_path, web), event(1), event(2)) == Sent(duplicates=2)
    assert len(files(tmp_path)) == 2


def until(condition: Callable[[], bool]) -> bool:
    """Whether it comes to that within half a minute."""
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


def test_a_running_sink_compacts_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_each(tmp_path, *(event(n) for n in range(ENOUGH_FILES)))
    monkeypatch.setattr(upkeep, "INTERVAL_SECONDS", 0.05)
    with opened(sink(tmp_path)):
        assert until(lambda: len(files(tmp_path)) == 1)
    assert info(tmp_path)["events"] == ENOUGH_FILES


def test_a_running_sink_drops_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_each(tmp_path, event(99, days=-4), event(1))
    monkeypatch.setattr(upkeep, "INTERVAL_SECONDS", 0.05)
    age = datetime.now(UTC) - NOON
    with opened(sink(tmp_path, keep=f"{age.days + 2}d", compact=False)):
        assert until(lambda: len(files(tmp_path)) == 1)
    assert statuses(tmp_path) == [1]


def test_what_killed_compactions_left_is_removed_while_a_sink_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "INTERVAL_SECONDS", 0.05)
    with opened(sink(tmp_path)):
        left, in_use = tmp_path / "_tmp" / "left.parquet", tmp_path / "_tmp" / "in-use.parquet"
        for path in (left, in_use):
            path.touch()
        os.utime(left, (1, 1))
        assert until(lambda: not left.exists())
        assert in_use.exists()


def test_a_compaction_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_each(tmp_path, *(event(n) for n in range(ENOUGH_FILES)))
    (tmp_path / files(tmp_path)[0].path).write_bytes(b"spoilt")
    monkeypatch.setattr(upkeep, "INTERVAL_SECONDS", 0.05)
    with capture_logs() as said, opened(sink(tmp_path)):
        assert until(lambda: bool(said))
    assert said[0]["event"] == "the store could not be compacted, which is tried again"
    assert said[0]["exit_code"] == 1
    assert "can't be written" in said[0]["error"]
