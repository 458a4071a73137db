"""The opensearch sink against real nodes: every class of refusal is one that a node gives."""

from __future__ import annotations

import gzip
import http.server
import string
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.errors import Busy, Sick, SinkFault, UsageError
from logsluice.model import Event, Sent, Sink
from logsluice.sinks import opensearch as sink_module
from logsluice.testing.sinks import deliver, must_not_refuse, opened
from tests.parts import free_port, wait_until
from tests.parts.opensearch import OpenSearch, SecureOpenSearch


def event(number: int, **fields: Any) -> Event:
    return {
        "@timestamp": datetime(2026, 1, 31, 12, 0, tzinfo=UTC),
        "number": number,
        **fields,
        "@metadata": {"_id": f"20260131.00112233445566778899.{number}", "position": number, "format": "json"},
    }


def id_of(number: int) -> str:
    return f"20260131.00112233445566778899.{number}"


def make(node: OpenSearch | str, **options: Any) -> Sink:
    url = node if isinstance(node, str) else node.url
    return sink_module.build(sink_module.Config.model_validate({"hosts": url, "index": "logs", **options}), Context())


def send(sink: Sink, events: list[Event]) -> Sent:
    return sink.send(sink.encode(events, must_not_refuse))


def deliver_for_good(sink: Sink, events: list[Event]) -> int:
    """As the pipeline does: send again what failed. How many sends were not taken whole."""
    refused_sends = 0
    todo = sink.encode(events, must_not_refuse)
    while todo:
        try:
            sent = sink.send(todo)
        except Busy:
            failed: Sequence[int] = range(len(todo))
        else:
            assert sent.rejected == {}
            assert {type(fault) for fault in sent.failed.values()} <= {Busy}
            failed = sorted(sent.failed)
        refused_sends += bool(failed)
        todo = sink.pick(todo, failed)
    return refused_sends


def only_fault(sent: Sent, index: int = 0) -> SinkFault:
    assert sent.rejected == {}
    assert list(sent.failed) == [index]
    return sent.failed[index]


def test_a_mapping_conflict_rejects_that_document_alone(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/logs", {"mappings": {"properties": {"status": {"type": "long"}}}})
    with opened(make(clean_opensearch)) as sink:
        sent = send(sink, [event(1, status=200), event(2, status="none"), event(3, status=404)])
    assert sent.failed == {}
    assert list(sent.rejected) == [1]
    assert sent.rejected[1].startswith("mapper_parsing_exception: failed to parse field [status] of type [long]")
    assert "For input string" in sent.rejected[1]
    assert set(clean_opensearch.documents("logs")) == {id_of(1), id_of(3)}


@pytest.mark.parametrize(
    ("mappings", "fields", "reason"),
    [
        ({"dynamic": "strict"}, {"unknown": 1}, "strict_dynamic_mapping_exception"),
        ({"properties": {"url": {"type": "keyword"}}}, {"url": "x" * 40_000}, "max_bytes_length_exceeded_exception"),
    ],
    ids=["a strict mapping", "a term that is too long"],
)
def test_what_a_document_alone_is_to_blame_for_rejects_it(
    clean_opensearch: OpenSearch, mappings: dict[str, Any], fields: dict[str, Any], reason: str
) -> None:
    known = {"@timestamp": {"type": "date"}, "number": {"type": "long"}}
    mappings = {**mappings, "properties": {**known, **mappings.get("properties", {})}}
    clean_opensearch.call("PUT", "/logs", {"mappings": mappings})
    with opened(make(clean_opensearch)) as sink:
        sent = send(sink, [event(1), event(2, **fields)])
    assert sent.failed == {}
    assert list(sent.rejected) == [1]
    assert reason in sent.rejected[1]


def test_a_repeat_adds_nothing_and_is_counted(clean_opensearch: OpenSearch) -> None:
    with opened(make(clean_opensearch)) as sink:
        assert send(sink, [event(1), event(2)]) == Sent()
        assert send(sink, [event(2, changed=True), event(3)]) == Sent(duplicates=1)
    documents = clean_opensearch.documents("logs")
    assert set(documents) == {id_of(1), id_of(2), id_of(3)}
    assert "changed" not in documents[id_of(2)]


def test_with_an_id_of_the_users_the_last_document_wins(clean_opensearch: OpenSearch) -> None:
    with opened(make(clean_opensearch, document_id="n-%{number}")) as sink:
        assert send(sink, [event(1), event(1, changed=True)]) == Sent()
    (document,) = clean_opensearch.documents("logs").values()
    assert document == {"@timestamp": "2026-01-31T12:00:00Z", "number": 1, "changed": True}


@pytest.mark.parametrize("block", ["write", "read_only"])
def test_a_blocked_index_is_sick_until_the_block_is_lifted(clean_opensearch: OpenSearch, block: str) -> None:
    clean_opensearch.call("PUT", "/logs", {"settings": {f"index.blocks.{block}": True}})
    with opened(make(clean_opensearch)) as sink:
        fault = only_fault(send(sink, [event(1)]))
        assert isinstance(fault, Sick)
        assert fault.scope == "logs"
        assert "cluster_block_exception" in str(fault)
        clean_opensearch.call("PUT", "/logs/_settings", {f"index.blocks.{block}": None})
        assert send(sink, [event(1)]) == Sent()


def test_one_sick_index_does_not_stop_the_others(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/logs-a", {"settings": {"index.blocks.write": True}})
    with opened(make(clean_opensearch, index="logs-%{team}")) as sink:
        sent = send(sink, [event(1, team="a"), event(2, team="b")])
    assert only_fault(sent).scope == "logs-a"
    assert set(clean_opensearch.documents("logs-b")) == {id_of(2)}


def test_the_flood_stage_is_sick_although_its_status_is_429(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/logs", {"settings": {"index.blocks.read_only_allow_delete": True}})
    with opened(make(clean_opensearch)) as sink:
        fault = only_fault(send(sink, [event(1)]))
    assert isinstance(fault, Sick)
    assert "429 cluster_block_exception" in str(fault)


def test_a_missing_index_is_sick_where_none_may_be_created(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.settings_now(action__auto_create_index="false")
    with opened(make(clean_opensearch)) as sink:
        fault = only_fault(send(sink, [event(1)]))
        assert isinstance(fault, Sick)
        assert "404 index_not_found_exception" in str(fault)
        clean_opensearch.settings_now(action__auto_create_index=None)
        assert send(sink, [event(1)]) == Sent()


def test_the_shard_limit_is_sick_although_its_status_is_400(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/other", {"settings": {"number_of_shards": 1}})
    clean_opensearch.settings_now(cluster__max_shards_per_node=1)
    with opened(make(clean_opensearch)) as sink:
        fault = only_fault(send(sink, [event(1)]))
    assert isinstance(fault, Sick)
    assert "400 validation_exception" in str(fault)


def test_the_field_limit_is_sick(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/logs", {"settings": {"index.mapping.total_fields.limit": 3}})
    with opened(make(clean_opensearch)) as sink:
        assert send(sink, [event(1)]) == Sent()
        fault = only_fault(send(sink, [event(2, a=1, b=2)]))
    assert isinstance(fault, Sick)
    assert "Limit of total fields" in str(fault)


def test_a_closed_index_is_sick(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/logs")
    clean_opensearch.call("POST", "/logs/_close")
    with opened(make(clean_opensearch)) as sink:
        assert isinstance(only_fault(send(sink, [event(1)])), Sick)


def test_a_missing_ingest_pipeline_is_sick(clean_opensearch: OpenSearch) -> None:
    with opened(make(clean_opensearch, pipeline="no/such")) as sink:
        fault = only_fault(send(sink, [event(1)]))
    assert isinstance(fault, Sick)
    assert "pipeline with id [no/such] does not exist" in str(fault)


def test_a_read_only_cluster_is_sick_as_a_whole(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.settings_now(cluster__blocks__read_only="true")
    with opened(make(clean_opensearch)) as sink:
        with pytest.raises(Sick, match="cluster read-only") as caught:
            send(sink, [event(1)])
        clean_opensearch.settings_now(cluster__blocks__read_only=None)
        assert caught.value.scope == ""
        assert send(sink, [event(1)]) == Sent()


def test_a_full_write_queue_takes_some_and_the_rest_arrives_exactly_once(tight_opensearch: OpenSearch) -> None:
    tight_opensearch.call("PUT", "/logs", {"settings": {"number_of_shards": 12, "number_of_replicas": 0}})
    events = [event(number) for number in range(600)]
    with opened(make(tight_opensearch)) as sink:
        sent = send(sink, events)
        assert sent.rejected == {}
        assert 0 < len(sent.failed) < 600
        assert {type(fault) for fault in sent.failed.values()} == {Busy}
        assert "429 rejected_execution_exception" in str(next(iter(sent.failed.values())))
        assert deliver_for_good(sink, [events[index] for index in sent.failed]) > 0
    assert set(tight_opensearch.documents("logs")) == {id_of(number) for number in range(600)}


def test_workers_that_fill_the_queue_together_lose_and_double_nothing(tight_opensearch: OpenSearch) -> None:
    batches = [[event(number) for number in range(start, start + 50)] for start in range(0, 800, 50)]
    with opened(make(tight_opensearch)) as sink, ThreadPoolExecutor(8) as workers:
        list(workers.map(lambda batch: deliver_for_good(sink, batch), batches))
    assert set(tight_opensearch.documents("logs")) == {id_of(number) for number in range(800)}


def test_a_circuit_breaker_makes_the_whole_request_busy(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.settings_now(network__breaker__inflight_requests__limit="50kb")
    with opened(make(clean_opensearch)) as sink:
        events = [event(number, padding="x" * 10_000) for number in range(20)]
        with pytest.raises(Busy, match="429 circuit_breaking_exception"):
            send(sink, events)
        clean_opensearch.settings_now(network__breaker__inflight_requests__limit=None)
        assert send(sink, events) == Sent()


def test_a_request_over_the_clusters_limit_is_split_until_it_fits(tight_opensearch: OpenSearch) -> None:
    events = [event(number, padding="x" * 300_000) for number in range(40)]
    with opened(make(tight_opensearch, request_bytes="20MB", compress=False)) as sink:
        assert send(sink, events) == Sent()
    assert len(tight_opensearch.documents("logs")) == 40


def test_a_single_document_over_the_clusters_limit_is_rejected_alone(tight_opensearch: OpenSearch) -> None:
    events = [event(1), event(2, padding="x" * 6_000_000), event(3)]
    with opened(make(tight_opensearch, request_bytes="20MB")) as sink:
        sent = send(sink, events)
    assert sent.failed == {}
    assert list(sent.rejected) == [1]
    assert "(413)" in sent.rejected[1]
    assert set(tight_opensearch.documents("logs")) == {id_of(1), id_of(3)}


def test_a_node_that_went_away_makes_the_sink_busy_and_all_arrives_when_it_is_back(
    tight_opensearch: OpenSearch,
) -> None:
    with opened(make(tight_opensearch)) as sink:
        assert send(sink, [event(1)]) == Sent()
        tight_opensearch.crash()
        with pytest.raises(Busy, match="Connection refused"):
            send(sink, [event(2)])
        tight_opensearch.start()
        assert wait_until(lambda: deliver_for_good(sink, [event(1), event(2)]) == 0, 30)
    assert set(tight_opensearch.documents("logs")) == {id_of(1), id_of(2)}


def test_a_dead_host_is_passed_over(clean_opensearch: OpenSearch) -> None:
    dead = f"http://127.0.0.1:{free_port()}"
    with opened(make(clean_opensearch, hosts=[dead, clean_opensearch.url])) as sink:
        for number in range(4):
            deliver(sink, [event(number)])
    assert len(clean_opensearch.documents("logs")) == 4


# ------------------------------------------------------------------------------------------ with the security plugin


def test_the_right_password_and_authority_let_documents_in(secure_opensearch: SecureOpenSearch) -> None:
    with opened(make(secure_opensearch, index="secured", **credentials(secure_opensearch))) as sink:
        assert send(sink, [event(1)]) == Sent()
    assert set(secure_opensearch.documents("secured")) == {id_of(1)}


def test_a_wrong_password_is_one_sentence_with_what_to_do(secure_opensearch: SecureOpenSearch) -> None:
    sink = make(secure_opensearch, **{**credentials(secure_opensearch), "password": "secret-guess"})
    with pytest.raises(UsageError, match=r"refuses the credentials \(401\)") as caught:
        sink.open()
    assert caught.value.hint.startswith("set `user` and `password`")
    assert "secret-guess" not in str(caught.value) + caught.value.hint


def test_a_password_changed_while_it_runs_makes_the_sink_sick(secure_opensearch: SecureOpenSearch) -> None:
    user = {"user": "rotated", "password": "First-Key-4711", "ca_file": str(secure_opensearch.ca_file)}
    secure_opensearch.add_user("rotated", "First-Key-4711", "rotated-*")
    with opened(make(secure_opensearch, index="rotated-1", manage_template=False, **user)) as sink:
        assert send(sink, [event(1)]) == Sent()
        secure_opensearch.add_user("rotated", "Second-Key-0815", "rotated-*")
        with pytest.raises(Sick, match="401"):
            send(sink, [event(2)])


def test_an_index_that_the_user_may_not_write_is_sick_alone(secure_opensearch: SecureOpenSearch) -> None:
    user = {"user": "carrier", "password": "Some-Key-4711", "ca_file": str(secure_opensearch.ca_file)}
    secure_opensearch.add_user("carrier", "Some-Key-4711", "open-*")
    with opened(make(secure_opensearch, index="%{team}-logs", manage_template=False, **user)) as sink:
        fault = only_fault(send(sink, [event(1, team="open"), event(2, team="closed")]), 1)
    assert isinstance(fault, Sick)
    assert fault.scope == "closed-logs"
    assert "403 security_exception" in str(fault)


def test_an_unknown_authority_is_one_sentence_with_what_to_do(secure_opensearch: SecureOpenSearch) -> None:
    sink = make(secure_opensearch, user="admin", password="admin")
    with pytest.raises(UsageError, match=r"certificate of https://127.0.0.1:.* can't be trusted") as caught:
        sink.open()
    assert "ca_file" in caught.value.hint


def test_certificates_are_not_looked_at_where_that_is_asked_for(secure_opensearch: SecureOpenSearch) -> None:
    with opened(make(secure_opensearch, user="admin", password="admin", verify_certificates=False)) as sink:
        assert send(sink, [event(1)]) in (Sent(), Sent(duplicates=1))


def test_https_to_a_node_without_tls_says_so(clean_opensearch: OpenSearch) -> None:
    with pytest.raises(UsageError, match="does not speak TLS") as caught:
        make(clean_opensearch.url.replace("http:", "https:")).open()
    assert caught.value.hint == f"write {clean_opensearch.url} in `hosts`"


def credentials(node: SecureOpenSearch) -> dict[str, str]:
    return {"user": node.user, "password": node.password, "ca_file": str(node.ca_file)}


# ------------------------------------------------------------------------ what no healthy node gives: a bare listener


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers `GET /` as a cluster does, and the rest as a test tells."""

    banner = b'{"version": {"number": "2.19.1", "distribution": "opensearch"}}'
    answer: Callable[[http.server.BaseHTTPRequestHandler], None]

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(self.banner)))
        self.end_headers()
        self.wfile.write(self.banner)

    def do_POST(self) -> None:
        type(self).answer(self)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def listener(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None], banner: bytes = Handler.banner
) -> Iterator[str]:
    """An HTTP server on loopback that answers as told."""
    handler = type("Told", (Handler,), {"answer": staticmethod(answer), "banner": banner})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def reply(handler: http.server.BaseHTTPRequestHandler, body: bytes, length: int | None = None) -> None:
    handler.rfile.read(int(handler.headers["content-length"]))
    handler.send_response(200)
    if length is not None:
        handler.send_header("content-length", str(length))
    handler.end_headers()
    handler.wfile.write(body)
    handler.close_connection = True


@pytest.mark.parametrize("length", [None, 4711], ids=["without a length", "with a length"])
@pytest.mark.parametrize(
    "body", [b'{"errors":false,"items":[{"create":{"status":201}}', b'{"errors":false,"items":[]}', b"", b"[]"]
)
def test_a_cut_answer_confirms_nothing_whatever_its_status(body: bytes, length: int | None) -> None:
    with (
        listener(lambda handler: reply(handler, body, length)) as url,
        opened(make(url)) as sink,
        pytest.raises(Busy),
    ):
        send(sink, [event(1)])


@pytest.mark.parametrize("location", ["/elsewhere", "http://[no-address"])
def test_a_redirect_is_not_followed_and_confirms_nothing(location: str) -> None:
    paths: list[str] = []

    def redirect(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.rfile.read(int(handler.headers["content-length"]))
        paths.append(handler.path.partition("?")[0])
        handler.send_response(307)
        handler.send_header("location", location)
        handler.send_header("content-length", "0")
        handler.end_headers()

    with listener(redirect) as url, opened(make(url)) as sink, pytest.raises(Busy, match="307"):
        send(sink, [event(1)])
    assert paths == ["/_bulk"]


def test_no_answer_in_time_is_busy() -> None:
    release = threading.Event()

    def hang(handler: http.server.BaseHTTPRequestHandler) -> None:
        release.wait(10)
        handler.close_connection = True

    with listener(hang) as url, opened(make(url, timeout="200ms")) as sink:
        with pytest.raises(Busy, match="timed out"):
            send(sink, [event(1)])
        release.set()


def test_something_else_on_that_port_is_one_sentence() -> None:
    with (
        listener(lambda handler: reply(handler, b""), b"<html>hello</html>") as url,
        pytest.raises(UsageError, match="answers, but not as OpenSearch or Elasticsearch does"),
    ):
        make(url).open()


def test_nobody_there_is_busy_and_says_what_to_look_at() -> None:
    port = free_port()
    with pytest.raises(Busy, match=rf"no host can be reached \(http://127.0.0.1:{port}: .*Connection refused\): check"):
        make(f"http://127.0.0.1:{port}").open()


def test_requests_are_compressed_and_their_query_is_encoded_as_signatures_need() -> None:
    bodies: list[bytes] = []

    def keep(handler: http.server.BaseHTTPRequestHandler) -> None:
        assert handler.headers["content-encoding"] == "gzip"
        assert set(handler.path) <= set(string.ascii_letters + string.digits + "/?&=%._-")
        bodies.append(gzip.decompress(handler.rfile.read(int(handler.headers["content-length"]))))
        body = b'{"errors":false,"items":[{"create":{"status":201}}]}'
        handler.send_response(200)
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with listener(keep) as url, opened(make(url)) as sink:
        assert send(sink, [event(1)]) == Sent()
    (body,) = bodies
    assert body == (
        b'{"create":{"_index":"logs","_id":"20260131.00112233445566778899.1"}}\n'
        b'{"@timestamp":"2026-01-31T12:00:00Z","number":1}\n'
    )
