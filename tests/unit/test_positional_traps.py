"""What real positional logs hold besides well-formed lines: each trap a test."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.errors import Unparsable
from logsluice.formats import load
from logsluice.model import Records


def parse(name: str, *lines: str | bytes, **options: Any) -> list[Any]:
    records = [line.encode() if isinstance(line, str) else line for line in lines]
    parsed: list[Any] = load(name, **options).parser().parse(Records(records, list(range(len(records)))))
    assert len(parsed) == len(records)
    return parsed


def one(name: str, line: str | bytes, **options: Any) -> Any:
    (parsed,) = parse(name, line, **options)
    return parsed


def reason(name: str, line: str) -> str:
    parsed = one(name, line)
    assert isinstance(parsed, Unparsable)
    return str(parsed)


def alb(**changed: str) -> str:
    columns = {
        "type": "https", "time": "2026-01-31T12:00:00.186641Z", "elb": "app/shop/50dc6c495c0c9188",
        "client": "192.0.2.7:2817", "target": "10.0.0.1:80", "times": "0.086 0.048 0.037", "codes": "200 200",
        "bytes": "0 57", "request": '"GET https://www.example.com:443/ HTTP/1.1"', "user_agent": '"curl/8.5.0"',
        "rest": 'TLS_AES_128_GCM_SHA256 TLSv1.3 arn:tg "Root=1-5" "www.example.com" "arn:cert" 1 '
        '2026-01-31T11:59:59.900000Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_1 "-" "-" "-"',
    }  # fmt: skip
    return " ".join({**columns, **changed}.values())


ALB = {
    "type": "https",
    "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 186641, tzinfo=UTC),
    "elb": "app/shop/50dc6c495c0c9188",
    "client_ip": "192.0.2.7",
    "client_port": 2817,
    "target_ip": "10.0.0.1",
    "target_port": 80,
    "request_processing_time": 0.086,
    "target_processing_time": 0.048,
    "response_processing_time": 0.037,
    "elb_status_code": 200,
    "target_status_code": 200,
    "received_bytes": 0,
    "sent_bytes": 57,
    "request_verb": "GET",
    "request_url": "https://www.example.com:443/",
    "request_proto": "HTTP/1.1",
    "user_agent": "curl/8.5.0",
    "ssl_cipher": "TLS_AES_128_GCM_SHA256",
    "ssl_protocol": "TLSv1.3",
    "target_group_arn": "arn:tg",
    "trace_id": "Root=1-5",
    "domain_name": "www.example.com",
    "chosen_cert_arn": "arn:cert",
    "matched_rule_priority": 1,
    "request_creation_time": datetime(2026, 1, 31, 11, 59, 59, 900000, tzinfo=UTC),
    "actions_executed": "forward",
    "target_port_list": ["10.0.0.1:80"],
    "target_status_code_list": [200],
    "conn_trace_id": "TID_1",
}


def without(event: dict[str, Any], *names: str, **changed: Any) -> dict[str, Any]:
    return {name: value for name, value in {**event, **changed}.items() if name not in names}


# ------------------------------------------------------------------------------------------------------------ alb


def test_alb_line_with_a_tls_1_3_cipher_gives_every_field() -> None:
    assert one("alb", alb()) == ALB


def test_alb_request_of_a_client_that_sent_none_gives_only_its_url() -> None:
    event = one("alb", alb(request='"- http://host.example:80-/ "'))
    assert event == without(ALB, "request_verb", "request_proto", request_url="http://host.example:80-/")


def test_alb_request_of_dashes_gives_nothing() -> None:
    assert one("alb", alb(request='"- - - "')) == without(ALB, "request_verb", "request_url", "request_proto")


def test_alb_url_may_hold_spaces() -> None:
    event = one("alb", alb(request='"GET https://www.example.com:443/a b  c HTTP/1.1"'))
    assert event == without(ALB, request_url="https://www.example.com:443/a b  c")


def test_alb_url_with_a_space_and_no_protocol_stays_whole() -> None:
    event = one("alb", alb(request='"GET https://www.example.com:443/a b"'))
    assert event == without(ALB, "request_proto", request_url="https://www.example.com:443/a b")


def test_alb_url_is_percent_decoded_once() -> None:
    event = one("alb", alb(request='"GET https://www.example.com:443/a%20b%2520c+d?e=%C3%A9 HTTP/1.1"'))
    assert event == without(ALB, request_url="https://www.example.com:443/a b%20c+d?e=é")


@pytest.mark.parametrize("url", ["https://a:443/100%", "https://a:443/%zz%20", "https://a:443/%20%u0041"])
def test_alb_url_with_a_bad_escape_stays_as_it_is(url: str) -> None:
    assert one("alb", alb(request=f'"GET {url} HTTP/1.1"')) == without(ALB, request_url=url)


def test_alb_clients_with_ipv6_addresses_in_brackets_and_bare() -> None:
    bracketed, bare = parse(
        "alb",
        alb(client="[2001:db8::1]:443", target="[fe80::202:b3ff:fe1e:8329]:80"),
        alb(client="2001:db8::1:443", target="fe80::202:b3ff:fe1e:8329:80"),
    )
    expected = without(
        ALB, client_ip="2001:db8::1", client_port=443, target_ip="fe80::202:b3ff:fe1e:8329", target_port=80
    )
    assert bracketed == bare == expected


def test_alb_times_of_minus_one_are_left_out_and_so_is_a_missing_target() -> None:
    event = one("alb", alb(target="-", times="-1 -1 -1", codes="503 -"))
    gone = ("target_ip", "target_port", "request_processing_time", "target_processing_time", "response_processing_time")
    assert event == without(ALB, *gone, "target_status_code", elb_status_code=503)


def test_alb_user_agent_with_escaped_quotes() -> None:
    event = one("alb", alb(user_agent=r'"Mozilla \"quoted\" \\ \x22"'))
    assert event == without(ALB, user_agent=r'Mozilla "quoted" \ \x22')


def test_alb_user_agent_with_quotes_that_nobody_escaped() -> None:
    assert one("alb", alb(user_agent='"say "hi"x"')) == without(ALB, user_agent='say "hi"x')


@pytest.mark.parametrize("character", ["\r", "\x0b", "\u2028", "\x85"])
def test_alb_line_ends_at_a_line_feed_alone(character: str) -> None:
    assert one("alb", alb(user_agent=f'"a{character}b"')) == without(ALB, user_agent=f"a{character}b")


def test_alb_bytes_that_are_no_utf_8_are_replaced_and_spoil_no_neighbour() -> None:
    bad = alb(user_agent='"caf#"').encode().replace(b"#", b"\xe9")
    assert parse("alb", alb(), bad, alb()) == [ALB, without(ALB, user_agent="caf\ufffd"), ALB]


def test_alb_unbalanced_quote_spoils_one_line_only() -> None:
    before, broken, after = parse("alb", alb(), alb(user_agent='"open'), alb())
    assert (before, after) == (ALB, ALB)
    assert isinstance(broken, Unparsable) or broken["user_agent"].startswith("open")


def test_alb_line_that_ends_early_gives_what_is_there() -> None:
    line = alb().partition(" TLS_AES")[0]
    assert one("alb", line) == {k: v for k, v in ALB.items() if list(ALB).index(k) <= list(ALB).index("user_agent")}


def test_alb_bare_dashes_stand_where_quoted_columns_do() -> None:
    line = alb().replace('"www.example.com" "arn:cert"', "- -").replace('"-"', "-")
    assert one("alb", line) == without(ALB, "domain_name", "chosen_cert_arn")


def test_alb_unknown_columns_at_the_end_are_kept() -> None:
    event = one("alb", alb() + ' 192.0.2.99 - "more"')
    assert event == {**ALB, "ip_address": "192.0.2.99", "extra_2": "more"}


def test_alb_columns_of_the_transforms() -> None:
    line = alb().removesuffix('"-" "-" "-"') + '"h.example" "/new" TransformSuccess'
    transformed = {
        "transformed_host": "h.example", "transformed_uri": "/new", "request_transform_status": "TransformSuccess"
    }  # fmt: skip
    assert one("alb", line) == {**ALB, **transformed}


def test_alb_several_targets() -> None:
    line = alb().replace('"10.0.0.1:80" "200"', '"10.0.0.1:80 10.0.0.2:80" "502 200"')
    listed = {"target_port_list": ["10.0.0.1:80", "10.0.0.2:80"], "target_status_code_list": [502, 200]}
    assert one("alb", line) == {**ALB, **listed}


def test_alb_connection_line_among_access_lines_is_parsed_as_such() -> None:
    connection = (
        '2026-01-31T12:00:01.514108Z 192.0.2.7 36280 443 TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256 4.036 "CN=a,O=b" '
        "NotBefore=2026-01-01T00:00:00Z;NotAfter=2027-01-01T00:00:00Z FEF2 Success TID_1"
    )
    access, found = parse("alb", alb(), connection)
    assert access == ALB
    assert found == one("alb_connection", connection)
    assert found["client_ip"] == "192.0.2.7"
    assert found["tls_handshake_latency"] == 4.036
    assert found["leaf_client_cert_subject"] == "CN=a,O=b"


def test_alb_line_that_says_that_logging_was_enabled() -> None:
    line = "Enable AccessLog for ELB: app/shop/abc123456 at 2026-01-31T12:00:00.781Z"
    assert one("alb", line) == {
        "message": line,
        "elb": "app/shop/abc123456",
        "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 781000, tzinfo=UTC),
    }


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("hello world", "2 columns; lines of this format have 12 or more"),
        (alb(time="yesterday"), "column time: 'yesterday' is not a time"),
        (alb(codes="2xx 200"), "column elb_status_code: '2xx' is not an integer"),
        (alb(bytes="0 many"), "column sent_bytes: 'many' is not an integer"),
        (alb(times="nan 0 0"), "column request_processing_time: 'nan' is not a number"),
        (alb(client="192.0.2.7:http"), "column client:port: '192.0.2.7:http' is not an integer"),
        (alb() + " x" * 34, "more than 66 columns, this format has 34"),
        ('field1 "field2 field3', "the quote at character 7 is never closed"),
        ("2026-01-31T12:00:00Z 192.0.2.7", "2 columns; lines of this format have 7 or more"),
        ("Enable nothing", "this is no notice of Elastic Load Balancing"),
    ],
)
def test_alb_unparsable_lines_say_why(line: str, said: str) -> None:
    assert reason("alb", line) == said


@pytest.mark.parametrize("filler", [" ", '"', '" ', '\\"', "\\", "[", " -", ","])
def test_huge_line_is_refused_without_taking_it_apart(filler: str) -> None:
    size = 4_000_000
    before, huge, after = parse("alb", alb(), alb() + " " + filler * (size // len(filler)), alb())
    assert (before, after) == (ALB, ALB)
    assert isinstance(huge, Unparsable) or len(huge) <= len(ALB) + 1


def test_layout_that_changes_within_an_object_is_followed() -> None:
    old = alb().partition(" TID_1")[0]
    parser = load("alb").parser()
    batches = [[alb()] * 3, [old] * 5, [old] * 5, [alb(), old, alb()]]
    found = [parser.parse(Records([line.encode() for line in batch], [0] * len(batch))) for batch in batches]
    shorter = without(ALB, "conn_trace_id")
    assert found == [[ALB] * 3, [shorter] * 5, [shorter] * 5, [ALB, shorter, ALB]]


# ------------------------------------------------------------------------------------------------------ elb and nlb


def test_elb_line_without_the_last_three_columns() -> None:
    line = (
        "2015-05-13T23:39:43.945958Z shop 192.0.2.7:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "
        '"GET http://www.example.com:80/ HTTP/1.1"'
    )
    assert one("elb", line) == {
        "@timestamp": datetime(2015, 5, 13, 23, 39, 43, 945958, tzinfo=UTC),
        "elb": "shop",
        "client_ip": "192.0.2.7",
        "client_port": 2817,
        "backend_ip": "10.0.0.1",
        "backend_port": 80,
        "request_processing_time": 7.3e-05,
        "backend_processing_time": 0.001048,
        "response_processing_time": 5.7e-05,
        "elb_status_code": 200,
        "backend_status_code": 200,
        "received_bytes": 0,
        "sent_bytes": 29,
        "request_verb": "GET",
        "request_url": "http://www.example.com:80/",
        "request_proto": "HTTP/1.1",
    }


def test_elb_line_of_a_tcp_listener_has_neither_request_nor_status() -> None:
    line = (
        "2015-05-13T23:39:43.945958Z shop 192.0.2.7:2817 10.0.0.1:80 0.001069 0.000028 0.000041 - - 82 305 "
        '"- - - " "-" - -'
    )
    event = one("elb", line)
    assert "elb_status_code" not in event
    assert not [name for name in event if name.startswith(("request_v", "request_u", "user_agent", "ssl"))]
    assert event["sent_bytes"] == 305


def test_nlb_line_with_a_list_of_quoted_protocols() -> None:
    line = (
        "tls 2.0 2026-01-31T08:51:42 net/edge/c6e77e28c25b2234 g3d4b5e8bb8464cd 192.0.2.7:51341 10.0.0.1:443 5 2 98 "
        '246 - arn:cert - ECDHE-RSA-AES128-SHA tlsv12 - edge.example h2 h2 "h2","http/1.1" 2026-01-31T08:51:20'
    )
    event = one("nlb", line)
    assert event["alpn_client_preference_list"] == ["h2", "http/1.1"]
    assert event["tls_connection_creation_time"] == datetime(2026, 1, 31, 8, 51, 20, tzinfo=UTC)
    assert event["@timestamp"] == datetime(2026, 1, 31, 8, 51, 42, tzinfo=UTC)
    assert "incoming_tls_alert" not in event


# ------------------------------------------------------------------------------------------------------- cloudfront

V1_LINE = (
    "2026-01-31\t01:13:11\tFRA2\t182\t192.0.2.10\tGET\td111.cloudfront.net\t/view/my/file.html\t200\twww.example.com\t"
    "Mozilla/4.0%20(compatible;%20MSIE%205.0b1)\t-\tzip=98101\tRefreshHit\tMRVMF7KydIvx==\td111.cloudfront.net\thttp\t-"
    "\t0.001\t-\t-\t-\tRefreshHit\tHTTP/1.1\tProcessed\t1"
)
V1 = {
    "@timestamp": datetime(2026, 1, 31, 1, 13, 11, tzinfo=UTC),
    "x_edge_location": "FRA2",
    "sc_bytes": 182,
    "c_ip": "192.0.2.10",
    "cs_method": "GET",
    "cs_host": "d111.cloudfront.net",
    "cs_uri_stem": "/view/my/file.html",
    "sc_status": 200,
    "cs_referer": "www.example.com",
    "cs_user_agent": "Mozilla/4.0 (compatible; MSIE 5.0b1)",
    "cs_cookie": "zip=98101",
    "x_edge_result_type": "RefreshHit",
    "x_edge_request_id": "MRVMF7KydIvx==",
    "x_host_header": "d111.cloudfront.net",
    "cs_protocol": "http",
    "time_taken": 0.001,
    "x_edge_response_result_type": "RefreshHit",
    "cs_protocol_version": "HTTP/1.1",
    "fle_status": "Processed",
    "fle_encrypted_fields": "1",
}


def test_cloudfront_row_with_fewer_columns_than_its_header() -> None:
    header = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer)"
    fields = f"{header} cs(User-Agent)"
    row = "\t".join(V1_LINE.split("\t")[:9])
    assert parse("cloudfront", "#Version: 1.0", fields, row) == [None, None, dict(list(V1.items())[:8])]


def test_cloudfront_without_a_header_is_in_the_order_of_version_1() -> None:
    assert one("cloudfront", V1_LINE) == V1


def test_cloudfront_header_names_the_columns_and_a_later_one_renames_them() -> None:
    found = parse(
        "cloudfront",
        "#Version: 1.0",
        "#Fields: date time c-ip sc-status",
        "2026-01-31\t01:13:11\t192.0.2.1\t404",
        "#Fields: c-ip date time x-new-one",
        "192.0.2.2\t2026-01-31\t01:13:12\tnew",
        "192.0.2.3\t2026-01-31\t01:13:13\t-",
    )
    assert found == [
        None,
        None,
        {"@timestamp": datetime(2026, 1, 31, 1, 13, 11, tzinfo=UTC), "c_ip": "192.0.2.1", "sc_status": 404},
        None,
        {"@timestamp": datetime(2026, 1, 31, 1, 13, 12, tzinfo=UTC), "c_ip": "192.0.2.2", "x_new_one": "new"},
        {"@timestamp": datetime(2026, 1, 31, 1, 13, 13, tzinfo=UTC), "c_ip": "192.0.2.3"},
    ]


def test_cloudfront_version_2_parted_by_spaces() -> None:
    found = parse(
        "cloudfront",
        "#Version: 1.0",
        "#Fields: timestamp(ms) DistributionId c-ip cs(User-Agent) sc-status",
        "1769821991123 E2ABCDEF 192.0.2.1 curl/8%20x 200",
        "1769821991124 E2ABCDEF 2001:db8::1 - 000",
    )
    assert found[2:] == [
        {
            "@timestamp": datetime(2026, 1, 31, 1, 13, 11, 123000, tzinfo=UTC),
            "distribution_id": "E2ABCDEF",
            "c_ip": "192.0.2.1",
            "cs_user_agent": "curl/8 x",
            "sc_status": 200,
        },
        {
            "@timestamp": datetime(2026, 1, 31, 1, 13, 11, 124000, tzinfo=UTC),
            "distribution_id": "E2ABCDEF",
            "c_ip": "2001:db8::1",
            "sc_status": 0,
        },
    ]


def test_cloudfront_status_000_is_zero() -> None:
    assert one("cloudfront", V1_LINE.replace("\t200\t", "\t000\t")) == {**V1, "sc_status": 0}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/a%2520b", "/a b"),
        ("/a%252520b%20", "/a b "),
        ("/100%25", "/100%"),
        ("/%zz%20", "/%zz%20"),
        ("/%2541", "/A"),
        ("/%E9", "/\ufffd"),
        ("/a+b", "/a+b"),
    ],
)
def test_cloudfront_text_of_clients_is_decoded_until_nothing_changes(written: str, meant: str) -> None:
    assert one("cloudfront", V1_LINE.replace("/view/my/file.html", written)) == {**V1, "cs_uri_stem": meant}


@pytest.mark.parametrize("forwarded", ["192.0.2.1,%20192.0.2.2", "192.0.2.1, 192.0.2.2", "localhost:8080"])
def test_cloudfront_forwarded_for_stays_as_it_is(forwarded: str) -> None:
    columns = V1_LINE.split("\t")
    columns[19] = forwarded
    assert one("cloudfront", "\t".join(columns)) == {**V1, "x_forwarded_for": forwarded}


def test_cloudfront_quotes_are_ordinary_characters() -> None:
    event = one("cloudfront", V1_LINE.replace("zip=98101", '"open'))
    assert event == {**V1, "cs_cookie": '"open'}


def test_cloudfront_bad_time_is_unparsable() -> None:
    assert "is not a time" in reason("cloudfront", V1_LINE.replace("01:13:11", "25:00:00"))


# --------------------------------------------------------------------------------------------------------- vpc flow

DEFAULT = "2 123456789012 eni-0a1b 192.0.2.1 198.51.100.1 49152 443 6 20 1680 1769860800 1769860860 ACCEPT OK"
FLOW = {
    "version": 2,
    "account_id": "123456789012",
    "interface_id": "eni-0a1b",
    "srcaddr": "192.0.2.1",
    "dstaddr": "198.51.100.1",
    "srcport": 49152,
    "dstport": 443,
    "protocol": 6,
    "packets": 20,
    "bytes": 1680,
    "start": 1769860800,
    "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
    "end": 1769860860,
    "action": "ACCEPT",
    "log_status": "OK",
}


def test_vpc_flow_without_a_header_is_in_the_default_order() -> None:
    assert one("vpc_flow", DEFAULT) == FLOW


@pytest.mark.parametrize("status", ["NODATA", "SKIPDATA"])
def test_vpc_flow_line_that_reports_no_traffic(status: str) -> None:
    line = f"2 123456789012 eni-0a1b - - - - - - - 1769860800 1769860860 - {status}"
    kept = ("version", "account_id", "interface_id", "start", "@timestamp", "end")
    assert one("vpc_flow", line) == {**{name: FLOW[name] for name in kept}, "log_status": status}


def test_vpc_flow_times_in_milliseconds_are_the_same_instants() -> None:
    line = DEFAULT.replace("1769860800", "1769860800250").replace("1769860860", "1769860860999")
    assert one("vpc_flow", line) == {**FLOW, "@timestamp": datetime(2026, 1, 31, 12, 0, 0, 250000, tzinfo=UTC)}


def test_vpc_flow_header_names_the_columns_old_new_and_unknown() -> None:
    found = parse(
        "vpc_flow",
        "version srcaddr pkt-srcaddr tcp-flags flow-direction next-hop-vpc-id end",
        "9 10.0.0.1 10.0.0.9 19 egress vpc-1 1769860800",
    )
    assert found == [
        None,
        {
            "version": 9,
            "srcaddr": "10.0.0.1",
            "pkt_srcaddr": "10.0.0.9",
            "tcp_flags": 19,
            "flow_direction": "egress",
            "next_hop_vpc_id": "vpc-1",
            "end": 1769860800,
            "@timestamp": datetime(2026, 1, 31, 12, tzinfo=UTC),
        },
    ]


def test_vpc_flow_header_of_mostly_unknown_columns() -> None:
    header = "srcaddr new-one new-two new-three new-four dstaddr"
    assert parse("vpc_flow", header, "10.0.0.1 a b - c 10.0.0.2") == [
        None,
        {"srcaddr": "10.0.0.1", "new_one": "a", "new_two": "b", "new_four": "c", "dstaddr": "10.0.0.2"},
    ]


def test_vpc_flow_header_in_the_middle_changes_the_columns() -> None:
    header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    assert parse(
        "vpc_flow", f"{header} log-status", DEFAULT, "srcaddr dstaddr start", "10.0.0.1 10.0.0.2 1769860800"
    ) == [
        None,
        FLOW,
        None,
        {"srcaddr": "10.0.0.1", "dstaddr": "10.0.0.2", "start": 1769860800, "@timestamp": FLOW["@timestamp"]},
    ]


@pytest.mark.parametrize(
    "order",
    [
        "${account-id} ${action} ${bytes} ${start}",
        "account-id action bytes start",
        ["account_id", "action", "bytes", "start"],
    ],
)
def test_vpc_flow_order_as_it_is_configured(order: Any) -> None:
    assert one("vpc_flow", "123456789012 REJECT 40 1769860800", fields=order) == {
        "account_id": "123456789012",
        "action": "REJECT",
        "bytes": 40,
        "start": 1769860800,
        "@timestamp": FLOW["@timestamp"],
    }


def test_vpc_flow_configured_order_with_a_wrong_name_names_the_near_one() -> None:
    with pytest.raises(ValueError, match="'acount-id', which is no field of vpc_flow; did you mean 'account-id'"):
        load("vpc_flow", fields="acount-id action")
    with pytest.raises(TypeError, match="must be the order of the columns"):
        load("vpc_flow", fields=7)


def test_transit_gateway_flow_in_its_default_order() -> None:
    line = (
        "6 TransitGateway 123456789012 tgw-1 tgw-attach-1 123456789012 210987654321 vpc-1 vpc-2 subnet-1 subnet-2 "
        "eni-1 eni-2 use1-az1 use1-az2 tgw-attach-2 10.0.0.1 10.1.0.1 49152 443 6 5 420 1769860800 1769860860 OK IPv4 "
        "0 1 0 0 19 us-east-1 ingress - S3"
    )
    event = one("transit_gateway_flow", line)
    assert event["packets_lost_blackhole"] == 1
    assert event["tgw_pair_attachment_id"] == "tgw-attach-2"
    assert event["pkt_dst_aws_service"] == "S3"
    assert "pkt_src_aws_service" not in event
    assert event["@timestamp"] == FLOW["@timestamp"]


# ------------------------------------------------------------------------------------------------------- s3 access

OWNER = "79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"
S3_LINE = (
    f"{OWNER} logs-bucket [31/Jan/2026:12:00:38 +0000] 192.0.2.3 {OWNER} 3E57427F3EXAMPLE REST.GET.OBJECT "
    'a/b%2520c.txt "GET /logs-bucket/a/b%2520c.txt HTTP/1.1" 200 - 113 2662992 7 6 "-" "S3Console/0.4" - HOST+ID= '
    "SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader logs-bucket.s3.us-west-1.amazonaws.com TLSv1.2 - Yes us-east-1"
)


def test_s3_access_line_with_brackets_and_quotes() -> None:
    assert one("s3_access", S3_LINE) == {
        "bucket_owner": OWNER,
        "bucket": "logs-bucket",
        "@timestamp": datetime(2026, 1, 31, 12, 0, 38, tzinfo=UTC),
        "remote_ip": "192.0.2.3",
        "requester": OWNER,
        "request_id": "3E57427F3EXAMPLE",
        "operation": "REST.GET.OBJECT",
        "key": "a/b%2520c.txt",
        "request_verb": "GET",
        "request_url": "/logs-bucket/a/b%2520c.txt",
        "request_proto": "HTTP/1.1",
        "http_status": 200,
        "bytes_sent": 113,
        "object_size": 2662992,
        "total_time": 7,
        "turn_around_time": 6,
        "user_agent": "S3Console/0.4",
        "host_id": "HOST+ID=",
        "signature_version": "SigV4",
        "cipher_suite": "ECDHE-RSA-AES128-GCM-SHA256",
        "authentication_type": "AuthHeader",
        "host_header": "logs-bucket.s3.us-west-1.amazonaws.com",
        "tls_version": "TLSv1.2",
        "acl_required": "Yes",
        "source_region": "us-east-1",
    }


def test_s3_access_batch_delete_has_bare_dashes_for_quoted_columns() -> None:
    line = (
        f"{OWNER} logs-bucket [31/Jan/2026:12:00:38 +0000] 192.0.2.3 {OWNER} 3E57427F3EXAMPLE BATCH.DELETE.OBJECT "
        "a.txt - 204 - - 17 - - - - VERSION HOST= SigV4 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader logs-bucket TLSv1.2 - -"
    )
    event = one("s3_access", line)
    assert (event["http_status"], event["object_size"], event["version_id"], event["host_id"]) == (
        204,
        17,
        "VERSION",
        "HOST=",
    )
    assert not {"request_verb", "request_url", "request_proto", "referer", "user_agent"} & set(event)


def test_s3_access_host_id_with_a_space() -> None:
    plain, spaced = parse("s3_access", S3_LINE, S3_LINE.replace("HOST+ID=", "HOST ID="))
    assert spaced == {**plain, "host_id": "HOST ID="}


def test_s3_access_line_of_before_2019_has_eighteen_columns() -> None:
    event = one("s3_access", S3_LINE.partition(" HOST+ID=")[0])
    assert list(event)[-1] == "user_agent"


def test_s3_access_line_that_is_cut_is_unparsable() -> None:
    assert reason("s3_access", S3_LINE.partition(" - 113")[0]) == "10 columns; lines of this format have 17 or more"
