# ruff: noqa: E501 - lines of logs
"""Whole documents as S3logsbeat makes them, format by format: names, types, and which values are left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.errors import Unparsable
from logsluice.formats import alb, cloudfront, elb, json, waf
from logsluice.model import Format, Parsed, Records

ALB, ELB, CLOUDFRONT = (module.build(as_s3logsbeat=True) for module in (alb, elb, cloudfront))
HEADERS = [{"name": "Host", "value": "a"}]


def parsed(log_format: Format, line: str) -> Parsed:
    (found,) = log_format.parser().parse(Records([line.encode()], [0]))
    return found


def reason(log_format: Format, line: str) -> str:
    found = parsed(log_format, line)
    assert isinstance(found, Unparsable)
    return str(found)


def typed(event: Any) -> Any:
    """With the types of its values, for 1 == 1.0 == True."""
    assert isinstance(event, dict)
    return {name: (type(value).__name__, value) for name, value in event.items()}


def at(year: int, month: int, day: int, hour: int, minute: int, second: int, microsecond: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, second, microsecond, UTC)


ALB_WHOLE = {
    "@timestamp": at(2018, 9, 14, 19, 11, 2, 796946),
    "type": "https",
    "elb": "app/yourenvironment-yourapp/ad4ceee8a897566c",
    "client_ip": "1.2.3.4",
    "client_port": 37054,
    "target_ip": "2.3.4.5",
    "target_port": 80,
    "request_processing_time": 0.0,
    "target_processing_time": 0.049,
    "response_processing_time": 0.0,
    "elb_status_code": 200,
    "target_status_code": 200,
    "received_bytes": 272,
    "sent_bytes": 11964,
    "request_verb": "GET",
    "request_url": "https://www.example.com:443/a b?c=d e%20",
    "request_proto": "HTTP/1.0",
    "user_agent": "cURL",
    "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "ssl_protocol": "TLSv1.2",
    "target_group_arn": "arn:aws:elasticloadbalancing:region:123456789012:targetgroup/yourtg/f3b5cb16d14453e9",
    "trace_id": "Root=1-5b9c07c6-686bc18f187f75f58d06cd63",
}
ALB_LINE = (
    "https 2018-09-14T19:11:02.796946Z app/yourenvironment-yourapp/ad4ceee8a897566c 1.2.3.4:37054 2.3.4.5:80 0.000 0.049 0 "
    '200 200 272 11964 "GET https://www.example.com:443/a%20b?c=d+e%2520 HTTP/1.0" "cURL" ECDHE-RSA-AES128-GCM-SHA256 '
    "TLSv1.2 arn:aws:elasticloadbalancing:region:123456789012:targetgroup/yourtg/f3b5cb16d14453e9 "
    '"Root=1-5b9c07c6-686bc18f187f75f58d06cd63"'
)
ALB_DASHES = {
    "@timestamp": at(2018, 9, 14, 19, 11, 2, 796946),
    "type": "http",
    "elb": "app/a/1",
    "client_ip": "1.2.3.4",
    "client_port": 37054,
    "elb_status_code": 460,
    "received_bytes": 0,
    "sent_bytes": 0,
    "request_verb": "-",
    "request_url": "http://a:80-",
    "request_proto": "- ",
    "target_group_arn": "-",
    "trace_id": "-",
}
ALB_DASHED = (
    'http 2018-09-14T19:11:02.796946Z app/a/1 1.2.3.4:37054 - -1 -1 -1 460 - 0 0 "- http://a:80- - " "-" - - - "-"'
)

ELB_WHOLE = {
    "@timestamp": at(2015, 5, 13, 23, 39, 43, 945958),
    "elb": "my-loadbalancer",
    "client_ip": "192.168.131.39",
    "client_port": 2817,
    "backend_ip": "10.0.0.1",
    "backend_port": 80,
    "request_processing_time": 0.000086,
    "backend_processing_time": 1.0,
    "response_processing_time": 0.001337,
    "elb_status_code": 200,
    "backend_status_code": 404,
    "received_bytes": 0,
    "sent_bytes": 57,
    "request_verb": "GET",
    "request_url": "https://www.example.com:443/a b",
    "request_proto": "HTTP/1.1",
    "user_agent": "curl/7.38.0",
    "ssl_cipher": "DHE-RSA-AES128-SHA",
    "ssl_protocol": "TLSv1.2",
}
ELB_LINE = (
    "2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 10.0.0.1:80 0.000086 1 0.001337 200 404 0 57 "
    '"GET https://www.example.com:443/a+b HTTP/1.1" "curl/7.38.0" DHE-RSA-AES128-SHA TLSv1.2'
)
ELB_DASHES = {
    "@timestamp": at(2015, 5, 13, 23, 39, 43, 945958),
    "elb": "my-loadbalancer",
    "client_ip": "192.168.131.39",
    "client_port": 2817,
    "received_bytes": 82,
    "sent_bytes": 305,
    "request_verb": "-",
    "request_url": "-",
    "request_proto": "- ",
}
ELB_DASHED = '2015-05-13T23:39:43.945958Z my-loadbalancer 192.168.131.39:2817 - -1 -1 -1 - - 82 305 "- - - " "-" - -'

CLOUDFRONT_NAMES = [
    "x_edge_location",
    "sc_bytes",
    "c_ip",
    "cs_method",
    "cs_host",
    "cs_uri_stem",
    "sc_status",
    "cs_referer",
    "cs_user_agent",
    "cs_uri_query",
    "cs_cookie",
    "x_edge_result_type",
    "x_edge_request_id",
    "x_host_header",
    "cs_protocol",
    "cs_bytes",
    "time_taken",
    "x_forwarded_for",
    "ssl_protocol",
    "ssl_cipher",
    "x_edge_response_result_type",
    "cs_protocol_version",
    "fle_status",
    "fle_encrypted_fields",
]
CLOUDFRONT_WHOLE = [
    ("MAD50", "MAD50"), ("1166", 1166), ("1.2.3.4", "1.2.3.4"), ("GET", "GET"), ("d1.cloudfront.net", "d1.cloudfront.net"),
    ("/a%252Bb", "/a b"), ("200", 200), ("https://r/?q=a+b", "https://r/?q=a b"), ("Mozilla/5.0%2520(X)", "Mozilla/5.0 (X)"),
    ("q=%zz+", "q=%zz+"), ("c=1", "c=1"), ("Hit", "Hit"), ("9Q==", "9Q=="), ("www.example.com", "www.example.com"),
    ("https", "https"), ("457", 457), ("0.004", 0.004), ("5.6.7.8", "5.6.7.8"), ("TLSv1.2", "TLSv1.2"), ("AES", "AES"),
    ("Hit", "Hit"), ("HTTP/1.1", "HTTP/1.1"), ("Processed", "Processed"), ("2", "2"),
]  # fmt: skip
CLOUDFRONT_ABSENT = ("cs_uri_query", "cs_bytes", "x_forwarded_for", "ssl_protocol", "ssl_cipher", "fle_status", "fle_encrypted_fields")  # fmt: skip
CLOUDFRONT_NUMBERS = {"sc_bytes": 5, "sc_status": 0, "time_taken": 1.0}


def cloudfront_line(values: list[str]) -> str:
    return "\t".join(("2018-09-02", "10:10:11", *values))


@pytest.mark.parametrize(
    ("log_format", "line", "document"),
    [
        pytest.param(ALB, ALB_LINE, ALB_WHOLE, id="alb"),
        pytest.param(ALB, ALB_DASHED, ALB_DASHES, id="alb of dashes"),
        pytest.param(ELB, ELB_LINE, ELB_WHOLE, id="elb"),
        pytest.param(ELB, ELB_DASHED, ELB_DASHES, id="elb of dashes"),
        pytest.param(
            CLOUDFRONT,
            cloudfront_line([written for written, _ in CLOUDFRONT_WHOLE]),
            {"@timestamp": at(2018, 9, 2, 10, 10, 11)}
            | dict(zip(CLOUDFRONT_NAMES, (value for _, value in CLOUDFRONT_WHOLE), strict=True)),
            id="cloudfront",
        ),
        pytest.param(
            CLOUDFRONT,
            cloudfront_line([str(CLOUDFRONT_NUMBERS.get(name, "-")) for name in CLOUDFRONT_NAMES]),
            {"@timestamp": at(2018, 9, 2, 10, 10, 11)}
            | {name: CLOUDFRONT_NUMBERS.get(name, "-") for name in CLOUDFRONT_NAMES if name not in (*CLOUDFRONT_ABSENT, "c_ip")},
            id="cloudfront of dashes",
        ),
        pytest.param(
            waf.build(),
            '{"timestamp":1533689070589,"formatVersion":1,"action":"BLOCK","httpRequest":{"headers":[{"name":"Host","value":"a"}],"args":""},"other":null,"n":1.5}',
            {
                "@timestamp": at(2018, 8, 8, 0, 44, 30, 589000),
                "formatVersion": 1,
                "action": "BLOCK",
                "httpRequest": {"headers": HEADERS, "args": ""},
                "other": None,
                "n": 1.5,
            },
            id="waf",
        ),
        pytest.param(
            json.build(timestamp_field="t", timestamp_format="timeISO8601"),
            '{"t":"2019-01-01T02:00:00.123456789+01:00","a":{"t":"kept","b":[1,{"c":2.0}]},"n":9007199254740993,"timestamp":"x"}',
            {
                "@timestamp": at(2019, 1, 1, 1, 0, 0, 123456),
                "a": {"t": "kept", "b": [1, {"c": 2.0}]},
                "n": 9007199254740993,
                "timestamp": "x",
            },
            id="json",
        ),
    ],
)  # fmt: skip
def test_001_2_whole_documents(log_format: Format, line: str, document: dict[str, Any]) -> None:
    assert typed(parsed(log_format, line)) == typed(document)


def test_newer_columns_of_alb_are_added_without_their_dashes() -> None:
    more = ' "www.example.com" "-" 0 2018-09-14T19:11:02.740000Z "forward" "-" "-" "2.3.4.5:80" "200" "-" "-" TID_1 "-" "-" "-" 9.9.9.9 new'
    assert parsed(ALB, ALB_LINE + more) == ALB_WHOLE | {
        "domain_name": "www.example.com",
        "matched_rule_priority": 0,
        "request_creation_time": at(2018, 9, 14, 19, 11, 2, 740000),
        "actions_executed": "forward",
        "target_port_list": ["2.3.4.5:80"],
        "target_status_code_list": [200],
        "conn_trace_id": "TID_1",
        "ip_address": "9.9.9.9",
        "extra_1": "new",
    }


@pytest.mark.parametrize(
    ("timestamp_format", "written", "expected"),
    [
        ("timeUnixMilliseconds", "1546300800123", at(2019, 1, 1, 0, 0, 0, 123000)),
        ("timeUnixMilliseconds", '"1546300800123"', at(2019, 1, 1, 0, 0, 0, 123000)),
        ("timeUnixMilliseconds", "-1", at(1969, 12, 31, 23, 59, 59, 999000)),
        ("timeISO8601", '"2019-01-01T00:00:00Z"', at(2019, 1, 1, 0, 0, 0)),
        ("timeISO8601", '"2019-01-01T00:00:00.5-08:00"', at(2019, 1, 1, 8, 0, 0, 500000)),
        ("time:2006-01-02 15:04:05", '"2019-01-02 03:04:05"', at(2019, 1, 2, 3, 4, 5)),
    ],
)
def test_001_2_times_of_json(timestamp_format: str, written: str, expected: datetime) -> None:
    log_format = json.build(timestamp_field="t", timestamp_format=timestamp_format)
    assert parsed(log_format, f'{{"t":{written}}}') == {"@timestamp": expected}


@pytest.mark.parametrize(
    ("timestamp_format", "line", "said"),
    [
        ("timeISO8601", '{"a":1}', "the timestamp_field 't' is missing"),
        ("timeISO8601", '{"a":{"t":"2019-01-01T00:00:00Z"}}', "the timestamp_field 't' is missing"),
        ("timeISO8601", '{"t":null}', "the timestamp_field 't' can't be read as timeISO8601: 'None'"),
        ("timeISO8601", '{"t":1546300800123}', "the timestamp_field 't' can't be read as timeISO8601: '1546300800123'"),
        ("timeUnixMilliseconds", '{"t":"now"}', "the timestamp_field 't' can't be read as timeUnixMilliseconds: 'now'"),
        ("timeUnixMilliseconds", '{"t":true}', "the timestamp_field 't' can't be read as timeUnixMilliseconds: 'True'"),
        ("time:2006-01-02", '{"t":"2019-13-02"}', "the timestamp_field 't' can't be read as time:2006-01-02: '2019-13-02'"),
        ("time:2006-01-02", '{"t":20190102}', "the timestamp_field 't' can't be read as time:2006-01-02: '20190102'"),
    ],
)  # fmt: skip
def test_records_without_a_time_are_refused(timestamp_format: str, line: str, said: str) -> None:
    assert reason(json.build(timestamp_field="t", timestamp_format=timestamp_format), line) == said
