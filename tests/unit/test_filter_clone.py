from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters import split
from logsluice.filters.clone import Config, build
from logsluice.model import Event


def cloned(event: Event, **options: Any) -> list[Event]:
    return build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))


def test_copies_follow_the_event_with_a_type_and_the_common_options() -> None:
    out = cloned({"a": 1, "type": "t"}, clones=["x", "y"], add_field={"was": "%{type}"}, remove_field="a")
    assert out == [{"a": 1, "type": "t"}, {"type": "x", "was": "x"}, {"type": "y", "was": "y"}]


def test_with_ecs_copies_are_told_apart_by_tags() -> None:
    out = cloned({"type": "t", "tags": ["old"]}, clones="x", ecs_compatibility="v8")
    assert out == [{"type": "t", "tags": ["old"]}, {"type": "t", "tags": ["old", "x"]}]


def test_copies_share_nothing_and_have_ids_of_their_own() -> None:
    event, copy = cloned({"o": {"l": [1]}, "@metadata": {"_id": "a.b.3", "position": 3}}, clones="x")
    copy["o"]["l"].append(2)
    assert event == {"o": {"l": [1]}, "@metadata": {"_id": "a.b.3", "position": 3, "_children": 1}}
    assert copy["@metadata"] == {"_id": "a.b.3.1", "position": 3}


def test_copies_of_copies_have_ids_of_their_own_too() -> None:
    twice = [build(Config(clones=["x", "y"]), Context()), build(Config(clones="z"), Context())]
    parted = split.build(split.Config(field="l"), Context())
    events: list[Event] = [{"l": ["a", "b"], "@metadata": {"_id": "e"}}]
    for each in twice:
        events = each.apply(events, lambda *_: pytest.fail("rejected"))
    events[:1] = parted.apply(events[:1], lambda *_: pytest.fail("rejected"))
    ids = [event["@metadata"]["_id"] for event in events]
    assert ids == ["e.4", "e.5", "e.3", "e.1", "e.1.1", "e.2", "e.2.1"]


def test_no_names_make_no_copies() -> None:
    assert cloned({"a": 1}, clones=[]) == [{"a": 1}]


def test_names_are_required() -> None:
    with pytest.raises(ValidationError, match="clones"):
        Config.model_validate({})
