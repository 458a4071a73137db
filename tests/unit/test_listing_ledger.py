"""The ledger of listings: what is done, what is new, and what is kept of it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.aws.envelopes import Announcement
from logsluice.aws.listing import Listed
from logsluice.sources.s3_objects.ledger import Ledger, hash_of
from logsluice.state.local import LocalKeeper

HOUR = 3600.0
WINDOW = 48 * HOUR
NOON = 1_769_860_800.0
"""2026-01-31T12:00:00Z."""

PREFIXES = ("app/",)


def listed(key: str, modified: float = NOON, etag: str = "e") -> Listed:
    return Listed(Announcement("logs", key, etag, 5), modified)


@contextmanager
def opened(folder: Path, start: float = 0.0, prefixes: Sequence[str] = PREFIXES) -> Iterator[Ledger]:
    """A ledger over the folder, as a fresh process has it; killed at its end."""
    keeper = LocalKeeper(folder)
    try:
        ledger = Ledger(keeper, "s3_objects/main/logs", WINDOW)
        ledger.open(start, prefixes)
        yield ledger
    finally:
        keeper.close()


def keys(objects: list[Listed]) -> list[str]:
    return [each.found.key for each in objects]


def test_what_is_settled_is_done_and_its_neighbours_of_the_same_second_are_not(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a"))
        assert keys(ledger.news([listed("a"), listed("b")], "app/")) == ["b"]
        ledger.write()
    with opened(tmp_path) as ledger:
        assert keys(ledger.news([listed("a"), listed("b")], "app/")) == ["b"]


def test_a_key_with_new_content_is_new(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a", etag="one"))
        assert keys(ledger.news([listed("a", etag="two")], "app/")) == ["a"]


def test_what_was_not_written_is_new_after_a_kill(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.settled(listed("a"))
    with opened(tmp_path) as ledger:
        assert keys(ledger.news([listed("a")], "app/")) == ["a"]


def test_a_sweep_raises_the_floor_and_lets_old_hashes_go(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        old, recent = listed("old", NOON - WINDOW - HOUR), listed("recent", NOON - HOUR)
        for each in (old, recent):
            ledger.settled(each)
        ledger.sweep_done(NOON, {})
        assert ledger.floors == {"app/": NOON - WINDOW}
        assert ledger.news([old, recent, listed("late", NOON - WINDOW)], "app/") == [listed("late", NOON - WINDOW)]
    keeper = LocalKeeper(tmp_path)
    assert keeper.names("") == ["s3_objects/main/logs/2026-01-31T11", "s3_objects/main/logs/head"]
    keeper.close()


def test_the_floor_stays_below_what_is_still_in_hand(tmp_path: Path) -> None:
    slow = listed("slow", NOON - 3 * WINDOW)
    with opened(tmp_path) as ledger:
        ledger.sweep_done(NOON, {hash_of(slow.found): slow})
    with opened(tmp_path) as ledger:
        assert ledger.news([slow], "app/") == [slow]


def test_what_failed_is_kept_by_itself_below_the_floor(tmp_path: Path) -> None:
    failing = listed("failing", NOON - 3 * WINDOW)
    with opened(tmp_path) as ledger:
        ledger.retried(failing, 4)
        ledger.sweep_done(NOON, {})
    with opened(tmp_path) as ledger:
        assert ledger.news([failing], "app/") == []
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
        assert ledger.news([listed("a")], "app/") == []
        assert [row.listed("logs") for row in ledger.after.values()] == [listed("a")]
        ledger.after_done(listed("a"))
        ledger.write()
    with opened(tmp_path) as ledger:
        assert ledger.after == {}


def test_the_start_counts_the_first_time_only(tmp_path: Path) -> None:
    with opened(tmp_path, NOON) as ledger:
        assert keys(ledger.news([listed("before", NOON - 1), listed("then", NOON)], "app/")) == ["then"]
    with opened(tmp_path, NOON + HOUR) as ledger:
        assert (ledger.floors, ledger.swept) == ({"app/": NOON}, NOON)
        assert keys(ledger.news([listed("then", NOON)], "app/")) == ["then"]


def test_a_prefix_that_is_added_later_has_a_floor_of_its_own(tmp_path: Path) -> None:
    old = listed("old", NOON - 2 * WINDOW)
    with opened(tmp_path) as ledger:
        ledger.sweep_done(NOON, {})
        assert ledger.news([old], "app/") == []
    with opened(tmp_path, prefixes=["app/", "web/"]) as ledger:
        assert (ledger.news([old], "app/"), ledger.news([old], "web/")) == ([], [old])
        assert ledger.swept == 0.0, "all of its dates are still to be listed"
    with opened(tmp_path, prefixes=["web/"]) as ledger:
        ledger.sweep_done(NOON, {})
    with opened(tmp_path, prefixes=["app/", "web/"]) as ledger:
        assert (ledger.news([old], "app/"), ledger.news([old], "web/")) == ([old], []), "what was given up begins anew"


def test_what_was_in_hand_at_a_kill_is_known_and_an_orderly_end_is_none(tmp_path: Path) -> None:
    for kills in range(3):
        with opened(tmp_path) as ledger:
            assert ledger.kills == ({hash_of(listed("a").found): kills} if kills else {})
            assert ledger.was_killed is (kills > 0)
            ledger.handed_out([listed("a"), listed("done"), listed("failed")])
            ledger.settled(listed("done"))
            ledger.retried(listed("failed"), 1)
            ledger.write()
            if kills == 2:
                ledger.end()
    with opened(tmp_path) as ledger:
        assert (ledger.was_killed, ledger.kills) == (False, {})


def test_kills_of_what_failed_are_known_until_it_is_settled(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path) as ledger:
            ledger.handed_out([listed("a")])
    with opened(tmp_path) as ledger:
        ledger.retried(listed("a"), 1)
        ledger.end()
    with opened(tmp_path) as ledger:
        assert ledger.kills == {hash_of(listed("a").found): 2}
        ledger.settled(listed("a"))
        ledger.end()
    with opened(tmp_path) as ledger:
        assert (ledger.kills, ledger.failed) == ({}, {})


def test_kills_of_what_is_gone_are_forgotten(tmp_path: Path) -> None:
    with opened(tmp_path) as ledger:
        ledger.handed_out([listed("gone"), listed("there")])
    there = hash_of(listed("there").found)
    with opened(tmp_path) as ledger:
        ledger.sweep_done(NOON, {there: listed("there")})
    with opened(tmp_path) as ledger:
        assert ledger.kills == {there: 1}


# ------------------------------------------------------------------------------------------------- property

STEP = st.one_of(
    st.tuples(st.just("arrive"), st.integers(0, 40)),  # an object shows up, written so many hours ago
    st.tuples(st.just("round"), st.integers(0, 100)),  # a listing; this percentage of it is settled, then a kill
    st.tuples(st.just("wait"), st.integers(1, 30)),  # hours
)


@settings(max_examples=30)
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
            batch = again + ledger.news(sorted(self.bucket, key=lambda each: each.found.key), "app/")
            done = batch[: len(batch) * percent // 100]
            for index, each in enumerate(done):
                if self.fails[index % len(self.fails)]:
                    ledger.retried(each, 1)
                else:
                    ledger.settled(each)
                    self.settled.append(each.found.key)
                ledger.write()
            if percent % 2 == 0:  # else it is killed before its end
                ledger.sweep_done(self.now, {hash_of(each.found): each for each in batch[len(done) :]})
