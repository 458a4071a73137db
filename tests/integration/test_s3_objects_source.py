"""The source s3_objects over emulated buckets: what it lists, what it leaves out, what it does afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from logsluice.components import Context
from logsluice.errors import Denied, Superseded, UsageError
from logsluice.model import Delivery, Outcome
from logsluice.sources.s3_objects import Config, build
from logsluice.sources.s3_objects.source import S3ObjectsSource
from logsluice.testing.sources import drain, opened, receive_all, uris
from tests.parts.large_bucket import LargeBucket
from tests.parts.moto_server import MotoServer

HOUR = 3600.0


@pytest.fixture
def s3(aws: MotoServer) -> Any:
    client = aws.client("s3")
    for bucket in ("logs", "done", "state"):
        client.create_bucket(Bucket=bucket)
    return client


@pytest.fixture
def large(aws_environment: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[LargeBucket]:
    with LargeBucket() as bucket:
        monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.url)
        yield bucket


def source_of(folder: Path, state: str = "state", **options: Any) -> S3ObjectsSource:
    chosen = {"bucket": "logs", "interval": "50ms", "retry_delay": "100ms", **options}
    return build(Config.model_validate(chosen), Context(base=folder, state=state))


def keys_of(source: S3ObjectsSource) -> list[str]:
    """The keys that are handed out, all of them settled."""
    return sorted(uri.removeprefix("s3://logs/") for delivery in drain(source) for uri in uris(delivery))


def put(s3: Any, *keys: str, **more: Any) -> None:
    for key in keys:
        s3.put_object(Bucket="logs", Key=key, Body=b"line\n", **more)


# -------------------------------------------------------------------------------------------- what is listed


def test_objects_are_handed_out_once_though_each_poll_lists_them(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1", "app/2", "other/1")
    with opened(source_of(tmp_path, prefix="app/")) as source:
        assert keys_of(source) == ["app/1", "app/2"]
        put(s3, "app/3")
        assert keys_of(source) == ["app/3"]
        s3.put_object(Bucket="logs", Key="app/1", Body=b"other content\n")
        assert keys_of(source) == ["app/1"]


def test_listing_once_ends_and_goes_on_where_a_killed_one_was(s3: Any, tmp_path: Path) -> None:
    put(s3, *(f"app/{number:02d}" for number in range(25)))
    killed = source_of(tmp_path, interval="once")
    killed.open()
    for delivery in receive_all(killed, 20):
        killed.settle(delivery, Outcome.DELIVERED)
    with opened(source_of(tmp_path, interval="once")) as source:
        assert keys_of(source) == [f"app/{number:02d}" for number in range(20, 25)]
        assert source.receive(0) is None


@pytest.mark.parametrize("interval", ["once", "1h"])
def test_an_object_that_was_replaced_before_it_is_read_is_handed_out_as_it_is_then(
    large: LargeBucket, tmp_path: Path, interval: str
) -> None:
    for key in ("app/1", "app/10"):
        large.put(key, b"old\n", time.time() - 10)
    with opened(source_of(tmp_path, interval=interval)) as source:
        listed = {uris(delivery)[0]: delivery for delivery in receive_all(source, 2)}
        large.put("app/1", b"new\n", time.time())
        replaced = listed["s3://logs/app/1"]
        open_replaced(replaced)
        for delivery in listed.values():
            source.settle(delivery, Outcome.DELIVERED)
        (again,) = receive_all(source, 1)
        with again.payloads[0].open() as stream:
            assert (again.payloads[0].origin.uri, stream.read()) == ("s3://logs/app/1", b"new\n")
        assert again.payloads[0].origin.digest != replaced.payloads[0].origin.digest
        source.settle(again, Outcome.DELIVERED)
        assert source.receive(0.5) == (None if interval == "once" else [])


def open_replaced(delivery: Delivery) -> None:
    with pytest.raises(Superseded), delivery.payloads[0].open():
        pass


def test_an_object_that_is_replaced_and_put_back_is_read(large: LargeBucket, tmp_path: Path) -> None:
    large.put("app/1", b"first\n", time.time() - 10)
    with opened(source_of(tmp_path, interval="once")) as source:
        (listed,) = receive_all(source, 1)
        large.put("app/1", b"second\n", time.time() - 5)
        open_replaced(listed)
        large.put("app/1", b"first\n", time.time())
        assert source.receive(0) == []
        source.settle(listed, Outcome.DELIVERED)
        (again,) = receive_all(source, 1)
        with again.payloads[0].open() as stream:
            assert stream.read() == b"first\n"
        source.settle(again, Outcome.DELIVERED)
        assert source.receive(0.5) is None


def test_an_object_that_is_replaced_again_and_again_is_read_at_last(large: LargeBucket, tmp_path: Path) -> None:
    large.put("app/1", b"0\n", time.time())
    with opened(source_of(tmp_path, interval="once")) as source:
        for number in range(1, 5):
            (listed,) = receive_all(source, 1)
            large.put("app/1", b"%d\n" % number, time.time())
            open_replaced(listed)
            source.settle(listed, Outcome.DELIVERED)
        (listed,) = receive_all(source, 1)
        with listed.payloads[0].open() as stream:
            assert stream.read() == b"4\n"


def test_what_took_the_place_of_an_object_is_not_tagged_in_its_stead(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1")
    with opened(source_of(tmp_path, interval="once", after={"tag": {"read": "yes"}})) as source:
        (listed,) = receive_all(source, 1)
        s3.put_object(Bucket="logs", Key="app/1", Body=b"new\n")
        open_replaced(listed)
        source.settle(listed, Outcome.DELIVERED)
        assert s3.get_object_tagging(Bucket="logs", Key="app/1")["TagSet"] == []
        assert keys_of(source) == ["app/1"]
        assert s3.get_object_tagging(Bucket="logs", Key="app/1")["TagSet"] == [{"Key": "read", "Value": "yes"}]


def test_state_in_s3_resumes_in_another_task(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1", "app/2")
    with opened(source_of(tmp_path, "s3://state/here", prefix="app/")) as source:
        assert keys_of(source) == ["app/1", "app/2"]
    put(s3, "app/3")
    with opened(source_of(tmp_path / "elsewhere", "s3://state/here", prefix="app/")) as source:
        assert keys_of(source) == ["app/3"]


def test_empty_archived_and_unwanted_objects_are_left_out_and_counted_once(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1.log", "app/1.tmp")
    put(s3, "app/glacier.log", StorageClass="GLACIER")
    put(s3, "app/deep.log", StorageClass="DEEP_ARCHIVE")
    put(s3, "app/instant.log", StorageClass="GLACIER_IR")
    s3.put_object(Bucket="logs", Key="app/folder/", Body=b"")
    with capture_logs() as said, opened(source_of(tmp_path, exclude_keys=r"\.tmp$")) as source:
        assert keys_of(source) == ["app/1.log", "app/instant.log"]
        counted = {name: source.counters.total(f"{name}_objects") for name in ("empty", "archived", "unwanted")}
    assert counted == {"empty": 1, "archived": 2, "unwanted": 1}
    assert [entry["event"] for entry in said] == [
        "archived objects are left out: restore them, and bring them by `logsluice backfill`"
    ]


def test_start_at_now_leaves_out_what_is_there_the_first_time_only(large: LargeBucket, tmp_path: Path) -> None:
    large.put("before", b"line\n", time.time() - 10)
    with opened(source_of(tmp_path, start_at="now")) as source:
        assert keys_of(source) == []
    large.put("meanwhile", b"line\n", time.time() + 1)
    with opened(source_of(tmp_path, start_at="now")) as source:
        assert keys_of(source) == ["meanwhile"]


def test_since_and_until_go_by_the_day_in_the_key_and_else_by_the_time_of_writing(
    large: LargeBucket, tmp_path: Path
) -> None:
    at = datetime(2026, 1, 31, 12, tzinfo=UTC).timestamp()
    for key, modified in {
        "2026/01/30/copied-today": time.time(),
        "2026/01/31/x": at,
        "2026/02/01/x": at,
        "undated": at,
        "undated-early": at - HOUR,
        "undated-late": at + 13 * HOUR,
    }.items():
        large.put(key, b"line\n", modified)
    window = {"since": "2026-01-31T12:00:00Z", "until": "2026-02-01"}
    with opened(source_of(tmp_path, interval="once", **window)) as source:
        assert keys_of(source) == ["2026/01/31/x", "undated"]


def test_late_objects_are_found_as_long_as_the_window_says(large: LargeBucket, tmp_path: Path) -> None:
    now = time.time()
    large.put("b", b"line\n", now)
    with opened(source_of(tmp_path)) as source:
        assert keys_of(source) == ["b"]
        large.put("a-late", b"line\n", now - 47 * HOUR)
        large.put("a-too-late", b"line\n", now - 49 * HOUR)
        assert keys_of(source) == ["a-late"]


def test_a_folder_may_have_a_format_and_fields_of_its_own(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1", "web/1")
    options = [{"bucket": "^logs$", "folders": [{"key": "^web/", "format": "lines", "fields": {"team": "web"}}]}]
    with opened(source_of(tmp_path, bucket_options=options)) as source:
        found = {p.origin.name: p.origin for delivery in receive_all(source, 2) for p in delivery.payloads}
        assert [each.name for each in source.formats] == ["lines"]
    assert (found["app/1"].format, found["app/1"].fields) == (None, {})
    assert found["web/1"].format is source.formats[0]
    assert found["web/1"].fields == {"team": "web"}


# ------------------------------------------------------------------------------------------ dates in the prefix


def test_a_poll_lists_two_days_and_not_the_years_before(large: LargeBucket, tmp_path: Path) -> None:
    today = datetime.now(UTC)
    days = [today - timedelta(days=age) for age in range(400)]
    for day in days:
        for number in range(5):
            large.put(f"logs/eu-west-1/{day:%Y/%m/%d}/{number}", b"line\n", day.timestamp() - 60)
    options = {"prefix": "logs/{region}/{yyyy}/{MM}/{dd}/", "start_at": "now"}
    with opened(source_of(tmp_path, **options, interval="1h")) as source:
        assert keys_of(source) == []
        assert source.counters.total("list_requests") <= 4  # the regions, yesterday, today, tomorrow when it is near
        assert set(large.listings) <= {"logs/", *(f"logs/eu-west-1/{d:%Y/%m/%d}/" for d in (*days[:2],))} | {
            f"logs/eu-west-1/{today + timedelta(days=1):%Y/%m/%d}/"
        }
    large.put(f"logs/us-east-1/{today:%Y/%m/%d}/new", b"line\n", time.time() + 1)
    with opened(source_of(tmp_path, **options)) as source:
        assert keys_of(source) == [f"logs/us-east-1/{today:%Y/%m/%d}/new"]


def test_a_sweep_finds_what_is_late_in_an_old_prefix(large: LargeBucket, tmp_path: Path) -> None:
    options = {"prefix": "logs/{yyyy}/{MM}/{dd}/"}
    large.put("logs/2025/03/01/first", b"line\n", time.time() - 1000)
    with opened(source_of(tmp_path, **options)) as source:
        assert keys_of(source) == ["logs/2025/03/01/first"]
        large.put("logs/2025/03/01/late", b"line\n", time.time())
        assert keys_of(source) == []
    with opened(source_of(tmp_path, **options, sweep="1s", window="2d")) as source:
        time.sleep(1)
        assert keys_of(source) == ["logs/2025/03/01/late"]


# ------------------------------------------------------------------------------------------------- afterwards


@pytest.mark.parametrize(
    ("after", "left", "moved"),
    [
        ("keep", ["app/1"], []),
        ("delete", [], []),
        ({"move": "s3://done/kept/"}, [], ["kept/app/1"]),
        ({"tag": {"logsluice": "done"}}, ["app/1"], []),
    ],
)
def test_what_is_delivered_is_kept_deleted_moved_or_tagged(
    s3: Any, tmp_path: Path, after: Any, left: list[str], moved: list[str]
) -> None:
    put(s3, "app/1", Tagging="team=web")
    with opened(source_of(tmp_path, prefix="app/", after=after)) as source:
        (delivery,) = receive_all(source, 1)
        assert listing(s3, "logs") == ["app/1"]  # nothing before it is delivered
        source.settle(delivery, Outcome.DELIVERED)
        assert source.counters.total("after_failed") == 0
    assert (listing(s3, "logs"), listing(s3, "done")) == (left, moved)
    if "tag" in after:
        tags = s3.get_object_tagging(Bucket="logs", Key="app/1")["TagSet"]
        assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "web", "logsluice": "done"}
    if moved:
        assert s3.get_object(Bucket="done", Key="kept/app/1")["Body"].read() == b"line\n"


def test_what_is_to_be_retried_stays_where_it_is(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1")
    with opened(source_of(tmp_path, after="delete")) as source:
        (delivery,) = receive_all(source, 1)
        source.settle(delivery, Outcome.RETRY)
    assert listing(s3, "logs") == ["app/1"]
    with opened(source_of(tmp_path, after="delete")) as source:  # it is remembered, whatever its age
        (again,) = receive_all(source, 1)
        assert again.receive_count == 2
        source.settle(again, Outcome.DELIVERED)
    assert listing(s3, "logs") == []


def test_an_object_with_rejects_stays_for_the_dead_letter_refers_to_it(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1")
    with opened(source_of(tmp_path, after="delete")) as source:
        (delivery,) = receive_all(source, 1)
        source.settle(delivery, Outcome.REJECTED)
        assert keys_of(source) == []
    assert listing(s3, "logs") == ["app/1"]


@pytest.mark.parametrize("state", ["state", "s3://state/here"])
def test_an_object_that_kills_the_process_is_read_alone_and_then_put_aside(s3: Any, tmp_path: Path, state: str) -> None:
    keys = [f"app/{number}" for number in range(5)]
    put(s3, *keys)
    handed_out = []
    for _ in range(6 if state == "state" else 7):  # state in S3 may miss the first: it is written with a delay
        killed = source_of(tmp_path, state, interval="1h")
        killed.open()
        handed_out.append(len(killed.receive(1.0) or ()))
        assert killed.receive(0) == []
    assert handed_out == [*[5] * (len(handed_out) - 3), 1, 1, 1]
    with opened(source_of(tmp_path, state, interval="1h")) as source:
        read = drain(source)
    assert [len(delivery.payloads) + len(delivery.rejects) for delivery in read] == [1] * 5
    (aside,) = [delivery for delivery in read if delivery.rejects]
    assert aside.payloads == ()
    assert source.counters.total("quarantined") == 1
    (reject,) = aside.rejects
    assert reject.truncated, "a replay has to read the object"
    assert reject.reason.startswith("quarantined: the process was killed ")


def test_a_move_that_fails_is_tried_again_after_a_restart_and_reads_nothing_twice(s3: Any, tmp_path: Path) -> None:
    put(s3, "app/1")
    options: dict[str, Any] = {"prefix": "app/", "after": {"move": "s3://later/"}}
    with capture_logs() as said, opened(source_of(tmp_path, **options)) as source:
        assert keys_of(source) == ["app/1"]
        assert source.counters.total("after_failed") >= 1
    assert "what `after` says can't be done now; it is tried again" in [entry["event"] for entry in said]
    s3.create_bucket(Bucket="later")
    with opened(source_of(tmp_path, **options)) as source:
        assert keys_of(source) == []
    assert (listing(s3, "logs"), listing(s3, "later")) == ([], ["app/1"])


def listing(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", ())]


# ----------------------------------------------------------------------------------------------------- faults


def test_a_bucket_that_can_not_be_listed_is_told_at_the_start(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="can't list s3://nowhere/: NoSuchBucket"):
        build(Config(bucket="nowhere"), Context(base=tmp_path)).open()


def test_one_that_is_lost_later_is_a_fault_for_who_polls_and_the_end_for_who_lists_once(
    s3: Any, tmp_path: Path
) -> None:
    polling = source_of(tmp_path / "polling")
    once = source_of(tmp_path / "once", interval="once", prefixes=["a/", "b/"])
    with opened(polling), opened(once):
        s3.delete_bucket(Bucket="logs")
        with pytest.raises(Denied, match="NoSuchBucket"):
            receive_all(polling, 1)
        assert once.receive(1.0) is None
        assert str(once.failure).startswith("can't list s3://logs/b/: NoSuchBucket")


def test_a_destination_within_what_is_listed_is_refused() -> None:
    with pytest.raises(ValidationError, match="would put objects where they are listed"):
        Config.model_validate({"bucket": "logs", "prefix": "app/", "after": {"move": "s3://logs/"}})
    with pytest.raises(ValidationError, match="hold the same objects"):
        Config.model_validate({"bucket": "logs", "prefixes": ["app/", "app/web/"]})
    with pytest.raises(ValidationError, match="must be shorter than `window`"):
        Config.model_validate({"bucket": "logs", "prefix": "{yyyy}/{MM}/{dd}/", "sweep": "3d"})
