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
from logsluice.sinks.opensearch.bulk import Encoder, halves, joined
from logsluice.sinks.opensearch.indexes import IndexNames, problem_of

DEFAULT = "logsluice-%{[@metadata][format]}-%{+yyyy.MM.dd}"


def encoder(
    index: str = DEFAULT, document_id: str | None = None, request_bytes: int = 1_000_000, request_events: int = 1000
) -> Encoder:
    names = IndexNames(index, "create")
    return Encoder(names, Template(document_id) if document_id else None, request_bytes, request_events)


def event(number: int = 1, **fields: Any) -> Event:
    return {
        "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 250_000, tzinfo=UTC),
        **fields,
        "@metadata": {"_id": f"20260131.d.{number}", "format": "alb", "s3": {"bucket": "b"}},
    }


def encode(encoder: Encoder, *events: Event) -> tuple[list[Encoded], dict[int, str]]:
    refused: dict[int, str] = {}
    return list(encoder.encode(events, refused.__setitem__)), refused


def lines(*requests: Encoded) -> list[Any]:
    return [orjson.loads(line) for request in requests for line in request.body.splitlines()]


def index_of(index: str, event: Event) -> str:
    (request,), _ = encode(encoder(index), event)
    name: str = lines(request)[0]["create"]["_index"]
    return name


def test_an_event_is_an_action_line_and_a_document() -> None:
    (request,), refused = encode(encoder(), event(7, path="/ü", n=1, f=0.5, on=True, none=None, many=["a"]))
    assert refused == {}
    assert request.body.decode() == (
        '{"create":{"_index":"logsluice-alb-2026.01.31","_id":"20260131.d.7"}}\n'
        '{"@timestamp":"2026-01-31T12:00:00.250000Z","path":"/ü","n":1,"f":0.5,"on":true,"none":null,"many":["a"]}\n'
    )
    assert request.size == len(request.body)


def test_times_are_written_in_utc_wherever_they_are() -> None:
    fields = {
        "naive": datetime(2026, 1, 31, 1, 2, 3),
        "deep": {"there": [datetime(2026, 1, 31, 1, 2, 3, tzinfo=UTC)]},
    }
    (request,), _ = encode(encoder(), event(1, **fields))
    assert lines(request)[1] == {
        "@timestamp": "2026-01-31T12:00:00.250000Z",
        "naive": "2026-01-31T01:02:03Z",
        "deep": {"there": ["2026-01-31T01:02:03Z"]},
    }


def test_what_json_does_not_know_is_written_as_text() -> None:
    (request,), refused = encode(encoder(), event(1, big=2**70, half="\ud800!", raw=b"bytes", nan=float("nan")))
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
    requests, refused = encode(encoder(), bad, good)
    assert list(refused) == [0]
    assert bad["@metadata"]["_id"] == "20260131.d.1"
    assert [request.events for request in requests] == [[good]]


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
    requests, refused = encode(encoder(index), event(1, **fields))
    assert requests == []
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
    (request,), _ = encode(encoder(document_id=document_id), event(1, a="x", b=1, quote='q"\\'))
    assert lines(request)[0]["create"]["_id"] == expected


@pytest.mark.parametrize(("fields", "part"), [({}, "no document id"), ({"a": ""}, "no document id")])
def test_a_missing_id_of_the_users_is_refused(fields: dict[str, Any], part: str) -> None:
    requests, refused = encode(encoder(document_id="%{a}"), event(1, **fields))
    assert requests == []
    assert part in refused[0]


def test_an_id_over_512_bytes_is_refused_for_it_would_fail_the_whole_request() -> None:
    requests, refused = encode(encoder(document_id="%{a}"), event(1, a="ü" * 256), event(2, a="ü" * 257))
    assert [len(request.events) for request in requests] == [1]
    assert "longer than 512 bytes" in refused[1]


def test_a_format_that_is_no_text_is_rendered_as_one() -> None:
    odd = event(1)
    odd["@metadata"]["format"] = ["a", "b"]
    assert encode(encoder(), odd)[1] == {
        0: "the index name 'logsluice-a,b-2026.01.31' holds a character that is not allowed"
    }


def test_an_event_without_an_id_gets_one_from_its_content() -> None:
    events = [event(1, a=1), event(2, a=1), event(3, a=2)]
    for bare in events:
        del bare["@metadata"]["_id"]
    (request,), _ = encode(encoder(), *events)
    first, second, third = (line["create"]["_id"] for line in lines(request)[::2])
    assert first == second
    assert first != third


def test_requests_are_cut_by_count() -> None:
    requests, _ = encode(encoder(request_events=3), *(event(n) for n in range(8)))
    assert [len(request.events) for request in requests] == [3, 3, 2]


def test_requests_are_cut_by_bytes_and_a_larger_document_goes_alone() -> None:
    events = [event(1), event(2), event(3, long="x" * 1000), event(4)]
    requests, _ = encode(encoder(request_bytes=300), *events)
    assert [[e["@metadata"]["_id"] for e in request.events] for request in requests] == [
        ["20260131.d.1", "20260131.d.2"],
        ["20260131.d.3"],
        ["20260131.d.4"],
    ]


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.datetimes(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.text().filter(lambda key: not key.startswith("@")), values, max_size=4), max_size=6))
def test_any_event_is_two_lines_and_stays_as_it_was(fields: list[dict[str, Any]]) -> None:
    events = [event(number, **each) for number, each in enumerate(fields)]
    before = copy.deepcopy(events)
    requests, refused = encode(encoder(request_bytes=400), *events)
    assert events == before
    assert refused == {}
    assert [e for request in requests for e in request.events] == events
    for request in requests:
        assert request.size == len(request.body)
        assert len(lines(request)) == 2 * len(request.events)
        assert request.size <= 400 or len(request.events) == 1


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
    requests, _ = encode(encoder(index), late, early, late)
    assert [line["create"]["_index"] for line in lines(*requests)[::2]] == [first, second, first]


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
    assert names.name(event(3)) == "logsluice-alb-2026.01.31"


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


@pytest.mark.parametrize("count", [2, 3, 9])
def test_halves_hold_the_same_lines_and_events(count: int) -> None:
    (request,), _ = encode(encoder(), *(event(n, text="a\nb") for n in range(count)))
    first, second = halves(request)
    assert first.body + second.body == request.body
    assert first.events + second.events == request.events
    assert (len(lines(first)), len(lines(second))) == (2 * len(first.events), 2 * len(second.events))
    assert (first.size, second.size) == (len(first.body), len(second.body))


def test_a_request_of_many_events_holds_them_all_in_order() -> None:
    (request,), _ = encode(encoder(), *(event(n) for n in range(500)))
    assert [line["create"]["_id"] for line in lines(request)[::2]] == [f"20260131.d.{n}" for n in range(500)]
    assert request.size == len(request.body)


def test_results_of_halves_count_on_from_the_first() -> None:
    whole = joined(Sent({1: "a"}, {}, 2), Sent({0: "b"}, {}, 3), 4)
    assert whole == Sent({1: "a", 4: "b"}, {}, 5)
