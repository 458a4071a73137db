"""How a store is written: files, repeats, orphans, odd values."""

from __future__ import annotations

import os
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.components import Context
from logsluice.errors import Sick
from logsluice.formats.fields import Field
from logsluice.model import Event, Sent
from logsluice.sinks import store
from logsluice.sinks.store import StoreSink
from logsluice.store.catalog import FILE_NAME
from logsluice.store.query import StoreQuery
from logsluice.store.retention import GRACE_SECONDS
from logsluice.testing.sinks import must_not_refuse, opened

NOON = datetime(2026, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


class Web:
    name = "web"
    fields = (Field("status", "integer"), Field("where", "geo_point"), Field("groups", many=True), Field("who.name"))


def sink(folder: Path) -> StoreSink:
    return store.build(store.Config(path=folder / "store"), Context(formats=(Web(),)))  # type: ignore[arg-type]


def event(number: int, digest: str = "d", suffix: str = "", **fields: Any) -> Event:
    position = number * 100
    return {
        "@timestamp": NOON,
        "status": number,
        **fields,
        "@metadata": {"_id": f"20260131.{digest}.{position}{suffix}", "position": position, "format": "web"},
    }


def send(folder: Path, *events: Event) -> Sent:
    with opened(sink(folder)) as target:
        return target.send(target.encode(events, must_not_refuse))


def ids(folder: Path) -> list[str]:
    with StoreQuery(folder / "store") as query:
        return [hit.id.partition(".")[2] for hit in query.search(sort="_id").hits]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("store/format=*/date=*/*.parquet"))


def test_a_file_for_each_format_and_day_with_typed_columns(tmp_path: Path) -> None:
    tomorrow = event(2, who={"name": "ann"}, where={"lat": 1.5, "lon": 2})
    tomorrow["@timestamp"] = NOON.replace(month=2, day=1)
    send(tmp_path, event(1, groups=["a"], env="prod"), tomorrow)
    assert [path.parent.relative_to(tmp_path / "store").as_posix() for path in files(tmp_path)] == [
        "format=web/date=2026-01-31",
        "format=web/date=2026-02-01",
    ]
    assert list((tmp_path / "store/_tmp").iterdir()) == []
    described = duckdb.execute(
        f"DESCRIBE FROM read_parquet('{files(tmp_path)[0]}', hive_partitioning = false)"
    ).fetchall()
    assert {name: kind for name, kind, *_ in described} == {
        "_id": "VARCHAR",
        "@timestamp": "TIMESTAMP",
        "origin.uri": "VARCHAR",
        "origin.version": "VARCHAR",
        "origin.position": "BIGINT",
        "tags": "VARCHAR[]",
        "status": "BIGINT",
        "where": "STRUCT(lat DOUBLE, lon DOUBLE)",
        "groups": "VARCHAR[]",
        "who.name": "VARCHAR",
        "_extra": "JSON",
    }
    assert duckdb.execute(f"SELECT \"@timestamp\", status, _extra FROM '{files(tmp_path)[0]}'").fetchall() == [
        (NOON.replace(tzinfo=None), 1, '{"env":"prod"}')
    ]


def test_a_repeat_is_counted_and_adds_nothing(tmp_path: Path) -> None:
    assert send(tmp_path, event(1), event(2), event(1)) == Sent(duplicates=1)
    assert send(tmp_path, event(2), event(3), event(1)) == Sent(duplicates=2)
    assert ids(tmp_path) == ["d.100", "d.200", "d.300"]


def test_a_position_that_was_left_out_the_first_time_can_come_later(tmp_path: Path) -> None:
    send(tmp_path, event(1), event(5))
    assert send(tmp_path, event(3)) == Sent()
    assert ids(tmp_path) == ["d.100", "d.300", "d.500"]


def test_events_of_one_record_are_told_apart(tmp_path: Path) -> None:
    send(tmp_path, event(1, suffix=".0"), event(1, suffix=".1"))
    assert send(tmp_path, event(1, suffix=".1"), event(1, suffix=".2")).duplicates == 1
    assert ids(tmp_path) == ["d.100.0", "d.100.1", "d.100.2"]


def test_an_id_of_the_content_is_known_wherever_it_comes_from(tmp_path: Path) -> None:
    line, again, other = event(1), event(2), event(1)
    line["@metadata"]["_id"] = again["@metadata"]["_id"] = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
    other["@metadata"]["_id"] = "de9f2c7fd25e1b3afad3e85a0bd17d9b100db4b3"
    send(tmp_path, line)
    assert send(tmp_path, again, other) == Sent(duplicates=1)
    with StoreQuery(tmp_path / "store") as query:
        assert [hit.id[:4] for hit in query.search(sort="_id").hits] == ["2fd4", "de9f"]


def test_an_event_read_back_from_an_archive_is_known_by_its_id(tmp_path: Path) -> None:
    archived = event(1)
    archived["@metadata"]["position"] = 7
    send(tmp_path, event(1))
    assert send(tmp_path, archived) == Sent(duplicates=1)
    assert ids(tmp_path) == ["d.100"]


def test_what_retention_dropped_does_not_come_back(tmp_path: Path) -> None:
    send(tmp_path, event(1), event(5))
    files(tmp_path)[0].unlink()
    with sqlite3.connect(tmp_path / "store" / FILE_NAME) as catalog:
        catalog.execute("DELETE FROM files")
    catalog.close()
    assert send(tmp_path, event(1), event(3), event(7)).duplicates == 2
    assert ids(tmp_path) == ["d.700"]


def test_files_deleted_by_hand_can_be_shipped_again(tmp_path: Path) -> None:
    send(tmp_path, event(1))
    files(tmp_path)[0].unlink()
    assert send(tmp_path, event(1)) == Sent()
    assert len(files(tmp_path)) == 1


def test_a_folder_that_a_killed_process_made_is_synced_before_rows_are_confirmed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = tmp_path / "store/format=web/date=2026-01-31"
    day.mkdir(parents=True)
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_ino))
    send(tmp_path, event(1))
    kept = (*files(tmp_path), day.parent, day.parent.parent, day)
    assert synced == [path.stat().st_ino for path in kept]


def test_old_orphans_are_removed_and_young_ones_left(tmp_path: Path) -> None:
    send(tmp_path, event(1))
    entered = files(tmp_path)[0]
    orphans = [entered.with_name("old.parquet"), entered.with_name("young.parquet")]
    unfinished = [tmp_path / "store/_tmp" / name for name in ("old.ndjson", "young.parquet")]
    for path in (*orphans, *unfinished):
        path.write_bytes(b"x")
    for path in (entered, orphans[0], unfinished[0]):
        os.utime(path, (0, path.stat().st_mtime - GRACE_SECONDS - 60))
    send(tmp_path)
    assert [path.exists() for path in (entered, *orphans, *unfinished)] == [True, False, True, False, True]


def test_events_without_a_time_have_a_partition_of_their_own(tmp_path: Path) -> None:
    timeless = event(1)
    del timeless["@timestamp"]
    send(tmp_path, timeless)
    assert files(tmp_path)[0].parent.name == "date=__HIVE_DEFAULT_PARTITION__"
    assert ids(tmp_path) == ["d.100"]


def test_odd_values_survive(tmp_path: Path) -> None:
    odd: dict[str, Any] = {
        "text": 'nul \x00 esc \x1b line \u2028 quote " back \\ emoji \U0001f600',
        "huge": 2**63,
        "deep": {"a": [{"b": [1, None, "x"]}]},
        "": "no name",
        "empty": {"list": [], "object": {}},
    }
    send(tmp_path, event(1, **odd))
    with StoreQuery(tmp_path / "store") as query:
        (hit,) = query.search().hits
    assert {name: hit.event[name] for name in odd} == odd


def test_unpaired_surrogates_and_giant_integers_become_text(tmp_path: Path) -> None:
    send(tmp_path, event(1, text="a\ud800b", giant=2**80))
    with StoreQuery(tmp_path / "store") as query:
        (hit,) = query.search().hits
    assert (hit.event["text"], hit.event["giant"]) == ("a\ufffdb", str(2**80))


def test_a_row_far_longer_than_usual_is_written(tmp_path: Path) -> None:
    text = "0123456789" * 1_000_000
    send(tmp_path, event(1, text=text), event(2))
    with StoreQuery(tmp_path / "store") as query:
        assert query.search(sort="_id").hits[0].event["text"] == text


def test_misfits_are_counted(tmp_path: Path) -> None:
    target = sink(tmp_path)
    target.encode([event(1, groups="not a list"), event(2)], must_not_refuse)
    assert target.misfits == 1


def test_a_folder_that_cannot_be_made_is_a_sick_output(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(Sick, match="can't be written"):
        sink(tmp_path).open()


def test_formats_unknown_to_the_configuration_bring_their_own_columns(tmp_path: Path) -> None:
    plain = event(1, message="hello")
    plain["@metadata"]["format"] = "../odd name"
    send(tmp_path, plain)
    assert files(tmp_path)[0].parent.parent.name == "format=___odd_name"
    with StoreQuery(tmp_path / "store") as query:
        (hit,) = query.search('_format:"../odd name" AND message:hello').hits
    assert hit.format == "../odd name"


def test_requests_are_joined_and_picked_row_by_row(tmp_path: Path) -> None:
    target = sink(tmp_path)
    parts = [target.encode([event(n, env=f"e{n}") for n in numbers], must_not_refuse) for numbers in ((1, 2), (3,), ())]
    joined = target.join(parts)
    picked = target.pick(joined, [0, 2])
    assert (len(joined), len(picked)) == (3, 2)
    assert target.document(picked, 1) == b'{"@timestamp":"2026-01-31T12:00:00.123456Z","status":3,"env":"e3"}'
    with opened(target):
        assert target.send(picked) == Sent()
        assert target.send(joined) == Sent(duplicates=2)
    assert ids(tmp_path) == ["d.100", "d.200", "d.300"]


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=6)
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | ANY_TEXT
    | st.datetimes()
    | st.datetimes(timezones=st.timezones()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=8,
)
FIELD_NAMES = st.sampled_from(["status", "where", "groups", "who", "tags", "origin", "@timestamp", "_id", "_extra"])


@settings(max_examples=40)
@given(st.lists(st.dictionaries(FIELD_NAMES | ANY_TEXT.filter(lambda name: name != "@metadata"), ANYTHING), max_size=5))
def test_any_event_is_written_and_found(tmp_path_factory: pytest.TempPathFactory, events: list[Event]) -> None:
    folder = tmp_path_factory.mktemp("any")
    whole = [{**fields, "@metadata": event(number)["@metadata"]} for number, fields in enumerate(events)]
    assert send(folder, *whole) == Sent()
    assert ids(folder) == sorted(f"d.{number * 100}" for number in range(len(events)))


def test_data_nested_as_deep_as_json_goes_is_written(tmp_path: Path) -> None:
    deep: dict[str, Any] = {"bottom": 1}
    for _ in range(240):
        deep = {"d": deep}
    send(tmp_path, event(1, deep=deep))
    with StoreQuery(tmp_path / "store") as query:
        assert query.search().hits[0].event["deep"] == deep
        assert query.count("bottom") == 0
