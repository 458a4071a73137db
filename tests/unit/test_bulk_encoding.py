"""Events to `_bulk` requests."""

from __future__ import annotations

import copy
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.lang.templates import Template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks.opensearch.actions import Actions
from logsluice.sinks.opensearch.bulk import Encoder, index_name, joined, without_action
from logsluice.sinks.opensearch.indexes import IndexNames, problem_of

DEFAULT = "logsluice-%{[@metadata][format]}-%{+yyyy.MM.dd}"


def encoder(index: str = DEFAULT, document_id: str | None = None) -> Encoder:
    return Encoder(Actions(IndexNames(index, "create"), Template(document_id) if document_id else None))


def event(number: int = 1, **fields: Any) -> Event:
    return {
        "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC),
        **fields,
        "@metadata": {"_id": f"20260131.d.{number}", "format": "alb", "s3": {"bucket": "b"}},
    }


def encode(encoder: Encoder, *events: Event) -> tuple[Encoded, dict[int, str]]:
    refused: dict[int, str] = {}
    return encoder.encode(events, refused.__setitem__), refused


def lines(request: Encoded) -> list[Any]:
    return [orjson.loads(line) for line in request.body.data.splitlines()]


def index_of(index: str, event: Event) -> str:
    return index_name(encode(encoder(index), event)[0].body[0])


def test_an_event_is_an_action_line_and_a_document() -> None:
    request, refused = encode(encoder(), event(7, path="/ü", n=1, f=0.5, on=True, none=None, many=["a"]))
    assert refused == {}
    assert request.body.data.decode() == (
        '{"create":{"_index":"logsluice-alb-2026.01.31","_id":"20260131.d.7"}}\n'
        '{"@timestamp":"2026-01-31T12:00:00.250000Z","path":"/ü","n":1,"f":0.5,"on":true,"none":null,"many":["a"]}\n'
    )
    assert request.size == len(request.body.data)


def test_an_action_line_says_routing_and_pipeline_of_its_document() -> None:
    actions = Actions(
        IndexNames("logs", "create"), more={"routing": Template("%{team}"), "pipeline": Template("of-%{team}")}
    )
    request, refused = encode(Encoder(actions), event(1, team="a"), event(2), event(3, team='"'))
    assert refused == {1: "no routing: a field of `routing` is not in the event, or empty"}
    assert [line["create"] for line in lines(request)[::2]] == [
        {"_index": "logs", "_id": "20260131.d.1", "routing": "a", "pipeline": "of-a"},
        {"_index": "logs", "_id": "20260131.d.3", "routing": '"', "pipeline": 'of-"'},
    ]


def test_without_ids_the_action_line_has_none() -> None:
    request, _ = encode(Encoder(Actions(IndexNames("logs", "create"), with_ids=False)), event(1))
    assert lines(request)[0] == {"create": {"_index": "logs"}}


def test_times_are_written_in_utc_wherever_they_are() -> None:
    fields = {
        "naive": datetime(2026, 1, 31, 1, 2, 3),
        "deep": {"there": [datetime(2026, 1, 31, 1, 2, 3, tzinfo=UTC)]},
    }
    request, _ = encode(encoder(), event(1, **fields))
    assert lines(request)[1] == {
        "@timestamp": "2026-01-31T12:00:00.250000Z",
        "naive": "2026-01-31T01:02:03Z",
        "deep": {"there": ["2026-01-31T01:02:03Z"]},
    }


def test_what_json_does_not_know_is_written_as_text() -> None:
    request, refused = encode(encoder(), event(1, big=2**70, half="\ud800!", raw=b"bytes", nan=float("nan")))
    assert refused == {}
    assert lines(request)[1] == {
        "@timestamp": "2026-01-31T12:00:00.250000Z",
        "big": str(2**70),
        "half": "\ufffd!",
        "raw": "bytes",
        "nan": None,
    }


def test_an_event_that_goes_round_in_a_circle_is_refused_and_left_as_it_was() -> None:
    circle: dict[str, Any] = {}
    circle["self"] = circle
    bad, good = event(1, circle=circle), event(2)
    request, refused = encode(encoder(), bad, good)
    assert list(refused) == [0]
    assert bad["@metadata"]["_id"] == "20260131.d.1"
    assert request.metadata == [good["@metadata"]]
    assert len(lines(request)) == 2


@pytest.mark.parametrize(
    ("index", "reason"),
    [
        ("logs-%{team}", "no index: %{team} is not in the event"),
        ("logs-%{null}", "no index: %{null} is not in the event"),
        ("logs-%{upper}", "the index name 'logs-Upper' must be in lower case"),
        ("logs-%{path}", "the index name 'logs-a/b' holds a character that is not allowed"),
        ("%{minus}-logs", "the index name '-x-logs' holds a character that is not allowed"),
    ],
)
def test_an_event_without_a_usable_index_is_refused_by_its_index(index: str, reason: str) -> None:
    fields = {"null": None, "upper": "Upper", "path": "a/b", "minus": "-x"}
    request, refused = encode(encoder(index), event(1, **fields))
    assert len(request) == len(request.body.data) == 0
    assert refused == {0: reason}


def test_an_event_without_a_time_is_refused_where_the_index_needs_one() -> None:
    timeless = event(1)
    del timeless["@timestamp"]
    assert encode(encoder(), timeless)[1] == {0: "no index: a field of the index name is not in the event"}
    assert encode(encoder("logs"), timeless)[1] == {}


@pytest.mark.parametrize(
    ("document_id", "expected"), [("%{a}-%{b}", "x-1"), ('%{quote}"', 'q"\\"'), ("%{[@metadata][_id]}", "20260131.d.1")]
)
def test_an_id_of_the_users_is_rendered(document_id: str, expected: str) -> None:
    request, _ = encode(encoder(document_id=document_id), event(1, a="x", b=1, quote='q"\\'))
    assert lines(request)[0]["create"]["_id"] == expected


@pytest.mark.parametrize(("fields", "part"), [({}, "no document id"), ({"a": ""}, "no document id")])
def test_a_missing_id_of_the_users_is_refused(fields: dict[str, Any], part: str) -> None:
    request, refused = encode(encoder(document_id="%{a}"), event(1, **fields))
    assert len(request) == len(request.body.data) == 0
    assert part in refused[0]


def test_an_id_over_512_bytes_is_refused_for_it_would_fail_the_whole_request() -> None:
    request, refused = encode(encoder(document_id="%{a}"), event(1, a="ü" * 256), event(2, a="ü" * 257))
    assert len(request) == 1
    assert "longer than 512 bytes" in refused[1]


def test_a_format_that_is_no_text_is_rendered_as_one() -> None:
    odd = event(1)
    odd["@metadata"]["format"] = ["a", "b"]
    assert encode(encoder(), odd)[1] == {
        0: "the index name 'logsluice-a,b-2026.01.31' holds a character that is not allowed"
    }


@pytest.mark.parametrize("nothing", [None, ""])
def test_an_empty_id_is_none(nothing: str | None) -> None:
    events = [event(path=path) for path in ("/a", "/b")]
    for each in events:
        each["@metadata"]["_id"] = nothing
    request, refused = encode(encoder(), *events)
    assert refused == {}
    ids = {action["create"]["_id"] for action in lines(request)[::2]}
    assert len(ids) == 2
    assert ids.isdisjoint({"", "None"})


def test_an_event_without_an_id_gets_one_from_its_content() -> None:
    events = [event(1, a=1), event(2, a=1), event(3, a=2)]
    for bare in events:
        del bare["@metadata"]["_id"]
    request, _ = encode(encoder(), *events)
    first, second, third = (line["create"]["_id"] for line in lines(request)[::2])
    assert first == second
    assert first != third


def test_an_unusual_event_changes_nothing_for_its_neighbours() -> None:
    usual, unusual = [event(1, a=1), event(2, a=2)], event(3, a=2**70)
    alone, together = encode(encoder(), *usual)[0], encode(encoder(), *usual, unusual)[0]
    assert [together.body[0], together.body[1]] == [alone.body[0], alone.body[1]]
    assert together.metadata == [each["@metadata"] for each in (*usual, unusual)]


def test_an_event_that_comes_twice_is_two_documents_and_stays_as_it_was() -> None:
    twice, before = event(1), event(1)
    request, refused = encode(encoder(), twice, twice)
    assert (request.body[0], refused) == (request.body[1], {})
    assert request.metadata == [before["@metadata"]] * 2
    assert twice == before


@pytest.mark.parametrize(
    ("index", "document_id", "reason"),
    [
        ("logs", "%{a}", r"the document id 'x\ud800' is no Unicode text"),
        ("logs-%{a}", None, r"the index name 'logs-x\ud800' holds a character that is not allowed"),
    ],
)
def test_a_name_that_is_no_unicode_text_refuses_that_event_alone(
    index: str, document_id: str | None, reason: str
) -> None:
    request, refused = encode(encoder(index, document_id), event(1, a="x"), event(2, a="x\ud800"))
    assert refused == {1: reason}
    assert [about["_id"] for about in request.metadata] == ["20260131.d.1"]


def test_an_id_of_ours_that_is_no_unicode_text_refuses_that_event_alone() -> None:
    odd = event(2)
    odd["@metadata"]["_id"] = "\ud800"
    request, refused = encode(encoder(), event(1), odd)
    assert (len(request), list(refused)) == (1, [1])


def test_a_document_tells_its_index_and_is_had_without_its_action() -> None:
    request, _ = encode(encoder(), event(1), event(2, text='a\nb"}}\n'))
    assert index_name(request.body[1]) == "logsluice-alb-2026.01.31"
    assert without_action(request.body[1]) == b'{"@timestamp":"2026-01-31T12:00:00.250000Z","text":"a\\nb\\"}}\\n"}'


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text().filter(lambda key: not key.startswith("@")), values, max_size=4), max_size=6))
def test_any_event_is_two_lines_and_stays_as_it_was(fields: list[dict[str, Any]]) -> None:
    events = [event(number, **each) for number, each in enumerate(fields)]
    before = copy.deepcopy(events)
    request, refused = encode(encoder(), *events)
    assert events == before
    assert refused == {}
    assert request.metadata == [each["@metadata"] for each in events]
    assert request.size == len(request.body.data)
    assert len(lines(request)) == 2 * len(events)
    assert b"".join(request.body[index] for index in range(len(events))) == request.body.data


# ------------------------------------------------------------------------------------------------------ index names


@pytest.mark.parametrize(
    ("index", "first", "second"),
    [
        ("a-%{+yyyy.MM.dd}", "a-2026.01.31", "a-2026.02.01"),
        ("a-%{+yyyy.MM.dd.HH}", "a-2026.01.31.23", "a-2026.02.01.00"),
        ("a-%{+yyyy.MM.dd.HH.mm}", "a-2026.01.31.23.59", "a-2026.02.01.00.00"),
        ("a-%{+xxxx.ww}", "a-2026.05", "a-2026.05"),
        ("a-%{status}-%{+dd}", "a-1-31", "a-true-01"),
        ("a-%{[deep][name]}", "a-x", "a-y"),
    ],
)
def test_names_follow_the_event_although_they_are_cached(index: str, first: str, second: str) -> None:
    late, early = event(1, status=1, deep={"name": "x"}), event(2, status=True, deep={"name": "y"})
    late["@timestamp"] = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    early["@timestamp"] = datetime(2026, 2, 1, 0, 0, tzinfo=UTC)
    request, _ = encode(encoder(index), late, early, late)
    assert [index_name(request.body[number]) for number in range(3)] == [first, second, first]


def test_a_time_in_another_zone_counts_by_its_utc_day() -> None:
    abroad = event(1)
    abroad["@timestamp"] = datetime(2026, 2, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    assert index_of("a-%{+yyyy.MM.dd}", abroad) == "a-2026.01.31"


def test_new_names_are_prepared_once_and_again_after_a_failure() -> None:
    names = IndexNames(DEFAULT, "create")
    prepared: list[str] = []
    names.head(event(1))
    with pytest.raises(ZeroDivisionError):
        names.prepare_fresh(lambda _: print(1 / 0))
    names.prepare_fresh(prepared.append)
    names.head(event(2))
    names.prepare_fresh(prepared.append)
    assert prepared == ["logsluice-alb-2026.01.31"]


def test_nobody_goes_on_before_a_new_name_is_prepared() -> None:
    names = IndexNames(DEFAULT, "create")
    names.head(event(1))
    started, release, done = threading.Event(), threading.Event(), list[str]()

    def slow(name: str) -> None:
        started.set()
        release.wait(10)
        done.append(name)

    first = threading.Thread(target=names.prepare_fresh, args=(slow,))
    first.start()
    started.wait(10)
    assert names.fresh

    def follow() -> None:
        names.prepare_fresh(slow)
        done.append("second goes on")

    second = threading.Thread(target=follow)
    second.start()
    release.set()
    first.join()
    second.join()
    assert done == ["logsluice-alb-2026.01.31", "second goes on"]


@pytest.mark.parametrize("name", ["logs", "logs-2026.01.31", ".hidden", "ünder_scored", "a" * 255])
def test_names_that_clusters_take(name: str) -> None:
    assert problem_of(name) == ""


@pytest.mark.parametrize(
    "name", ["", ".", "..", "Logs", "_logs", "a b", "a,b", "a*", "<logs-{now/d}>", "a#b", "a" * 256]
)
def test_names_that_clusters_refuse(name: str) -> None:
    assert problem_of(name)


# ------------------------------------------------------------------------------------------- requests cut in halves


def test_results_of_halves_count_on_from_the_first() -> None:
    whole = joined(Sent({1: "a"}, {}, 2), Sent({0: "b"}, {}, 3), 4)
    assert whole == Sent({1: "a", 4: "b"}, {}, 5)
