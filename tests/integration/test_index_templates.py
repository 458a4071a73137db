"""Generated index templates on a real node: what they make searchable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from logsluice.cluster.templates import Cluster, index_template
from logsluice.components import Context, find, names
from logsluice.errors import Sick
from logsluice.formats.fields import Field
from logsluice.model import Event, Format, Sent, Sink
from logsluice.sinks import opensearch as sink_module
from logsluice.testing.sinks import must_not_refuse, opened
from tests.parts.opensearch import OpenSearch, SecureOpenSearch


@dataclass(frozen=True)
class Declared:
    """As much of a format as templates look at."""

    name: str
    fields: Sequence[Field]


ALB_LIKE = Declared(
    "alb",
    (
        Field("client_ip", "ip"),
        Field("status", "integer"),
        Field("seconds", "float"),
        Field("url", "text"),
        Field("rule"),
        Field("actions", many=True),
        Field("created", "time"),
        Field("place", "geo_point"),
        Field("request.path"),
        Field("details", "object"),
    ),
)


def make(node: OpenSearch, *formats: Declared, **options: Any) -> Sink:
    config = sink_module.Config.model_validate({"hosts": node.url, **options})
    return sink_module.build(config, Context(formats=cast("tuple[Format, ...]", formats)))


def event(number: int, format_name: str = "alb", **fields: Any) -> Event:
    return {
        "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
        **fields,
        "origin": {"uri": "s3://logs/key", "version": "abc", "position": number},
        "@metadata": {"_id": str(number), "position": number, "format": format_name},
    }


def send(sink: Sink, *events: Event) -> Sent:
    return sink.send(sink.encode(events, must_not_refuse))


def found(node: OpenSearch, query: dict[str, Any], index: str = "logsluice-alb-*") -> set[str]:
    node.call("POST", f"/{index}/_refresh")
    status, answer = node.call("POST", f"/{index}/_search", {"query": query, "size": 100})
    assert status == 200, answer
    return {hit["_id"] for hit in answer["hits"]["hits"]}


def test_declared_fields_are_searched_as_what_they_are(clean_opensearch: OpenSearch) -> None:
    first = event(
        1,
        client_ip="10.1.2.3",
        status=502,
        seconds=0.25,
        url="https://example.com/Some/Path?x=1",
        rule="Path",
        actions=["waf", "forward"],
        created=datetime(2026, 1, 30, tzinfo=UTC),
        place={"lat": 48.1, "lon": 11.5},
        request={"path": "/a/b"},
        details={"deep": {"key": "Value"}, "list": [{"n": 1}]},
    )
    second = event(2, client_ip="2001:db8::7", status=200, seconds=3.5, url="https://other.example/", rule="path")
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        assert send(sink, first, second) == Sent()
    for query, expected in (
        ({"term": {"client_ip": "10.0.0.0/8"}}, {"1"}),
        ({"term": {"client_ip": "2001:db8::/32"}}, {"2"}),
        ({"range": {"status": {"gte": 500}}}, {"1"}),
        ({"range": {"seconds": {"gt": 1}}}, {"2"}),
        ({"match": {"url": "path"}}, {"1"}),
        ({"term": {"url.keyword": "https://other.example/"}}, {"2"}),
        ({"term": {"rule": "path"}}, {"2"}),
        ({"term": {"actions": "forward"}}, {"1"}),
        ({"range": {"created": {"lt": "2026-01-31"}}}, {"1"}),
        ({"geo_distance": {"distance": "50km", "place": "48,11.4"}}, {"1"}),
        ({"term": {"request.path": "/a/b"}}, {"1"}),
        ({"term": {"details.deep.key": "Value"}}, {"1"}),
        ({"range": {"@timestamp": {"gte": "2026-01-31T12:00:00Z"}}}, {"1", "2"}),
        ({"term": {"origin.position": 2}}, {"2"}),
        ({"term": {"origin.uri": "s3://logs/key"}}, {"1", "2"}),
    ):
        assert found(clean_opensearch, query) == expected, query


def test_terms_are_aggregated_without_a_suffix(clean_opensearch: OpenSearch) -> None:
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        send(sink, *(event(n, rule="a b" if n % 3 else "c", undeclared="x y") for n in range(9)))
    clean_opensearch.call("POST", "/logsluice-alb-*/_refresh")
    body = {"size": 0, "aggs": {name: {"terms": {"field": name}} for name in ("rule", "undeclared")}}
    answer = clean_opensearch.call("POST", "/logsluice-alb-*/_search", body)[1]["aggregations"]
    counts = {name: {bucket["key"]: bucket["doc_count"] for bucket in answer[name]["buckets"]} for name in answer}
    assert counts == {"rule": {"a b": 6, "c": 3}, "undeclared": {"x y": 9}}


def test_a_value_that_is_no_address_or_number_costs_no_document(clean_opensearch: OpenSearch) -> None:
    odd = event(1, client_ip="unknown", status="-", seconds="slow", created="never", place={"city": "Rome"}, rule="r")
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        assert send(sink, odd) == Sent()
    assert found(clean_opensearch, {"term": {"rule": "r"}}) == {"1"}


def test_long_values_are_kept_and_cost_no_document(clean_opensearch: OpenSearch) -> None:
    long = "x" * 40_000
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        assert send(sink, event(1, rule=long, url=long, undeclared=long)) == Sent()
    assert clean_opensearch.documents("logsluice-alb-*")["1"]["rule"] == long


def test_a_long_value_within_an_open_ended_object_is_a_reject_on_opensearch(clean_opensearch: OpenSearch) -> None:
    """A limit of `flat_object`, which has no `ignore_above`; the documentation of templates says so."""
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        sent = send(sink, event(1, details={"note": "x" * 32_000}), event(2, details={"note": "x" * 40_000}))
    assert list(sent.rejected) == [1]
    assert "max_bytes_length_exceeded_exception" in sent.rejected[1]


def test_locations_of_the_geoip_filter_are_points_on_a_map(clean_opensearch: OpenSearch) -> None:
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        sent = send(
            sink,
            event(1, client_geo={"location": {"lat": 48.1, "lon": 11.5}}),
            event(2, client={"geo": {"location": {"lat": 48.1, "lon": 11.5}}}),
            event(3, building={"location": {"floor": 3}}),
        )
        assert sent == Sent()
    near = {"distance": "50km"}
    for field in ("client_geo.location", "client.geo.location"):
        assert len(found(clean_opensearch, {"geo_distance": {**near, field: "48,11.4"}})) == 1


def test_each_format_gets_its_own_template_and_only_when_it_comes(clean_opensearch: OpenSearch) -> None:
    other = Declared("waf", (Field("client_ip", "keyword"),))
    with opened(make(clean_opensearch, ALB_LIKE, other)) as sink:
        assert templates(clean_opensearch) == {}
        send(sink, event(1))
        assert templates(clean_opensearch) == {"logsluice-alb": ["logsluice-alb-*"]}
        send(sink, event(2, "waf"))
    assert templates(clean_opensearch) == {
        "logsluice-alb": ["logsluice-alb-*"],
        "logsluice-waf": ["logsluice-waf-*"],
    }


def test_outputs_of_different_formats_share_the_template_of_one_pattern(clean_opensearch: OpenSearch) -> None:
    alb, waf = (find("formats", name).build() for name in ("alb", "waf"))
    for number, known in enumerate((alb, waf, alb)):
        with opened(make(clean_opensearch, known, index="logs-%{+yyyy}")) as sink:
            assert send(sink, event(number, known.name)) == Sent()
    (entry,) = clean_opensearch.call("GET", "/_index_template/logsluice-logs")[1]["index_templates"]
    made = entry["index_template"]["template"]["mappings"]
    assert made["_meta"]["formats"] == ["alb", "waf"]
    assert {field.name.split(".")[0] for field in (*alb.fields, *waf.fields)} <= set(made["properties"])


def test_of_overlapping_patterns_the_longer_one_holds(clean_opensearch: OpenSearch) -> None:
    short, long = Declared("alb", (Field("n", "keyword"),)), Declared("alb", (Field("n", "integer"),))
    for number, (known, index) in enumerate(((short, "logs%{+yyyy}"), (long, "logs-alb%{+yyyy}"))):
        with opened(make(clean_opensearch, known, index=index)) as sink:
            assert send(sink, event(number, n=1)) == Sent()
    mapping = clean_opensearch.call("GET", "/logs-alb2026/_mapping")[1]["logs-alb2026"]["mappings"]["properties"]
    assert mapping["n"]["type"] == "long"


def test_no_template_is_made_where_none_is_wanted(clean_opensearch: OpenSearch) -> None:
    with opened(make(clean_opensearch, ALB_LIKE, manage_template=False)) as sink:
        assert send(sink, event(1)) == Sent()
    with opened(make(clean_opensearch, ALB_LIKE, index="%{rule}-logs")) as sink:
        assert send(sink, event(2, rule="any")) == Sent()
    assert templates(clean_opensearch) == {}


def test_a_template_that_the_cluster_refuses_pauses_the_output(clean_opensearch: OpenSearch) -> None:
    clean_opensearch.call("PUT", "/_index_template/theirs", {"index_patterns": ["logsluice-*"], "priority": 164})
    with opened(make(clean_opensearch, ALB_LIKE)) as sink:
        with pytest.raises(Sick, match=r"index template logsluice-alb can't be installed: 400.*manage_template: false"):
            send(sink, event(1))
        clean_opensearch.call("DELETE", "/_index_template/theirs")
        assert send(sink, event(1)) == Sent()
    assert templates(clean_opensearch) == {"logsluice-alb": ["logsluice-alb-*"]}


def test_a_user_who_may_not_make_templates_is_told_what_to_do(secure_opensearch: SecureOpenSearch) -> None:
    secure_opensearch.add_user("writer", "Some-Key-4711", "logsluice-*")
    user = {"user": "writer", "password": "Some-Key-4711", "ca_file": str(secure_opensearch.ca_file)}
    with (
        opened(make(secure_opensearch, ALB_LIKE, **user)) as sink,
        pytest.raises(Sick, match=r"403.*allow it \(indices:admin/index_template/put\)"),
    ):
        send(sink, event(1))


@pytest.mark.parametrize("name", names("formats"))
def test_the_template_of_every_format_is_taken(clean_opensearch: OpenSearch, name: str) -> None:
    fields = find("formats", name).build().fields
    clean_opensearch.call("PUT", "/_index_template/made", index_template(f"{name}-*", fields, Cluster()))
    clean_opensearch.call("PUT", f"/{name}-1")
    mapping = clean_opensearch.call("GET", f"/{name}-1/_mapping")[1][f"{name}-1"]["mappings"]["properties"]
    assert mapping["origin"]["properties"]["position"] == {"type": "long"}
    assert {field.name.split(".")[0] for field in fields} <= set(mapping)


def templates(node: OpenSearch) -> dict[str, list[str]]:
    answer = node.call("GET", "/_index_template")[1]["index_templates"]
    return {entry["name"]: entry["index_template"]["index_patterns"] for entry in answer}
