"""Options of the source s3_objects: what they may say, and what `check` warns of."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.aws.afterwards import Afterwards
from logsluice.components import Context
from logsluice.sources.s3_objects import Config, concerns, rivalry


def config(**options: Any) -> Config:
    return Config.model_validate({"bucket": "logs", **options})


def test_intervals_and_times_as_they_are_written() -> None:
    assert (config().interval, config(interval="5m").interval, config(interval="once").interval) == (
        60.0,
        300.0,
        "once",
    )
    midnight = datetime(2026, 1, 31, tzinfo=UTC)
    for written in ("2026-01-31", date(2026, 1, 31), "2026-01-31T01:00:00+01:00", datetime(2026, 1, 31)):
        assert (config(start_at=written).start_at, config(since=written).since) == (midnight, midnight)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("keep", Afterwards()),
        ("delete", Afterwards(delete=True)),
        ({"move": "s3://done/x/"}, Afterwards(move="s3://done/x/")),
        ({"tag": {"a": "b"}}, Afterwards(tag={"a": "b"})),
    ],
)
def test_what_happens_afterwards_is_a_word_or_a_mapping(written: Any, meant: Afterwards) -> None:
    assert config(prefix="app/", after=written).after == meant
    assert bool(meant) is (written != "keep")


@pytest.mark.parametrize(
    "options",
    [
        {"bucket": "logs/app"},
        {"interval": 60},
        {"interval": "sometimes"},
        {"start_at": "yesterday"},
        {"since": "2026-02-01", "until": "2026-02-01"},
        {"prefix": "a/", "prefixes": ["b/"]},
        {"values": {"region": ["eu-west-1"]}},
        {"after": "burn"},
        {"after": {"delete": True, "tag": {"a": "b"}}},
        {"after": {"tag": {}}},
        {"expected_owner": "me"},
        {"include_keys": "("},
    ],
)
def test_options_that_can_not_be_meant_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**options)


def test_a_plain_prefix_that_is_polled_often_is_warned_of() -> None:
    def warned(**options: Any) -> list[str]:
        return [option for option, _ in concerns(config(**options), Context())]

    assert warned(prefix="app/") == ["interval"]
    assert warned(prefix="app/", interval="10m") == []
    assert warned(prefix="app/", interval="once") == []
    assert warned(prefix="app/", after="delete") == []
    assert warned(prefix="{yyyy}/{MM}/{dd}/") == []


def test_two_listers_may_share_a_prefix_unless_one_takes_the_objects_away() -> None:
    keeping, taking = config(prefix="app/"), config(prefix="app/web/", after="delete")
    assert rivalry(keeping, keeping) == ""
    assert rivalry(keeping, taking).startswith("both list s3://logs/app/")
    assert rivalry(taking, config(prefix="other/")) == ""
