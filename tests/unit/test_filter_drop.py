from __future__ import annotations

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.drop import Config, build
from logsluice.model import Event


def kept(events: list[Event], percentage: float = 100) -> list[Event]:
    return build(Config(percentage=percentage), Context()).apply(events, lambda *_: pytest.fail("rejected"))


def identified(count: int) -> list[Event]:
    return [{"n": n, "@metadata": {"_id": f"20260131.00112233445566778899.{n}"}} for n in range(count)]


def test_everything_is_dropped_unless_told_otherwise() -> None:
    assert kept(identified(3)) == []
    assert kept(identified(3), 0) == identified(3)


def test_a_share_is_dropped_and_a_repeat_drops_the_same_events() -> None:
    first = kept(identified(10_000), 90)
    assert 800 < len(first) < 1200
    assert kept(identified(10_000), 90) == first
    fewer = kept(identified(10_000), 95)
    assert all(event in first for event in fewer)


def test_events_without_an_id_are_drawn_by_chance() -> None:
    assert 300 < len(kept([{} for _ in range(1000)], 50)) < 700


def test_kept_events_get_the_common_options() -> None:
    made = build(Config(percentage=0, add_tag=("sampled",)), Context())
    assert made.apply([{"n": 1}], lambda *_: None) == [{"n": 1, "tags": ["sampled"]}]


@pytest.mark.parametrize("percentage", [-1, 101, "half"])
def test_a_percentage_lies_between_0_and_100(percentage: object) -> None:
    with pytest.raises(ValidationError, match="percentage"):
        Config(percentage=percentage)
