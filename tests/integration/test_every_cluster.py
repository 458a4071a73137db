"""The same configuration against every kind of cluster that can be run here; docs/clusters.md shows what was run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from logsluice import read
from logsluice.cluster.connection import ConnectionOptions, connect
from logsluice.cluster.query import ClusterQuery
from logsluice.components import Context
from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.errors import Busy, QueryError, Sick, UsageError
from logsluice.formats import load
from logsluice.formats.fields import Field
from logsluice.hosts.daemon import Daemon, Service
from logsluice.model import Event, Origin, Sent, Sink
from logsluice.query.backend import Backend
from logsluice.query.events import place_of
from logsluice.sinks import opensearch as sink_module
from logsluice.sinks import store
from logsluice.sinks.opensearch.sink import OpenSearchSink
from logsluice.store.query import StoreQuery
from logsluice.testing.sinks import deliver, must_not_refuse, opened
from tests.end_to_end.cloud import alb_line
from tests.parts.elasticsearch import Elasticsearch7, Elasticsearch8, Elasticsearch9
from tests.parts.fixtures_opensearch import EVERY_KIND
from tests.parts.opensearch import SecureOpenSearch
from tests.parts.search_node import SearchNode

LINES = 60
PAGE = Path(__file__).parents[2] / "docs" / "clusters.md"


def connection(node: SearchNode) -> dict[str, Any]:
    """The options that differ from cluster to cluster: where it is and who asks."""
    if isinstance(node, SecureOpenSearch):
        return {"hosts": [node.url], "user": node.user, "password": node.password, "ca_file": str(node.ca_file)}
    return {"hosts": [node.url]}


def run(node: SearchNode, folder: Path, format_name: str = "alb", **options: Any) -> Service:
    """The program's own pipeline over the files in a folder, to its end."""
    pipeline = {
        "source": {"type": "files", "paths": [str(folder / "in")]},
        "format": format_name,
        "dead_letter": str(folder / "dead-letter"),
        "outputs": [{"opensearch": {**connection(node), **options}}],
    }
    (service,) = assemble(load_text(json.dumps({"pipelines": [pipeline]})))
    Daemon([service]).run()
    return service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With one file of a load balancer's log in `in`, all of one day."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "alb.log").write_text("".join(alb_line(28 * number) + "\n" for number in range(LINES)))
    return tmp_path


def expected(folder: Path) -> dict[str, Any]:
    """By id: what the file says, without `origin`."""
    events = {event["@metadata"]["_id"]: event for event in read(folder / "in" / "alb.log", "alb")}
    for event in events.values():
        del event["@metadata"]
    return {key: orjson.loads(orjson.dumps(event, option=orjson.OPT_UTC_Z)) for key, event in events.items()}


def without_origin(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {key: {k: v for k, v in document.items() if k != "origin"} for key, document in documents.items()}


def mapping(node: SearchNode, index: str) -> dict[str, Any]:
    status, answer = node.call("GET", f"/{index}/_mapping")
    assert status == 200, answer
    properties: dict[str, Any] = next(iter(answer.values()))["mappings"]["properties"]
    return properties


def test_the_documents_and_their_ids_are_the_same_and_a_repeat_is_counted(cluster: SearchNode, folder: Path) -> None:
    run(cluster, folder)
    documents = without_origin(cluster.documents("logsluice-alb-*"))
    assert documents == expected(folder)
    counters = run(cluster, folder).pipeline.counters
    assert counters.total("duplicates") == LINES
    assert without_origin(cluster.documents("logsluice-alb-*")) == documents


def test_the_template_makes_addresses_and_numbers_of_them(cluster: SearchNode, folder: Path) -> None:
    run(cluster, folder)
    made = mapping(cluster, "logsluice-alb-*")
    assert [made[name]["type"] for name in ("client_ip", "elb_status_code", "@timestamp")] == ["ip", "long", "date"]
    cluster.call("POST", "/logsluice-alb-*/_refresh")
    query = {"size": 0, "query": {"term": {"client_ip": "203.0.113.0/24"}}}
    assert cluster.call("POST", "/logsluice-alb-*/_search", query)[1]["hits"]["total"]["value"] == LINES


def test_open_ended_objects_are_taken(cluster: SearchNode) -> None:
    formats = (Declared("alb", (Field("details", "object"),)),)
    with opened(make(cluster, formats, index="alb-%{+yyyy}")) as sink:
        sent = send(sink, event(1, details={"a": {"b": "c"}}), event(2, details={"a": "d"}), event(3, details={}))
    assert sent == Sent()


def test_a_document_that_does_not_fit_is_rejected_and_its_neighbours_arrive(
    cluster: SearchNode, tmp_path: Path
) -> None:
    cluster.call("PUT", "/fits", {"mappings": {"properties": {"n": {"type": "long"}}}})
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "some.json").write_text('{"n": 1}\n{"n": "none"}\n{"n": 3}\n')
    run(cluster, tmp_path, "json", index="fits", manage_template=False)
    assert sorted(document["n"] for document in cluster.documents("fits").values()) == [1, 3]
    (reject,) = [json.loads(line) for file in tmp_path.rglob("dead-letter/**/*.ndjson") for line in file.open()]
    assert "_parsing_exception" in reject["reason"]


def test_a_data_stream_takes_each_event_once(cluster: SearchNode, folder: Path) -> None:
    if not cluster.has_data_streams:
        with opened(make(cluster, data_stream=True)) as sink, pytest.raises(Sick, match="can't be installed: 400"):
            send(sink, event(1))
        return
    run(cluster, folder, data_stream={"type": "logs", "dataset": "alb", "namespace": "test"})
    assert without_origin(cluster.documents("logs-alb-test")) == expected(folder)
    (index,) = cluster.call("GET", "/logs-alb-test/_mapping")[1]
    assert index.startswith(".ds-logs-alb-test-")
    again = run(cluster, folder, data_stream={"type": "logs", "dataset": "alb", "namespace": "test"})
    assert again.pipeline.counters.total("duplicates") == LINES


def test_an_ingest_pipeline_of_each_document_is_run(cluster: SearchNode, folder: Path) -> None:
    processors = [{"set": {"field": "seen", "value": "yes"}}] if cluster.has_ingest_processors else []
    cluster.call("PUT", "/_ingest/pipeline/of-alb", {"processors": processors})
    run(cluster, folder, pipeline="of-%{[@metadata][format]}", routing="%{client_ip}")
    documents = cluster.documents("logsluice-alb-*")
    assert len(documents) == LINES
    assert {document.get("seen") for document in documents.values()} == {"yes" if processors else None}


def test_without_ids_every_repeat_is_another_document(cluster: SearchNode, folder: Path) -> None:
    for _ in range(2):
        run(cluster, folder, document_id="none")
    documents = cluster.documents("logsluice-alb-*")
    assert len(documents) == 2 * LINES
    assert not documents.keys() & expected(folder).keys()


def test_an_origin_is_forgotten_and_others_stay(cluster: SearchNode, folder: Path) -> None:
    (folder / "in" / "other.log").write_text(alb_line(28_000) + "\n")
    run(cluster, folder, routing="%{client_ip}")
    (uri, version) = next(
        (d["origin"]["uri"], d["origin"]["version"])
        for d in cluster.documents("logsluice-alb-*").values()
        if d["origin"]["uri"].endswith("alb.log")
    )
    with opened(make(cluster)) as sink:
        assert isinstance(sink, OpenSearchSink)
        assert sink.forget(Origin(uri, version)) == LINES
        assert sink.forget(Origin(uri, version)) == 0
    assert [d["origin"]["uri"] for d in cluster.documents("logsluice-alb-*").values()] == [
        uri.replace("alb.log", "other.log")
    ]


# ------------------------------------------------------------------------------------------------- questions

QUERIES = (
    "",
    "elb_status_code:>=400",
    "elb_status_code:(200 OR 404) AND NOT client_ip:10.0.0.0/8",
    "client_ip:203.0.113.0/28",
    "user_agent:curl",
    "request_url:*shop*",
    "@timestamp:[2026-01-31 TO now]",
    "_exists_:target_processing_time",
)


@contextmanager
def asked(node: SearchNode, folder: Path) -> Iterator[tuple[Backend, Backend]]:
    """The store and the cluster with the events of the file."""
    run(node, folder)
    node.call("POST", "/logsluice-alb-*/_refresh")
    sink = store.build(store.Config(path=folder / "store"), Context(formats=(load("alb"),)))
    with opened(sink):
        deliver(sink, list(read(folder / "in" / "alb.log", "alb")))
    client = connect(ConnectionOptions.model_validate(connection(node)), Path())
    with StoreQuery(folder / "store") as first, ClusterQuery(client, "logsluice-alb-*") as second:
        yield first, second


def answers(asked: Backend) -> dict[str, Any]:
    """To each kind of question; events by id, for how equal ones are ordered is the cluster's own affair."""
    found = [asked.search(query, sort="client_ip", size=2 * LINES, fields=["client_ip"]) for query in QUERIES]
    one = asked.get(min(hit.id for hit in found[0].hits))
    stats = asked.stats("request_processing_time")
    return {
        "found": [sorted((hit.id, str(hit.event)) for hit in each.hits) for each in found],
        "order": [[hit.event.get("client_ip") for hit in each.hits] for each in found],
        "totals": [each.total for each in found],
        "top": asked.top_values("", "elb_status_code"),
        "histogram": asked.histogram("", timedelta(minutes=1), "elb_status_code"),
        "stats": (stats.count, stats.distinct, stats.min, stats.max),
        "one": one and {name: value for name, value in one.event.items() if name != "origin"},
    }


def test_questions_are_answered_as_by_the_store(cluster: SearchNode, folder: Path) -> None:
    with asked(cluster, folder) as (first, second):
        assert answers(second) == answers(first)


def test_ranges_within_objects_may_have_an_open_end(cluster: SearchNode) -> None:
    if isinstance(cluster, Elasticsearch7):
        pytest.skip("it does not search within objects")
    formats = (Declared("alb", (Field("details", "object"),)),)
    with opened(make(cluster, formats, index="alb-%{+yyyy}")) as sink:
        assert send(sink, event(1, details={"a": "b"}), event(2, details={"a": "d"})) == Sent()
    cluster.call("POST", "/alb-*/_refresh")
    client = connect(ConnectionOptions.model_validate(connection(cluster)), Path())
    with ClusterQuery(client, "alb-*") as backend:
        queries = ("details.a:>=c", "details.a:<c", "details.a:[b TO *]")
        assert [backend.count(query) for query in queries] == [1, 1, 2]


def test_pages_of_equal_events_leave_none_out(cluster: SearchNode, folder: Path) -> None:
    with asked(cluster, folder) as (_, backend):
        pages, after = list[list[str]](), ""
        while not pages or after:
            page = backend.search(sort="elb:desc", size=7, after=after)
            pages.append([hit.id for hit in page.hits])
            after = page.after
    assert [len(page) for page in pages] == [7] * (LINES // 7) + [LINES % 7]
    assert {key for page in pages for key in page} == expected(folder).keys()


def test_a_page_that_is_asked_for_too_late_is_said_in_a_sentence(cluster: SearchNode, folder: Path) -> None:
    if not isinstance(cluster, Elasticsearch8):
        pytest.skip("it orders equal events by id and keeps nothing between pages")
    with asked(cluster, folder) as (_, backend):
        page = backend.search(size=7)
        cluster.call("DELETE", "/_pit", {"id": place_of(page.after)["moment"]})
        with pytest.raises(UsageError, match="more than 5 minutes old"):
            backend.search(size=7, after=page.after)
        with pytest.raises(QueryError, match="does not sort by '_id'"):
            backend.search(sort="_id")


# ----------------------------------------------------------------------------------------- what each refusal is


@dataclass(frozen=True)
class Declared:
    """As much of a format as templates look at."""

    name: str = "alb"
    fields: tuple[Field, ...] = ()


def make(node: SearchNode, formats: tuple[Any, ...] = (Declared(),), **options: Any) -> Sink:
    config = sink_module.Config.model_validate({**connection(node), **options})
    return sink_module.build(config, Context(formats=formats))


def event(number: int, **fields: Any) -> Event:
    metadata = {"_id": f"20260131.00112233445566778899.{number}", "position": number, "format": "alb"}
    return {"@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC), "number": number, **fields, "@metadata": metadata}


def send(sink: Sink, *events: Event) -> Sent:
    return sink.send(sink.encode(events, must_not_refuse))


def block(name: str) -> Callable[[SearchNode], None]:
    def prepare(node: SearchNode) -> None:
        node.call("PUT", "/logs", {"settings": {f"index.blocks.{name}": True}})

    return prepare


def closed(node: SearchNode) -> None:
    node.call("PUT", "/logs")
    node.call("POST", "/logs/_close")


def shard_limit(node: SearchNode) -> None:
    node.call("PUT", "/other")
    node.settings_now(cluster__max_shards_per_node=1)


def field_limit(node: SearchNode) -> None:
    node.call("PUT", "/logs", {"settings": {"index.mapping.total_fields.limit": 2}})


def mapped(**mappings: Any) -> Callable[[SearchNode], None]:
    def prepare(node: SearchNode) -> None:
        status, answer = node.call("PUT", "/logs", {"mappings": mappings})
        assert status == 200, answer

    return prepare


def data_stream(node: SearchNode) -> None:
    template = {"index_patterns": ["logs"], "priority": 500, "data_stream": {}}
    assert node.call("PUT", "/_index_template/stream", template)[0] == 200


FAULTS: dict[str, tuple[Callable[[SearchNode], None], dict[str, Any], type, str]] = {
    "write block": (block("write"), {}, Sick, "403 cluster_block_exception"),
    "read-only block": (block("read_only"), {}, Sick, "403 cluster_block_exception"),
    "flood stage": (block("read_only_allow_delete"), {}, Sick, "429 cluster_block_exception"),
    "missing index": (
        lambda node: node.settings_now(action__auto_create_index="false"),
        {},
        Sick,
        "404 index_not_found_exception",
    ),
    "shard limit": (shard_limit, {}, Sick, "400 validation_exception"),
    "field limit": (field_limit, {}, Sick, "Limit of total fields"),
    "closed index": (closed, {}, Sick, "400 index_closed_exception"),
    "missing pipeline": (lambda _: None, {"pipeline": "none"}, Sick, "pipeline with id [none] does not exist"),
    "mapping conflict": (mapped(properties={"number": {"type": "ip"}}), {}, Sent, "_parsing_exception"),
    "strict mapping": (mapped(dynamic="strict"), {}, Sent, "strict_dynamic_mapping_exception"),
    "long term": (mapped(properties={"long": {"type": "keyword"}}), {}, Sent, "immense term"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_is_judged_alike(cluster: SearchNode, fault: str) -> None:
    prepare, options, kind, text = FAULTS[fault]
    prepare(cluster)
    with opened(make(cluster, index="logs", manage_template=False, **options)) as sink:
        sent = send(sink, event(1, long="x" * 40_000))
    if kind is Sent:
        assert sent.failed == {}
        assert text in sent.rejected[0]
    else:
        assert sent.rejected == {}
        assert (type(sent.failed[0]), text in str(sent.failed[0])) == (kind, True), str(sent.failed[0])


def test_replacing_in_a_data_stream_is_the_configurations_fault(cluster: SearchNode) -> None:
    if not cluster.has_data_streams:
        pytest.skip("it has none")
    data_stream(cluster)
    with opened(make(cluster, index="logs", manage_template=False, action="index")) as sink:
        sent = send(sink, event(1))
    assert isinstance(sent.failed[0], Sick)


def test_an_event_without_a_time_is_refused_by_a_data_stream(cluster: SearchNode) -> None:
    if not cluster.has_data_streams:
        pytest.skip("it has none")
    timeless = event(1)
    del timeless["@timestamp"]
    with opened(make(cluster, data_stream=True, index="logs")) as sink:
        sent = send(sink, timeless, event(2))
    assert list(sent.rejected) == [0]
    assert "@timestamp" in sent.rejected[0]


def test_a_request_that_is_too_much_at_the_moment_is_sent_again_later(cluster: SearchNode) -> None:
    with opened(make(cluster, index="logs", manage_template=False)) as sink:
        cluster.settings_now(indices__breaker__total__limit="1%")
        with pytest.raises(Busy, match="429 circuit_breaking_exception"):
            send(sink, event(1))
        cluster.settings_now(indices__breaker__total__limit=None)
        assert send(sink, event(1)) == Sent()


def test_events_without_an_origin_can_not_be_forgotten(cluster: SearchNode) -> None:
    with opened(make(cluster)) as sink:
        assert isinstance(sink, OpenSearchSink)
        assert sink.forget(Origin("s3://logs/key", "abc")) == 0
        send(sink, event(1))
        with pytest.raises(UsageError, match="don't say which origin they are of"):
            sink.forget(Origin("s3://logs/key", "abc"))
    with opened(make(cluster, index="%{team}-logs")) as sink:
        assert isinstance(sink, OpenSearchSink)
        with pytest.raises(UsageError, match="begins with"):
            sink.forget(Origin("s3://logs/key", "abc"))


# ---------------------------------------------------------------------------------------- what was run, for the page

RAN: dict[str, dict[str, str]] = {}
"""By test, by kind of node: "yes", or what the node lacks."""


@pytest.fixture(autouse=True)
def _noted(request: pytest.FixtureRequest) -> None:
    if about := ABOUT.get(request.function.__name__):
        node: SearchNode = request.getfixturevalue("cluster")
        RAN.setdefault(about, {})[f"{node.name} ({node.version})"] = LACKS.get((about, type(node)), "yes")


ABOUT = {
    "test_the_documents_and_their_ids_are_the_same_and_a_repeat_is_counted": "same documents and ids, repeats counted",
    "test_the_template_makes_addresses_and_numbers_of_them": "index template, CIDR search",
    "test_open_ended_objects_are_taken": "open-ended objects",
    "test_a_document_that_does_not_fit_is_rejected_and_its_neighbours_arrive": "mapping error rejected by item",
    "test_a_data_stream_takes_each_event_once": "data stream",
    "test_an_ingest_pipeline_of_each_document_is_run": "ingest pipeline, routing",
    "test_without_ids_every_repeat_is_another_document": "without ids",
    "test_an_origin_is_forgotten_and_others_stay": "an origin forgotten",
    "test_questions_are_answered_as_by_the_store": "questions answered as by the store",
    "test_pages_of_equal_events_leave_none_out": "pages of events",
    "test_a_refusal_is_judged_alike": "eleven refusals judged alike",
    "test_a_request_that_is_too_much_at_the_moment_is_sent_again_later": "circuit breaker: sent again",
}
LACKS = {
    ("open-ended objects", Elasticsearch7): "kept, not searched",
    ("data stream", Elasticsearch7): "no: refused",
    ("ingest pipeline, routing", Elasticsearch8): "no processors",
    ("ingest pipeline, routing", Elasticsearch9): "no processors",
}


def table() -> str:
    """What was run, in Markdown."""
    nodes = list(next(iter(RAN.values())))
    rows = [["", *nodes], ["---"] * (len(nodes) + 1)]
    rows += [[about, *(results[node] for node in nodes)] for about, results in RAN.items()]
    return "\n".join(f"| {' | '.join(row)} |".replace("|  |", "| |") for row in rows)


def test_the_page_shows_what_was_run(capsys: pytest.CaptureFixture[str]) -> None:
    if {len(results) for results in RAN.values()} != {len(EVERY_KIND)} or len(RAN) != len(ABOUT):
        pytest.skip("not everything was run")
    with capsys.disabled():
        print(f"\n{table()}")
    assert table() in PAGE.read_text()
