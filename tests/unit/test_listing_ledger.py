"""The ledger of listings: what is done, what is new, and what is kept of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.aws.envelopes import Announcement
from logsluice.aws.listing import Listed
from logsluice.sources.s3_objects.ledger import Ledger
from logsluice.state.local import LocalKeeper

HOUR = 3600.0
WINDOW = 48 * HOUR
NOON = 1_769_860_800.0
"""2026-01-31T12:00:00Z."""


def listed(key: str, modified: float = NOON, etag: str = "e") -> Listed:
    return Listed(Announcement("logs", key, etag, 5), modified)


@contextmanager
def opened(folder: Path, start: float = 0.0) -> Iterator[Ledger]:
    """A ledger over the folder, as a fresh process has it."""
    keeper = LocalKeeper(folder)
    try:
        ledger = Ledger(keeper, "s3_objects/main/logs", WINDOW)
        ledger.open(start)
        yield ledger
    finally:
        keeper.close()


def keys(objects: list[Listed]) -> list[str]:
    return [each.found.key for each in objects]


def test_what_is_settled_is_done_and_its_neighbours_of_the_same_second_are_not(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a"))
        assert keys(ledger.news([listed("a"), listed("b")])) == ["b"]
        ledger.write()
    with opened(tmp_path) as ledger:
        assert keys(ledger.news([listed("a"), listed("b")])) == ["b"]


def test_a_key_with_new_content_is_new(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a", etag="one"))
        assert keys(ledger.news([listed("a", etag="two")])) == ["a"]


def test_what_was_not_written_is_new_after_a_kill(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a"))
    with opened(tmp_path) as ledger:
        assert keys(ledger.news([listed("a")])) == ["a"]


def test_a_sweep_raises_the_floor_and_lets_old_hashes_go(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        old, recent = listed("old", NOON - WINDOW - HOUR), listed("recent", NOON - HOUR)
        for each in (old, recent):
            ledger.settled(each)
        ledger.sweep_done(NOON, [])
        assert ledger.floor == NOON - WINDOW
        assert ledger.news([old, recent, listed("late", NOON - WINDOW)]) == [listed("late", NOON - WINDOW)]
    keeper = LocalKeeper(tmp_path)
    assert keeper.names("") == ["s3_objects/main/logs/2026-01-31T11", "s3_objects/main/logs/head"]
    keeper.close()


def test_the_floor_stays_below_what_is_still_in_hand(tmp_path: Path) -> None:
    slow = listed("slow", NOON - 3 * WINDOW)
    with opened(tmp_path) as ledger:
        ledger.sweep_done(NOON, [slow.modified])
    with opened(tmp_path) as ledger:
        assert ledger.news([slow]) == [slow]


def test_what_failed_is_kept_by_itself_below_the_floor(tmp_path: Path) -> None:
    failing = listed("failing", NOON - 3 * WINDOW)
    with opened(tmp_path) as ledger:
        ledger.retried(failing, 4)
        ledger.sweep_done(NOON, [])
    with opened(tmp_path) as ledger:
        assert ledger.news([failing]) == []
        (row,) = ledger.failed.values()
        assert (row.listed("logs"), row.tries) == (failing, 4)
        ledger.settled(failing)
        ledger.write()
    with opened(tmp_path) as ledger:
        assert ledger.failed == {}


def test_what_remains_to_be_done_after_delivery_survives(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a"), after=True)
        ledger.write()
    with opened(tmp_path) as ledger:
        assert ledger.news([listed("a")]) == []
        assert [row.listed("logs") for row in ledger.after.values()] == [listed("a")]
        ledger.after_done(listed("a"))
        ledger.write()
    with opened(tmp_path) as ledger:
        assert ledger.after == {}


def test_the_start_counts_the_first_time_only(tmp_path: Path) -> None:
    with opened(tmp_path, NOON) as ledger:
        assert keys(ledger.news([listed("before", NOON - 1), listed("then", NOON)])) == ["then"]
    with opened(tmp_path, NOON + HOUR) as ledger:
        assert (ledger.floor, ledger.swept) == (NOON, NOON)
        assert keys(ledger.news([listed("then", NOON)])) == ["then"]


# ------------------------------------------------------------------------------------------------- property

STEP = st.one_of(
    st.tuples(st.just("arrive"), st.integers(0, 40)),  # an object shows up, written so many hours ago
    st.tuples(st.just("round"), st.integers(0, 100)),  # a listing; this percentage of it is settled, then a kill
    st.tuples(st.just("wait"), st.integers(1, 30)),  # hours
)


@settings(max_examples=60, deadline=None)
@given(st.lists(STEP, max_size=40), st.lists(st.booleans(), min_size=7, max_size=7))
def test_every_object_is_settled_once_whatever_arrives_when_and_whenever_it_is_killed(
    steps: list[tuple[str, int]], fails: list[bool]
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        _World(folder, fails).live(steps)
    finally:
        shutil.rmtree(folder)


class _World:
    """A bucket that fills, and a lister that is killed after each round."""

    def __init__(self, folder: Path, fails: list[bool]) -> None:
        self.folder = folder
        self.fails = fails
        self.now = NOON
        self.bucket: list[Listed] = []
        self.settled: list[str] = []

    def live(self, steps: list[tuple[str, int]]) -> None:
        doing: dict[str, Callable[[int], None]] = {"arrive": self.arrive, "round": self.round, "wait": self.wait}
        for action, amount in steps:
            doing[action](amount)
        self.round(100)
        self.fails = [False]
        self.round(100)
        assert sorted(self.settled) == sorted(keys(self.bucket))

    def wait(self, hours: int) -> None:
        self.now += hours * HOUR
        self.round(100)  # it lists more often than the window is long

    def arrive(self, hours: int) -> None:
        key = f"{len(self.bucket) * 7919 % 1000:03d}"  # in no order of time
        self.bucket.append(listed(key, self.now - hours * HOUR))

    def round(self, percent: int) -> None:
        with opened(self.folder) as ledger:
            again = [row.listed("logs") for row in ledger.failed.values()]
            batch = again + ledger.news(sorted(self.bucket, key=lambda each: each.found.key))
            done = batch[: len(batch) * percent // 100]
            for index, each in enumerate(done):
                if self.fails[index % len(self.fails)]:
                    ledger.retried(each, 1)
                else:
                    ledger.settled(each)
                    self.settled.append(each.found.key)
                ledger.write()
            if percent % 2 == 0:  # else it is killed before its end
                ledger.sweep_done(self.now, [each.modified for each in batch[len(done) :]])
