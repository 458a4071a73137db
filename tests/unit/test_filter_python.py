from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters.python import Config, build
from logsluice.model import Event

METADATA = {"_id": "day.digest.0", "position": 0, "format": "json"}


def run(event: Event, code: str | None = None, **options: Any) -> list[Event]:
    return build(Config(code=code, **options), Context()).apply([event], lambda *_: pytest.fail("rejected"))


@pytest.mark.parametrize(
    ("code", "before", "after"),
    [
        ("event['b'] = event['a'] + 1", {"a": 1}, {"a": 1, "b": 2}),
        ("put('[p][q]', get('[o][0]', 'none'))", {"o": [7]}, {"o": [7], "p": {"q": 7}}),
        ("put('p', get('[o][5]', 'none'))", {"o": [7]}, {"o": [7], "p": "none"}),
        ("put('was', remove('a')); remove('b')", {"a": 1}, {"was": 1}),
        ("tag('x', 'y'); tag('x')", {}, {"tags": ["x", "y"]}),
        ("\n    if get('a'):\n        return\n    event['b'] = 1\n", {"a": 1}, {"a": 1}),
        ("return True", {"a": 1}, {"a": 1}),
        ("event['n'] = len(set(event['l']))", {"l": [1, 1]}, {"l": [1, 1], "n": 1}),
        ("", {"a": 1}, {"a": 1}),
        ("put('t', '''one\n  two''')", {}, {"t": "one\n  two"}),
    ],
)
def test_code_works_on_the_event(code: str, before: Event, after: Event) -> None:
    assert run(before, code) == [after]


def test_false_drops_the_event() -> None:
    assert run({"a": 1}, "return get('a') != 1") == []


def test_a_list_takes_the_events_place_and_new_ones_get_ids() -> None:
    moment = datetime(2026, 1, 31, tzinfo=UTC)
    event: Event = {"n": 2, "@timestamp": moment, "@metadata": dict(METADATA)}
    code = "return [{'part': 0}, event, {'part': 1, '@metadata': {'k': 'v'}}]"
    assert run(event, code, add_tag="ok") == [
        {"part": 0, "@timestamp": moment, "@metadata": {**METADATA, "_id": "day.digest.0.1"}},
        {"n": 2, "@timestamp": moment, "tags": ["ok"], "@metadata": {**METADATA, "_children": 2}},
        {"part": 1, "@timestamp": moment, "@metadata": {**METADATA, "k": "v", "_id": "day.digest.0.2"}},
    ]


def test_an_event_that_comes_twice_is_a_copy_and_equal_ones_are_not_taken_for_it() -> None:
    twice = run({"n": 2, "@metadata": dict(METADATA)}, "return [event, event]", add_tag="ok")
    assert twice == [
        {"n": 2, "tags": ["ok"], "@metadata": {**METADATA, "_children": 1}},
        {"n": 2, "@metadata": {**METADATA, "_id": "day.digest.0.1"}},
    ]
    assert run({"n": 2}, "return [dict(event)]", add_tag="ok") == [{"n": 2, "@metadata": {}}]


@pytest.mark.parametrize("code", ["event.clear()", "event['@metadata'] = {'_id': 'x'}", "del event['@metadata']"])
def test_an_event_stays_the_one_that_it_is(code: str) -> None:
    assert run({"@metadata": {**METADATA, "k": "v"}}, code) == [{"@metadata": METADATA}]


def test_init_runs_once_and_its_names_are_there() -> None:
    made = build(Config(init="import itertools\ncount = itertools.count()", code="event['n'] = next(count)"), Context())
    assert made.apply([{}, {}], lambda *_: None) == [{"n": 0}, {"n": 1}]


@pytest.mark.parametrize(
    "code",
    [
        "event['no']",
        "return 5",
        "return [5]",
        "put('@timestamp', 'x')",
        "remove('@metadata')",
        "import sys; sys.exit()",
    ],
)
def test_an_exception_is_that_events_tag(code: str) -> None:
    made = build(Config(code=f"if get('bad'): {code}", add_tag="ok"), Context())
    events: list[Event] = [{"a": 1}, {"bad": 1}, {"a": 2}]
    assert made.apply(events, lambda *_: pytest.fail("rejected")) == [
        {"a": 1, "tags": ["ok"]},
        {"bad": 1, "tags": ["_pythonexception"]},
        {"a": 2, "tags": ["ok"]},
    ]


def test_the_message_can_be_a_tag() -> None:
    [event] = run({}, "raise ValueError('no luck')", tag_on_exception="bad", tag_with_exception_message=True)
    assert event == {"tags": ["bad: ValueError: no luck", "bad"]}


def test_a_function_is_found_by_its_dotted_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "our_filter_of_a_test.py").write_text(
        "class Ours:\n    @staticmethod\n    def run(event):\n        event['b'] = 1\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert run({"a": 1}, function="our_filter_of_a_test:Ours.run") == [{"a": 1, "b": 1}]
    monkeypatch.delitem(sys.modules, "our_filter_of_a_test")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"code": "x ="}, "SyntaxError"),
        ({"code": "pass", "init": "import no_such_module"}, "no_such_module"),
        ({"function": "json"}, "package.module:name"),
        ({"function": "json:nothing"}, "there is no function"),
        ({"function": "no_such_module:f"}, "there is no function"),
        ({"function": "json:__name__"}, "is no function"),
    ],
)
def test_code_that_cannot_work_is_refused_at_the_start(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        build(Config(**options), Context())


@pytest.mark.parametrize("options", [{}, {"code": "pass", "function": "json:loads"}])
def test_there_is_either_code_or_a_function(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either"):
        Config(**options)
