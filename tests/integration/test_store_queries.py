"""What a query finds in a store, kind of field by kind: the table of docs/query-semantics.md."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.components import Context
from logsluice.errors import QueryError, UsageError
from logsluice.formats.fields import Field
from logsluice.model import Event
from logsluice.sinks import store
from logsluice.store.query import Bucket, Count, FieldInfo, Stats, StoreQuery
from logsluice.testing.sinks import must_not_refuse, opened

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Web:
    name = "web"
    fields = (
        Field("status", "integer"),
        Field("delay", "float"),
        Field("client_ip", "ip"),
        Field("ok", "boolean"),
        Field("url", "text"),
        Field("agent", "keyword"),
        Field("seen", "time"),
        Field("where", "geo_point"),
        Field("groups", "keyword", many=True),
        Field("request", "object"),
        Field("user.name"),
    )


class Audit:
    name = "audit"
    fields = (Field("status", "keyword"), Field("agent", "text"))


WEB: list[Event] = [
    {
        "status": 200,
        "delay": 0.5,
        "client_ip": "10.0.0.1",
        "ok": True,
        "url": "https://example.com/Index.html?q=Blue_Sky",
        "agent": "curl/8",
        "seen": NOON - timedelta(days=1),
        "where": {"lat": 1.0, "lon": 2.0},
        "groups": ["admin", "dev"],
        "request": {"bucket": "logs", "tags": [{"key": "a b"}, {"key": "c"}], "size": 5},
        "user": {"name": "ann"},
    },
    {
        "status": 503,
        "delay": -1.5,
        "client_ip": "10.0.1.200",
        "ok": False,
        "url": "https://example.com/admin/users",
        "agent": "Mozilla/5.0 (X11)",
        "groups": [],
        "env": "prod",
        "geo": {"country": "DE"},
    },
    {
        "status": 404,
        "client_ip": "2001:db8::1",
        "url": "/robots.txt",
        "agent": "100%_sure\\",
        "geo": {"country": ["FR", "DE"]},
    },
    {"status": "odd", "client_ip": "2001:db9:0:0:0:0:0:ff", "env": "test"},
]
AUDIT: list[Event] = [{"status": "failed", "agent": "the quick brown fox"}]


def fill(folder: Path, name: str, digest: str, events: list[Event]) -> None:
    sink = store.build(store.Config(path=folder), Context(formats=(Web(), Audit())))  # type: ignore[arg-type]
    about = [
        {"_id": f"20260131.{digest}.{number}", "position": number, "format": name} for number in range(len(events))
    ]
    with opened(sink) as target:
        target.send(
            target.encode(
                [
                    {**event, "@timestamp": NOON + number * MINUTE, "@metadata": about[number]}
                    for number, event in enumerate(events)
                ],
                must_not_refuse,
            )
        )


@pytest.fixture(scope="module")
def query(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreQuery]:
    folder = tmp_path_factory.mktemp("queried") / "store"
    fill(folder, "web", "web", WEB)
    fill(folder, "audit", "audit", AUDIT)
    with StoreQuery(folder, now=NOON + timedelta(hours=1)) as query:
        yield query


def found(query: StoreQuery, text: str) -> list[str]:
    return [hit.id.partition(".")[2] for hit in query.search(text, sort="_id").hits]


ALL_WEB = ["web.0", "web.1", "web.2", "web.3"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["audit.0", *ALL_WEB]),
        # integer and float
        ("status:200", ["web.0"]),
        ("status:(200 OR 404)", ["web.0", "web.2"]),
        ("status:>=404", ["audit.0", "web.1", "web.2"]),  # "failed" > "404" as text
        ("_format:web AND status:>=404", ["web.1", "web.2"]),
        ("delay:-1.5", ["web.1"]),
        ("delay:[-2 TO 0.5}", ["web.1"]),
        # boolean, geo_point
        ("ok:true", ["web.0"]),
        ("ok:false", ["web.1"]),
        ("where:*", ["web.0"]),
        # ip
        ("client_ip:10.0.0.1", ["web.0"]),
        ("client_ip:10.0.0.0/23", ["web.0", "web.1"]),
        ("client_ip:10.0.0.0/24", ["web.0"]),
        ("client_ip:[10.0.0.2 TO 10.0.1.200]", ["web.1"]),
        ("client_ip:{10.0.0.1 TO 10.0.1.200}", []),
        ('client_ip:"2001:db8::/32"', ["web.2"]),
        ('client_ip:"2001:0DB8:0::1"', ["web.2"]),
        ('client_ip:"2001:db9::ff"', ["web.3"]),
        ('client_ip:"::/0"', ["web.2", "web.3"]),
        # keyword
        ("agent:curl/8", ["web.0"]),
        ("agent:CURL/8", []),
        ("agent:Moz*X11?", ["web.1"]),
        (r"agent:100%_*\\", ["web.2"]),
        ("agent:1?0%*", ["web.2"]),
        ("agent:>b", ["web.0"]),
        # text
        ("url:index", ["web.0"]),
        ("url:INDEX", ["web.0"]),
        ("url:blue", []),
        ("url:blue_sky", ["web.0"]),
        ('url:"example com admin"', ["web.1"]),
        ('url:"com example"', []),
        ("url:adm*", ["web.1"]),
        ("url:*obot*", ["web.2"]),
        ("url:?sers", ["web.1"]),
        (r"url:\/robots.*", ["web.2"]),
        (r"url:*\/admin*", ["web.1"]),
        ('url:"-"', []),
        # time
        ("seen:2026-01-30", ["web.0"]),
        ("seen:2026-01", ["web.0"]),
        ("seen:2026-01-31", []),
        ("@timestamp:[2026-01-31T12:01 TO 2026-01-31T12:02]", ["web.1", "web.2"]),
        ("@timestamp:{2026-01-31T12:01 TO 2026-01-31T12:03}", ["web.2"]),
        ("@timestamp:>now-58m", ["web.3"]),
        # lists
        ("groups:dev", ["web.0"]),
        ("groups:adm*", ["web.0"]),
        ("groups:*", ["web.0"]),
        ("NOT groups:dev AND _format:web", ["web.1", "web.2", "web.3"]),
        # open-ended and undeclared data: strings
        ("request.bucket:logs", ["web.0"]),
        ("request.bucket:LOGS", []),
        ('request.tags.key:"a b"', ["web.0"]),
        ("request.tags.key:c", ["web.0"]),
        ("request.size:5", ["web.0"]),
        ("request:logs", ["web.0"]),
        ("request:bucket", []),
        ("request.none:x", []),
        ("env:prod", ["web.1"]),
        ("env:p*", ["web.1"]),
        ("env:>=q", ["web.3"]),
        ("geo.country:DE", ["web.1", "web.2"]),
        ("geo:*", ["web.1", "web.2"]),
        ("_exists_:geo.country", ["web.1", "web.2"]),
        ("user:*", ["web.0"]),
        ("user.name:ann", ["web.0"]),
        # free text
        ("admin", ["web.0", "web.1"]),
        ("10.0.0.1", ["web.0"]),
        ("prod", ["web.1"]),
        ("env", []),
        ("fox", ["audit.0"]),
        ('"quick brown"', ["audit.0"]),
        ("200", []),
        # not, and, or
        ("NOT env:prod", ["audit.0", "web.0", "web.2", "web.3"]),
        ("-ok:true", ["audit.0", "web.1", "web.2", "web.3"]),
        ("ok:* -ok:true", ["web.1"]),
        ("NOT (ok:true OR env:*)", ["audit.0", "web.2"]),
        # one name, two types
        ("status:failed", ["audit.0"]),
        ("agent:quick", ["audit.0"]),
    ],
)
def test_what_a_query_finds(query: StoreQuery, text: str, ids: list[str]) -> None:
    assert found(query, text) == ids


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("ok:true AND stattus:5", 12, "did you mean 'status'"),
        ("delay:fast", 6, "not a number"),
        ("delay:1*", 6, "range"),
        ("ok:yes", 3, "true nor false"),
        ("client_ip:ten", 10, "no IP address"),
        ("client_ip:10.*", 10, "10.0.0.0/8"),
        ("client_ip:10.0.0.0/99", 10, "no network"),
        ("url:>a", 4, "no order"),
        ("seen:soon", 5, "no date"),
        ("where:here", 6, "`:*`"),
        ("user:ann", 5, "name one of its fields"),
        ("request:>a", 8, "name one of its fields"),
    ],
)
def test_what_a_query_is_refused_for(query: StoreQuery, text: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError) as caught:
        query.count(text)
    assert (caught.value.position, reason in str(caught.value)) == (position, True)


def test_events_come_back_as_they_were(query: StoreQuery) -> None:
    hits = query.search("_format:web", sort="@timestamp").hits
    assert [{name: value for name, value in hit.event.items() if name != "@timestamp"} for hit in hits] == WEB
    assert [hit.event["@timestamp"] for hit in hits] == [NOON + number * MINUTE for number in range(4)]
    assert {hit.format for hit in hits} == {"web"}


def test_the_newest_come_first_and_size_bounds_them(query: StoreQuery) -> None:
    answer = query.search("", size=2)
    assert [hit.id for hit in answer.hits] == ["20260131.web.3", "20260131.web.2"]
    assert answer.total == 5


def test_sorting_by_a_field_puts_those_without_it_last(query: StoreQuery) -> None:
    assert [hit.id[9:] for hit in query.search("_format:web", sort="delay").hits] == [
        "web.1",
        "web.0",
        "web.2",
        "web.3",
    ]
    assert [hit.id[9:] for hit in query.search("_format:web", sort="delay:desc").hits][:2] == ["web.0", "web.1"]
    assert [hit.id[9:] for hit in query.search("", sort="env:desc").hits][:2] == ["web.3", "web.1"]


def test_sorting_by_a_field_of_two_types_keeps_the_types_apart(query: StoreQuery) -> None:
    ids = [hit.id[9:] for hit in query.search("status:*", sort="status").hits]
    assert ids == ["web.0", "web.2", "web.1", "audit.0"]


def test_only_the_wanted_fields(query: StoreQuery) -> None:
    (hit,) = query.search("status:200", fields=["user.name", "delay", "request.bucket"]).hits
    assert hit.event == {"user": {"name": "ann"}, "delay": 0.5, "request": {"bucket": "logs"}}


def test_the_time_range_includes_its_start_and_not_its_end(query: StoreQuery) -> None:
    assert query.count("", since=NOON + MINUTE, until=NOON + 3 * MINUTE) == 2


def test_a_histogram_has_no_gaps(query: StoreQuery) -> None:
    answer = query.histogram("_format:web AND NOT status:404", MINUTE, by="ok")
    assert answer.buckets == (
        Bucket(NOON, 1, {"true": 1}),
        Bucket(NOON + MINUTE, 1, {"false": 1}),
        Bucket(NOON + 2 * MINUTE, 0, {}),
        Bucket(NOON + 3 * MINUTE, 1, {}),
    )


def test_an_event_with_a_list_counts_once_in_a_histogram(query: StoreQuery) -> None:
    assert query.histogram("groups:*", MINUTE, by="groups").buckets == (Bucket(NOON, 1, {"admin": 1, "dev": 1}),)


def test_a_histogram_of_too_many_bars_is_refused(query: StoreQuery) -> None:
    with pytest.raises(UsageError, match="too long"):
        query.histogram("", timedelta(milliseconds=1))


def test_top_values_are_ordered_by_count_then_value(query: StoreQuery) -> None:
    assert query.top_values("", "geo.country") == [Count("DE", 2), Count("FR", 1)]
    assert query.top_values("", "_format", 1) == [Count("web", 4)]
    assert query.top_values("", "delay", 2) == [Count(-1.5, 1), Count(0.5, 1)]
    assert query.top_values("", "status") == [Count(v, 1) for v in ("200", "404", "503", "failed")]


def test_statistics_of_numbers_times_and_words(query: StoreQuery) -> None:
    assert query.stats("ok", "_format:web") == Stats(2, 2, False, True)
    delay = query.stats("delay")
    assert (delay.count, delay.distinct, delay.min, delay.max, delay.sum, delay.mean) == (2, 2, -1.5, 0.5, -1.0, -0.5)
    assert delay.percentiles == pytest.approx({50: -0.5, 95: 0.4, 99: 0.48})
    assert query.stats("seen") == Stats(1, 1, NOON - timedelta(days=1), NOON - timedelta(days=1))
    assert query.stats("env") == Stats(2, 2, "prod", "test")
    assert query.stats("delay", "agent:fox") == Stats(0, 0)


def test_fields_are_listed_with_their_kinds(query: StoreQuery) -> None:
    fields = {(info.name, info.kind): info for info in query.fields()}
    assert fields[("status", "integer")] == FieldInfo("status", "integer", False, ("web",), coverage=0.75)
    assert fields[("agent", "text")].formats == ("audit",)
    assert fields[("geo.country", "keyword")] == FieldInfo("geo.country", "keyword", False, ("web",), declared=False)


def test_a_store_without_events_finds_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "store", "web", "web", [])
    with StoreQuery(tmp_path / "store") as query:
        assert query.search("anything:1").total == 0
        assert query.histogram("", MINUTE, by="x").buckets == ()
        assert query.top_values("", "x") == []


PIECES = st.sampled_from(
    [
        "status",
        "delay",
        "client_ip",
        "ok",
        "url",
        "agent",
        "seen",
        "where",
        "groups",
        "request.bucket",
        "env",
        "geo",
        "*",
    ]
)
VALUES = st.sampled_from(
    ["200", "-1", "true", "10.0.0.0/8", '"::1"', "x*", "*y?", '"a b"', "2026-01", "now-1h", ">=3", "<10.0.0.1", "ü*"]
) | st.sampled_from(
    ["[1 TO 5]", "{a TO *]", r"\"", "(a OR -b)", '"\x00"', '"%_\'"', '"fe80::1%eth0"', '"[*]"', "9" * 30]
)
CLAUSES = st.builds("{}{}:{}".format, st.sampled_from(["", "NOT ", "+", "-"]), PIECES, VALUES) | VALUES


@settings(max_examples=150)
@given(text=st.lists(CLAUSES, min_size=1, max_size=4).map(" OR ".join))
def test_any_query_is_answered_or_refused(query: StoreQuery, text: str) -> None:
    try:
        query.count(text)
    except QueryError as error:
        position = error.position
    else:
        position = 0
    assert 0 <= position <= len(text)


@pytest.mark.parametrize("name", ["x'y", "x]y", "$", "a[0]", 'q"q', "a.", ".", "a..b", "back\\\\slash"])
def test_undeclared_names_of_any_kind_can_be_asked_for(tmp_path: Path, name: str) -> None:
    event: dict[str, Any] = {name: "v"}
    fill(tmp_path / "store", "web", "web", [event])
    with StoreQuery(tmp_path / "store") as query:
        (hit,) = query.search("").hits
        assert hit.event[name] == "v"
        assert [count.value for count in query.top_values("", name)] in (["v"], [])
