"""The same questions get the same answers from the store and from a cluster; what differs is said in the table."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.cluster.client import Client
from logsluice.cluster.query import ClusterQuery
from logsluice.components import Context, names
from logsluice.decode import Decoder
from logsluice.demo.objects import LogObject, log_objects, samples
from logsluice.demo.traffic import Traffic
from logsluice.errors import QueryError, UsageError
from logsluice.formats import load
from logsluice.model import Event, Origin
from logsluice.query.backend import Backend
from logsluice.query.results import Stats
from logsluice.sinks import opensearch as cluster_sink
from logsluice.sinks import store as store_sink
from logsluice.store.query import StoreQuery
from logsluice.testing.sinks import deliver, opened
from tests.contract.questions import NOW, START, Question, questions
from tests.parts.opensearch import OpenSearch

QUESTIONS = questions()


class Payload:
    """An object of the demo without a bucket."""

    size = None

    def __init__(self, found: LogObject) -> None:
        self._body = found.body
        self.origin = Origin(f"s3://demo/{found.key}", "v1", name=found.key)

    @contextmanager
    def open(self) -> Iterator[io.BytesIO]:
        yield io.BytesIO(self._body)

    def modified(self) -> datetime:
        return START


def demo_events() -> Iterator[list[Event]]:
    decoder = Decoder(load("auto"))
    for found in (*log_objects(Traffic(7), START, minutes=15, visits_a_minute=20), *samples(START)):
        for piece in decoder.decode(Payload(found)):
            if piece.events:
                yield piece.events


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory, opensearch: OpenSearch) -> Iterator[tuple[Backend, Backend]]:
    """The store and the cluster with the same events, through the sinks that users have."""
    opensearch.clean()
    folder = tmp_path_factory.mktemp("asked") / "store"
    context = Context(formats=tuple(load(name) for name in names("formats") if name != "auto"))
    store = store_sink.build(store_sink.Config(path=folder), context)
    cluster = cluster_sink.build(cluster_sink.Config(hosts=(opensearch.url,)), context)
    with opened(store), opened(cluster):
        for events in demo_events():
            deliver(store, events)
            deliver(cluster, events)
    opensearch.call("POST", "/logsluice-*/_refresh")
    with StoreQuery(folder, NOW) as first, ClusterQuery(Client([opensearch.url]), "logsluice-*", NOW) as second:
        yield first, second


def answer(asked: Backend, question: Question) -> Any:
    """The answer; a refusal is one too."""
    try:
        return question.ask(asked)
    except QueryError as error:
        return "refused", str(error), error.position
    except UsageError as error:
        return "impossible", str(error)


def test_there_are_two_hundred_questions_and_more() -> None:
    assert len(QUESTIONS) >= 200
    assert len({question.name for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.name)
def test_a_cluster_answers_as_the_store_does(backends: tuple[Backend, Backend], question: Question) -> None:
    store, cluster = (answer(asked, question) for asked in backends)
    if isinstance(store, Stats):
        # sums are added in another order, and percentiles are approximate in a cluster: at most one rank away in a
        # hundred, which test_percentiles_of_a_cluster_are_near looks at
        assert numbers(cluster) == pytest.approx(numbers(store))
        assert others(cluster) == others(store)
    else:
        assert cluster == store


def numbers(stats: Stats) -> list[float]:
    """Those of floating point arithmetic."""
    return [value for value in (stats.sum, stats.mean) if value is not None]


def others(stats: Stats) -> tuple[Any, ...]:
    """What is exact."""
    return stats.count, stats.distinct, stats.min, stats.max, list(stats.percentiles)


@pytest.mark.parametrize("name", ["elb_status_code", "target_processing_time", "origin.position"])
def test_percentiles_of_a_cluster_are_at_most_one_rank_in_a_hundred_away(
    backends: tuple[Backend, Backend], name: str
) -> None:
    store, cluster = backends
    wanted = (5.0, 25.0, 50.0, 75.0, 90.0)
    found = cluster.stats(name, percentiles=wanted).percentiles
    lower = store.stats(name, percentiles=[each - 1 for each in wanted]).percentiles
    upper = store.stats(name, percentiles=[each + 1 for each in wanted]).percentiles
    assert [each for each in wanted if not lower[each - 1] <= found[each] <= upper[each + 1]] == []


FIELDS = st.sampled_from(
    ["elb_status_code", "client_ip", "user_agent", "request_verb", "level", "order.items", "readOnly", "eventName",
     "requestParameters.service", "requestParameters", "message", "@timestamp", "tags", "_format", "protocol"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["200", "404.5", ">=400", "<3", "[1 TO 300}", "203.0.113.0/28", "[203.0.113.1 TO 203.0.113.7]", "GET", "P*", "*o*",
     "?ET", "true", "false", '"Mozilla 5"', "mozilla", '"2026-01-31T10:05"', ">now-50m", "shop", "s*", "error", "UDP",
     ">=e", "*", r"*\/*", '"-"', "alb", "(alb OR error)", "2026-01"]
)  # fmt: skip
CLAUSE = st.builds("{}{}:{}".format, st.sampled_from(["", "NOT "]), FIELDS, VALUES) | VALUES.filter(
    lambda value: value[0] not in "<>["
)
TREE = st.recursive(
    CLAUSE,
    lambda inner: (
        st.builds("({})".format, st.lists(inner, min_size=1, max_size=3).map(" OR ".join))
        | st.builds("NOT ({})".format, st.lists(inner, min_size=1, max_size=3).map(" AND ".join))
    ),
    max_leaves=5,
)


def found(asked: Backend, query: str) -> Any:
    """The ids; None where the query is refused."""
    try:
        return [hit.id for hit in asked.search(query, sort="_id", size=6000, fields=["@timestamp"]).hits]
    except QueryError:
        return None


@settings(max_examples=8, derandomize=True)
@given(query=TREE)
def test_any_query_finds_the_same_events(backends: tuple[Backend, Backend], query: str) -> None:
    store, cluster = backends
    assert found(cluster, query) == found(store, query)


@pytest.mark.slow
@settings(max_examples=40)
@given(query=TREE)
def test_any_of_many_queries_finds_the_same_events(backends: tuple[Backend, Backend], query: str) -> None:
    store, cluster = backends
    assert found(cluster, query) == found(store, query)
