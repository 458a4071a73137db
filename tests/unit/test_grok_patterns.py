"""The patterns that come with grok, on lines of our own; no text makes one of them take long."""

from __future__ import annotations

from typing import Any

import pytest

from logsluice.components import Context
from logsluice.filters.grok import Config, build
from logsluice.filters.grok.expand import compile_grok
from logsluice.filters.grok.library import builtin

WHOLE = [
    ("POSINT", "12", True),
    ("POSINT", "0", False),
    ("BASE10NUM", "-0.5", True),
    ("BASE16NUM", "0xFf", True),
    ("BASE16FLOAT", "0x1f.8", True),
    ("QS", r'"a \" b"', True),
    ("QS", '"a', False),
    ("UUID", "3604209a-E9A3-11e6-939a-754dd98c7be3", True),
    ("URN", "urn:isbn:0-395-36341-1", True),
    ("URN", "urn:-x:y", False),
    ("EMAILADDRESS", "jo.doe+log@mail.example", True),
    ("EMAILADDRESS", "j@mail.example", False),
    ("MAC", "00:1b:44:11:3a:b7", True),
    ("MAC", "001b.4411.3ab7", True),
    ("MAC", "00-1B-44-11-3A-B7", True),
    ("IPV4", "192.0.2.255", True),
    ("IPV4", "192.0.2.256", False),
    ("IPV6", "2001:db8:0:0:0:0:0:1", True),
    ("IPV6", "2001:db8::", True),
    ("IPV6", "::", True),
    ("IPV6", "1::2:3:4:5:6:7", True),
    ("IPV6", "1:2:3:4:5:6:7::", True),
    ("IPV6", "1:2:3::192.0.2.1", True),
    ("IPV6", "64:ff9b::192.0.2.1", True),
    ("IPV6", "fe80::a%en0", True),
    ("IPV6", "1::2::3", False),
    ("IPV6", "1:2:3:4:5:6:7:8:9", False),
    ("HOSTNAME", "a-1.example.", True),
    ("HOSTNAME", "a_1", False),
    ("HOSTPORT", "db.example:5432", True),
    ("UNIXPATH", "/var/log/a-b_c.gz", True),
    ("UNIXPATH", "var/log", False),
    ("WINPATH", r"D:\Logs\a b.txt", True),
    ("WINPATH", "D:/Logs", False),
    ("TTY", "/dev/pts/3", True),
    ("URI", "https://me:pw@h.example:8443/a/b?c=d&e[]=%20", True),
    ("URI", "h.example/a", False),
    ("MONTH", "Dezember", True),
    ("MONTH", "Decem", False),
    ("DAY", "Wed", True),
    ("TIME", "23:59:60", True),
    ("TIME", "24:00:00", False),
    ("DATE_US", "12/31/2026", True),
    ("DATE_EU", "31.12.2026", True),
    ("TIMESTAMP_ISO8601", "2026-01-31T12:00:00.123456Z", True),
    ("TIMESTAMP_ISO8601", "2026-01-31 12:00+0100", True),
    ("TIMESTAMP_ISO8601", "2026-13-31T12:00:00Z", False),
    ("DATESTAMP_RFC822", "Sat Jan 31 2026 12:00:00 UTC", True),
    ("DATESTAMP_RFC2822", "Sat, 31 Jan 2026 12:00:00 +0000", True),
    ("DATESTAMP_OTHER", "Sat Jan 31 12:00:00 UTC 2026", True),
    ("DATESTAMP_EVENTLOG", "20260131120000", True),
    ("HTTPDATE", "31/Jan/2026:12:00:00 +0000", True),
    ("SYSLOGTIMESTAMP", "Jan  1 00:00:01", True),
    ("LOGLEVEL", "Warning", True),
    ("LOGLEVEL", "WARNING", True),
    ("LOGLEVEL", "wARNING", False),
    ("JAVACLASS", "com.example.App$Inner_1", True),
    ("TOMCAT_DATESTAMP", "31-Jan-2026 12:00:00.123", True),
    ("MAVEN_VERSION", "1.2.3-SNAPSHOT", True),
]


@pytest.mark.parametrize(("name", "text", "matches"), WHOLE)
def test_what_a_pattern_matches_whole(name: str, text: str, matches: bool) -> None:
    assert (compile_grok(f"\\A%{{{name}}}\\z", builtin()).pattern.search(text) is not None) is matches


S3 = (
    "4f5e bucket-1 [31/Jan/2026:12:00:00 +0000] 192.0.2.7 arn:aws:iam::1:user/jo 3E57 REST.GET.OBJECT a/b.txt "
    '"GET /a/b.txt HTTP/1.1" 200 - 113 2048 7 6 "-" "curl/8" - s9lz= SigV4 TLS_AES AuthHeader b.s3.example TLSv1.3'
)
ELB = (
    "2026-01-31T12:00:00.000001Z lb-1 192.0.2.7:2817 10.0.0.1:80 0.1 0.2 0.3 200 200 0 29 "
    '"GET http://h.example:80/a?b=c HTTP/1.1" "curl/8" - -'
)
HTTPD = '192.0.2.7 - jo [31/Jan/2026:12:00:00 +0000] "GET /a?b HTTP/1.1" 200 - "-" "curl/8"'
HTTPD_ERROR = "[Sat Jan 31 12:00:00.1 2026] [ssl:warn] [pid 7:tid 8] [client 192.0.2.7:99] AH01: not good"
CLOUDFRONT = "\t".join(
    [
        "2026-01-31", "12:00:00", "FRA2", "182", "192.0.2.7", "GET", "d1.cloudfront.net", "/a.html", "200", "-",
        "curl/8", "-", "-", "Hit", "MRV==", "d1.cloudfront.net", "https", "23", "0.001", "-",
        "TLSv1.3", "TLS_AES", "Hit",
    ]
)  # fmt: skip
SYSLOG5424 = '<34>1 2026-01-31T12:00:00.003Z h.example su 77 ID47 [a@1 x="\\]"][b y="2"] failed'


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("S3_ACCESS_LOG", S3, {
            "owner": "4f5e", "bucket": "bucket-1", "timestamp": "31/Jan/2026:12:00:00 +0000", "clientip": "192.0.2.7",
            "requester": "arn:aws:iam::1:user/jo", "request_id": "3E57", "operation": "REST.GET.OBJECT",
            "key": "a/b.txt", "verb": "GET", "request": "/a/b.txt", "httpversion": "1.1", "response": 200, "bytes": 113,
            "object_size": 2048, "request_time_ms": 7, "turnaround_time_ms": 6, "referrer": '"-"', "agent": '"curl/8"',
        }),
        ("ELB_ACCESS_LOG", ELB, {
            "timestamp": "2026-01-31T12:00:00.000001Z", "elb": "lb-1", "clientip": "192.0.2.7", "clientport": 2817,
            "backendip": "10.0.0.1", "backendport": 80, "request_processing_time": 0.1, "backend_processing_time": 0.2,
            "response_processing_time": 0.3, "response": 200, "backend_response": 200, "received_bytes": 0, "bytes": 29,
            "verb": "GET", "request": "http://h.example:80/a?b=c", "proto": "http", "urihost": "h.example:80",
            "port": "80", "path": "/a", "params": "?b=c", "httpversion": "1.1",
        }),
        ("CLOUDFRONT_ACCESS_LOG", CLOUDFRONT, {
            "timestamp": "2026-01-31\t12:00:00", "x_edge_location": "FRA2", "sc_bytes": 182, "clientip": "192.0.2.7",
            "cs_method": "GET", "cs_host": "d1.cloudfront.net", "cs_uri_stem": "/a.html", "sc_status": 200,
            "referrer": "-", "agent": "curl/8", "cs_uri_query": "-", "cookies": "-", "x_edge_result_type": "Hit",
            "x_edge_request_id": "MRV==", "x_host_header": "d1.cloudfront.net", "cs_protocol": "https", "cs_bytes": 23,
            "time_taken": 0.001, "x_forwarded_for": "-", "ssl_protocol": "TLSv1.3", "ssl_cipher": "TLS_AES",
            "x_edge_response_result_type": "Hit",
        }),
        ("COMBINEDAPACHELOG", HTTPD, {
            "clientip": "192.0.2.7", "ident": "-", "auth": "jo", "timestamp": "31/Jan/2026:12:00:00 +0000",
            "verb": "GET", "request": "/a?b", "httpversion": "1.1", "response": "200", "referrer": '"-"',
            "agent": '"curl/8"',
        }),
        ("SYSLOG5424LINE", SYSLOG5424, {
            "syslog5424_pri": "34", "syslog5424_ver": "1", "syslog5424_ts": "2026-01-31T12:00:00.003Z",
            "syslog5424_host": "h.example", "syslog5424_app": "su", "syslog5424_proc": "77", "syslog5424_msgid": "ID47",
            "syslog5424_sd": '[a@1 x="\\]"][b y="2"]', "syslog5424_msg": "failed",
        }),
        ("SYSLOGBASE2", "2026-01-31T12:00:00Z <5.6> h.example app[9]:", {
            "timestamp8601": "2026-01-31T12:00:00Z", "facility": "5", "priority": "6", "logsource": "h.example",
            "program": "app", "pid": "9",
        }),
        ("CATALINALOG", "31-Jan-2026 12:00:00.5 INFO [main] org.example.App.start Up", {
            "timestamp": "31-Jan-2026 12:00:00.5", "loglevel": "INFO", "thread": "main", "class": "org.example.App",
            "method": "start", "logmessage": "Up",
        }),
        ("NAGIOSLOGLINE", "[1769860800] HOST ALERT: db1;DOWN;SOFT;1;no answer", {
            "nagios_epoch": "1769860800", "nagios_type": "HOST ALERT", "nagios_hostname": "db1", "nagios_state": "DOWN",
            "nagios_statelevel": "SOFT", "nagios_attempt": "1", "nagios_message": "no answer",
        }),
        ("CISCOFW305011", "Built static TCP translation from in:10.0.0.1/80 to out:192.0.2.7/81", {
            "action": "Built", "xlate_type": "static", "protocol": "TCP", "src_interface": "in", "src_ip": "10.0.0.1",
            "src_port": "80", "src_xlated_interface": "out", "src_xlated_ip": "192.0.2.7",
        }),
    ],
)  # fmt: skip
def test_a_line_of_a_kind(name: str, line: str, expected: dict[str, Any]) -> None:
    assert captured(name, line, "disabled") == expected


@pytest.mark.parametrize(
    ("name", "line", "expected"),
    [
        ("S3_ACCESS_LOG", S3, {
            "timestamp": "31/Jan/2026:12:00:00 +0000",
            "client": {"ip": "192.0.2.7", "user": {"id": "arn:aws:iam::1:user/jo"}},
            "http": {"request": {"method": "GET"}, "version": "1.1", "response": {"status_code": 200}},
            "url": {"original": "/a/b.txt"}, "user_agent": {"original": "curl/8"}, "tls": {"cipher": "TLS_AES"},
            "aws": {"s3access": {
                "bucket_owner": "4f5e", "bucket": "bucket-1", "request_id": "3E57", "operation": "REST.GET.OBJECT",
                "key": "a/b.txt", "request_uri": "GET /a/b.txt HTTP/1.1", "bytes_sent": 113, "object_size": 2048,
                "total_time": 7, "turn_around_time": 6, "host_id": "s9lz=", "signature_version": "SigV4",
                "authentication_type": "AuthHeader", "host_header": "b.s3.example", "tls_version": "TLSv1.3",
            }},
        }),
        ("COMBINEDAPACHELOG", HTTPD, {
            "source": {"address": "192.0.2.7"}, "user": {"name": "jo"}, "timestamp": "31/Jan/2026:12:00:00 +0000",
            "http": {"request": {"method": "GET"}, "version": "1.1", "response": {"status_code": 200}},
            "url": {"original": "/a?b"}, "user_agent": {"original": "curl/8"},
        }),
        ("HTTPD_ERRORLOG", HTTPD_ERROR, {
            "timestamp": "Sat Jan 31 12:00:00.1 2026", "apache": {"error": {"module": "ssl"}}, "log": {"level": "warn"},
            "process": {"pid": 7, "thread": {"id": 8}}, "source": {"address": "192.0.2.7", "port": 99},
            "error": {"code": "AH01"}, "message": "not good",
        }),
    ],
)  # fmt: skip
def test_a_line_of_a_kind_with_the_names_of_ecs(name: str, line: str, expected: dict[str, Any]) -> None:
    assert captured(name, line, "v8") == captured(name, line, "v1") == expected


def captured(name: str, line: str, ecs: str) -> dict[str, Any]:
    config = Config.model_validate({"match": {"line": f"%{{{name}}}"}, "ecs_compatibility": ecs})
    [after] = build(config, Context()).apply([{"line": line}], lambda *_: pytest.fail("rejected"))
    del after["line"]
    return after


HOSTILE = [
    "a",
    "1",
    " ",
    "a.",
    "1.",
    "a:",
    "1:",
    "\t",
    "a\t",
    '"',
    '\\"',
    "/a",
    "a@",
    "a ",
    "[a]",
    "a=",
    "::",
    "a;",
    "a\n",
]


@pytest.mark.parametrize("ecs", [False, True], ids=["plain", "ecs"])
def test_no_text_makes_a_pattern_take_long(ecs: bool) -> None:
    library = builtin(ecs)
    for name in library:
        pattern = compile_grok(f"%{{{name}}}", library).pattern
        for unit in HOSTILE:
            text = (unit * 500)[:500]
            pattern.search(text, timeout=1)
            pattern.search(text + "!", timeout=1)
