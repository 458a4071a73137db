"""Which files are read, in which order, and what identifies them."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from logsluice.components import Context
from logsluice.errors import Denied, Missing, UsageError
from logsluice.model import Delivery, Outcome, Payload
from logsluice.sources.files import Config, build
from logsluice.sources.files.source import FilesSource


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.log", "a.log", "sub/c.log.gz", "sub/deep/d.log", ".hidden", ".git/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def opened(base: Path, *paths: str, **options: object) -> FilesSource:
    source = build(Config.model_validate({"paths": paths, **options}), Context(base=base))
    assert isinstance(source, FilesSource)
    source.open()
    return source


def deliveries(source: FilesSource) -> Iterator[Delivery]:
    while (batch := source.receive(0)) is not None:
        for delivery in batch:
            yield delivery
            source.settle(delivery, Outcome.DELIVERED)


def names(base: Path, source: FilesSource) -> list[str]:
    return [str(Path(delivery.id).relative_to(base)) for delivery in deliveries(source)]


def content(payload: Payload) -> bytes:
    with payload.open() as stream:
        return b"".join(iter(lambda: stream.read(1000), b""))


def test_a_folder_is_read_with_all_below_it_but_hidden_names(folder: Path) -> None:
    source = opened(folder, ".")
    assert source.total_bytes == len("a.logb.logsub/c.log.gzsub/deep/d.log")
    assert names(folder, source) == ["a.log", "b.log", "sub/c.log.gz", "sub/deep/d.log"]


def test_a_folder_may_be_read_alone(folder: Path) -> None:
    assert names(folder, opened(folder, ".", recursive=False)) == ["a.log", "b.log"]


def test_patterns_reach_into_folders_with_two_stars(folder: Path) -> None:
    assert names(folder, opened(folder, "*.log")) == ["a.log", "b.log"]
    assert names(folder, opened(folder, "**/*.log")) == ["a.log", "b.log", "sub/deep/d.log"]


def test_a_file_named_twice_is_read_once(folder: Path) -> None:
    assert names(folder, opened(folder, "a.log", "*.log", str(folder / "a.log"))) == ["a.log", "b.log"]


def test_a_name_with_pattern_characters_is_a_file_first(folder: Path) -> None:
    (folder / "a[1].log").write_text("x")
    assert names(folder, opened(folder, "a[1].log")) == ["a[1].log"]


def test_a_missing_path_names_its_near_match(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file or folder sub/c.log; did you mean 'c.log.gz'\?"):
        opened(folder, "sub/c.log")
    with pytest.raises(UsageError, match=r"no file matches \*.txt"):
        opened(folder, "*.txt")


def test_a_file_is_known_by_its_content_and_not_by_its_name(folder: Path) -> None:
    (folder / "copy.log").write_text("a.log")
    first, other, copy = (payload.origin for found in deliveries(opened(folder, "*.log")) for payload in found.payloads)
    assert first.digest == copy.digest != other.digest
    assert (first.uri, first.name) == ((folder / "a.log").as_uri(), str(folder / "a.log"))


def test_a_payload_gives_bytes_size_and_time_of_the_file(folder: Path) -> None:
    os.utime(folder / "a.log", (0, 1769854272))
    (delivery,) = deliveries(opened(folder, "a.log"))
    (payload,) = delivery.payloads
    assert (content(payload), payload.size) == (b"a.log", 5)
    assert payload.modified() == datetime(2026, 1, 31, 10, 11, 12, tzinfo=UTC)


def test_small_files_come_together_and_large_ones_alone(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number:02}.log").write_bytes(b"x" * (600_000 if number < 4 else 10))
    source, sizes = opened(tmp_path, "."), []
    while batch := source.receive(0):
        sizes.append(len(batch))
    assert sizes == [2, 2, 8]


def test_standard_input_is_read_once_and_known_by_its_first_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = []
    for tail in (b"one", b"two"):
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(b"x" * 70_000 + tail)))
        source = opened(tmp_path, "-")
        assert source.total_bytes is None
        (delivery,) = deliveries(source)
        (payload,) = delivery.payloads
        assert content(payload) == b"x" * 70_000 + tail
        assert (payload.size, payload.modified(), payload.origin.uri) == (None, None, "stdin:")
        with pytest.raises(Missing, match="stdin: can be read only once"):
            content(payload)
        digests.append(payload.origin.digest)
    assert digests[0] == digests[1]


def test_a_named_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"line\n" * 40_000,))
    writer.start()
    assert [content(payload) for found in deliveries(opened(tmp_path, "pipe")) for payload in found.payloads] == [
        b"line\n" * 40_000
    ]
    writer.join()


def test_a_file_that_vanished_is_missing_and_is_looked_for_again_on_retry(folder: Path) -> None:
    source = opened(folder, "a.log", retry_delay="10ms")
    (folder / "a.log").rename(folder / "kept")
    (gone,) = source.receive(0) or []
    assert isinstance(gone.fault, Missing)
    assert [reject.reason for reject in gone.rejects] == [f"{folder / 'a.log'}: No such file or directory"]
    (folder / "kept").rename(folder / "a.log")
    source.settle(gone, Outcome.RETRY)
    (found,) = source.receive(5) or []
    assert (found.fault, found.receive_count, content(found.payloads[0])) == (None, 2, b"a.log")


def test_a_file_without_permission_is_denied(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, *_: object) -> io.BytesIO:
        raise PermissionError(13, "Permission denied")  # the tests may run as root, to whom nothing is denied

    monkeypatch.setattr(Path, "open", refuse)
    (delivery,) = deliveries(opened(folder, "a.log"))
    assert isinstance(delivery.fault, Denied)


def test_another_worker_waits_until_the_last_file_is_settled(folder: Path) -> None:
    source = opened(folder, "a.log")
    (delivery,) = source.receive(0) or []
    seen: list[object] = []
    waiting = threading.Thread(target=lambda: seen.append(source.receive(30)))
    waiting.start()
    source.settle(delivery, Outcome.DELIVERED)
    waiting.join(10)
    assert seen == [None]


def test_a_file_that_is_never_used_up_is_put_aside_by_reference(folder: Path) -> None:
    source = opened(folder, "a.log", retry_delay="1ms", quarantine_after=2)
    for _ in range(2):
        (delivery,) = source.receive(1) or []
        assert len(delivery.payloads) == 1
        source.settle(delivery, Outcome.RETRY)
    (last,) = source.receive(1) or []
    (reject,) = last.rejects
    assert (last.payloads, reject.position, reject.length, reject.reason) == (
        (),
        -1,
        5,
        "quarantined: read 2 times and never used up",
    )
    source.settle(last, Outcome.REJECTED)
    assert source.receive(0) is None


def test_a_file_that_goes_while_it_is_opened_is_a_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = opened(folder, "a.log")
    (delivery,) = source.receive(0) or []

    def fails(_: int) -> os.stat_result:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr("logsluice.sources.files.payload.os.fstat", fails)
        with pytest.raises(Denied, match="Permission denied"), delivery.payloads[0].open():
            pass


def test_names_that_are_excluded_are_left_out(tmp_path: Path) -> None:
    for name in ("a.log", "a.gz", "b.log"):
        (tmp_path / name).write_text(name)
    assert names(tmp_path, opened(tmp_path, ".", exclude=["*.gz", "b*"])) == ["a.log"]
