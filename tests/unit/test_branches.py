from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.branches import Branch, Chain
from logsluice.errors import Undecidable
from logsluice.lang.conditions import compile_condition
from logsluice.model import Event, Filter, RejectEvent


class Adds:
    """Appends its letter to each event's trace, so many times over as copies; none: the event is dropped."""

    def __init__(self, letter: str, copies: int = 1) -> None:
        self.letter = letter
        self.copies = copies

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        return [
            {**event, "trace": event.get("trace", "") + self.letter} for event in events for _ in range(self.copies)
        ]


class Never:
    """Must not be called."""

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        raise AssertionError("called")


def run(filter_: Filter, *numbers: int) -> list[tuple[int, str]]:
    out = filter_.apply([{"n": n} for n in numbers], lambda *_: pytest.fail("rejected"))
    return [(event["n"], event.get("trace", "")) for event in out]


BIG = compile_condition("[n] >= 5")


def test_a_chain_applies_its_filters_in_order() -> None:
    assert run(Chain([Adds("a"), Adds("b")]), 1, 2) == [(1, "ab"), (2, "ab")]
    assert run(Chain(), 1) == [(1, "")]


def test_a_chain_stops_when_no_event_is_left() -> None:
    assert run(Chain([Adds("a", copies=0), Never()]), 1) == []


def test_a_branch_sends_each_event_one_way_and_keeps_the_order() -> None:
    branch = Branch(BIG, Adds("y", copies=2), Adds("n"))
    assert run(branch, 1, 5, 6, 2) == [(1, "n"), (5, "y"), (5, "y"), (6, "y"), (6, "y"), (2, "n")]


def test_without_an_else_events_go_on_untouched() -> None:
    events: list[Event] = [{"n": 1}, {"n": 2}]
    assert Branch(BIG, Never()).apply(events, lambda *_: None) is events
    assert run(Branch(BIG, Adds("y", copies=0)), 1, 9, 2) == [(1, ""), (2, "")]


def test_branches_nest() -> None:
    huge = compile_condition("[n] > 100")
    branch = Branch(huge, Adds("h"), Branch(BIG, Adds("b"), Adds("s")))
    assert run(Chain([branch, Adds(".")]), 1, 500, 50) == [(1, "s."), (500, "h."), (50, "b.")]


def test_an_undecidable_event_is_rejected_alone() -> None:
    branch = Branch(compile_condition("[n] >= 5", "logstash"), Adds("y"), Adds("n"))
    rejected: list[tuple[Event, str]] = []
    out = branch.apply([{"n": 1}, {"n": "x"}, {"n": 9}], lambda event, reason: rejected.append((event, reason)))
    assert out == [{"n": 1, "trace": "n"}, {"n": 9, "trace": "y"}]
    assert rejected == [({"n": "x"}, "if: a str >= a int can't be compared")]


def test_a_condition_that_may_be_too_slow_the_next_time_is_not_asked_again() -> None:
    asked: list[int] = []

    def slow(event: Event) -> bool:
        asked.append(event["n"])
        if event["n"] == 2 or asked.count(1) > 2:
            raise Undecidable("it took too long")
        return True

    rejected: list[int] = []
    out = Branch(slow, Adds("t")).apply([{"n": 1}, {"n": 2}], lambda event, _: rejected.append(event["n"]))
    assert (out, rejected) == ([{"n": 1, "trace": "t"}], [2])


@given(st.lists(st.integers(0, 9)))
def test_a_branch_equals_deciding_event_by_event(numbers: list[int]) -> None:
    branch = Branch(BIG, Adds("y", copies=2), Adds("n"))
    assert run(branch, *numbers) == [pair for number in numbers for pair in run(branch, number)]
