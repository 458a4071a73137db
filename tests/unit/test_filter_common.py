from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from logsluice import components
from logsluice.components import Context
from logsluice.filters import mutate
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.model import Event


class Fragile(EachEvent):
    """Fails for events that say so."""

    def change(self, event: Event) -> bool:
        if event.get("fails"):
            raise ZeroDivisionError("by nothing")
        return not event.get("idle")


def decorated(event: Event, **options: Any) -> Event:
    filter_ = mutate.build(mutate.Config(**options), Context())
    [after] = filter_.apply([event], lambda *_: pytest.fail("rejected"))
    assert after is event
    return event


@pytest.mark.parametrize(
    ("event", "options", "after"),
    [
        ({}, {"add_field": {"a": "1"}}, {"a": "1"}),
        ({"a": "0"}, {"add_field": {"a": "1"}}, {"a": ["0", "1"]}),
        ({"a": [0]}, {"add_field": {"a": ["1", "2"]}}, {"a": [0, "1", "2"]}),
        ({"a": {"k": 1}}, {"add_field": {"a": "1"}}, {"a": [["k", 1], "1"]}),
        ({"a": None}, {"add_field": {"a": "1"}}, {"a": ["1"]}),
        ({"k": "x"}, {"add_field": {"[n][%{k}]": "%{k}%{no}"}}, {"k": "x", "n": {"x": "x%{no}"}}),
        ({}, {"add_field": ["a", 1, "b", True]}, {"a": "1", "b": "true"}),
        ({"a": 1, "b": {"c": 2}}, {"remove_field": ["a", "[b][c]", "zz"]}, {"b": {}}),
        ({"k": "a", "a": 1}, {"remove_field": "%{k}"}, {"k": "a"}),
        ({}, {"add_tag": ["x", "x"]}, {"tags": ["x", "x"]}),
        ({"tags": "a"}, {"add_tag": "%{tags}"}, {"tags": ["a", "a"]}),
        ({"tags": 5}, {"add_tag": "x"}, {"tags": ["_tagsparsefailure", "x"], "_tags": [5]}),
        ({"tags": ["a", "b", "a"]}, {"remove_tag": "a"}, {"tags": ["b"]}),
        ({"tags": ["a"]}, {"remove_tag": ["a"]}, {"tags": []}),
        ({}, {"remove_tag": ["a"]}, {}),
    ],
)
def test_common_options_change_the_event(event: Event, options: dict[str, Any], after: Event) -> None:
    assert decorated(event, **options) == after


def test_common_options_run_in_logstashs_order() -> None:
    options = {"remove_tag": "t", "add_tag": ["t", "%{a}"], "remove_field": "a", "add_field": {"b": "%{a}"}}
    assert decorated({"a": "x"}, **options) == {"b": "x", "tags": ["%{a}"]}


def test_common_options_follow_success_only() -> None:
    events: list[Event] = [{"idle": True}, {}]
    made = Fragile(CommonOptions(add_tag=("done",)))
    assert made.apply(events, lambda *_: pytest.fail("rejected")) == [{"idle": True}, {"tags": ["done"]}]


def test_a_list_that_loses_nothing_is_handed_on_itself() -> None:
    events: list[Event] = [{}, {}]
    assert Fragile(CommonOptions()).apply(events, lambda *_: pytest.fail("rejected")) is events


def test_an_exception_rejects_that_event_alone() -> None:
    events: list[Event] = [{"n": 1}, {"n": 2, "fails": True}, {"n": 3}]
    rejected: list[tuple[Event, str]] = []
    out = Fragile(CommonOptions()).apply(events, lambda event, reason: rejected.append((event, reason)))
    assert out == [{"n": 1}, {"n": 3}]
    assert rejected == [({"n": 2, "fails": True}, "test_filter_common: by nothing")]


def test_an_exception_tags_that_event_once_where_the_filter_has_a_tag() -> None:
    made = Fragile(CommonOptions(add_tag=("done",)), error_tags=["_bad"])
    events: list[Event] = [{"fails": True, "tags": ["_bad"]}, {}]
    assert made.apply(events, lambda *_: pytest.fail("rejected")) == [
        {"fails": True, "tags": ["_bad"]},
        {"tags": ["done"]},
    ]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"add_feild": {}}, "Extra inputs are not permitted"),
        ({"remove_field": "[a"}, "no field reference"),
        ({"add_field": {"a[b]": "x"}}, "no field reference"),
        ({"add_field": {"a": "%{+T}"}}, "illegal pattern component: T"),
        ({"add_field": ["a", "b", "c"]}, "even number of items"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        mutate.Config(**options)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("kv", {}, "[@metadata][_id]=x"),
        ("json", {"source": "message"}, '{"[@metadata][_id]": "x"}'),
        ("json", {"source": "message"}, '{"[@metadata]": {}}'),
        ("json", {"source": "message"}, '{"@metadata": {"_id": "x", "window": "y"}}'),
        ("dissect", {"mapping": {"message": "%{?name}=%{&name}"}}, "[@metadata][_id]=x"),
        ("csv", {"columns": ["[@metadata][_id]"]}, "x"),
    ],
)
def test_a_log_can_not_choose_the_id_of_its_event(name: str, options: dict[str, Any], message: str) -> None:
    module = components.find("filters", name)
    event: Event = {"message": message, "@metadata": {"_id": "own"}}
    module.build(module.Config(**options), Context()).apply([event], lambda *_: None)
    assert event["@metadata"] == {"_id": "own"}
