"""What everything is compared with: the plainest loop that gives typed documents in bulk form.

csv.reader (or orjson), a dict filled by a loop over the columns, orjson; one id a line, no offsets, no bad lines.
What a good engineer would write in an hour, and the speed that a careful program has to beat.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import orjson
from isal import igzip

CHUNK = 256 * 1024
Convert: TypeAlias = Callable[[str], Any]


def _columns(text: str, kinds: dict[str, str]) -> list[tuple[str, str]]:
    return [(name, kinds.get(name, "text")) for name in text.split()]


def _kinds(integers: str = "", floats: str = "", **others: str) -> dict[str, str]:
    return {**dict.fromkeys(integers.split(), "integer"), **dict.fromkeys(floats.split(), "float"), **others}


ALB = _columns(
    "type @timestamp elb client target request_processing_time target_processing_time response_processing_time "
    "elb_status_code target_status_code received_bytes sent_bytes request user_agent ssl_cipher ssl_protocol "
    "target_group_arn trace_id domain_name chosen_cert_arn matched_rule_priority request_creation_time "
    "actions_executed redirect_url error_reason target_port_list target_status_code_list classification "
    "classification_reason conn_trace_id transformed_host transformed_uri request_transform_status",
    _kinds(
        "elb_status_code target_status_code received_bytes sent_bytes matched_rule_priority",
        "request_processing_time target_processing_time response_processing_time",
        client="address", target="address", request="request",
    ),
)  # fmt: skip
VPC = _columns(
    "version account_id interface_id srcaddr dstaddr srcport dstport protocol packets bytes start end action "
    "log_status",
    _kinds("version srcport dstport protocol packets bytes start end"),
)
CLOUDFRONT = _columns(
    "date time x_edge_location sc_bytes c_ip cs_method cs_host cs_uri_stem sc_status cs_referer cs_user_agent "
    "cs_uri_query cs_cookie x_edge_result_type x_edge_request_id x_host_header cs_protocol cs_bytes time_taken "
    "x_forwarded_for ssl_protocol ssl_cipher x_edge_response_result_type cs_protocol_version fle_status "
    "fle_encrypted_fields c_port time_to_first_byte x_edge_detailed_result_type sc_content_type sc_content_len "
    "sc_range_start sc_range_end",
    _kinds(
        "sc_bytes sc_status cs_bytes c_port sc_content_len sc_range_start sc_range_end",
        "time_taken time_to_first_byte",
        cs_user_agent="encoded", cs_uri_stem="encoded", cs_uri_query="encoded", cs_referer="encoded",
    ),
)  # fmt: skip


def chunks(path: Path) -> Iterator[bytes]:
    """Whole lines of a gzipped file, about 256 KiB at a time."""
    rest = b""
    with igzip.open(path, "rb") as file:  # type: ignore[no-untyped-call]
        while block := file.read(CHUNK):
            end = block.rfind(b"\n") + 1
            yield rest + block[:end]
            rest = block[end:]
    if rest:
        yield rest + b"\n"


def positional(columns: list[tuple[str, str]], delimiter: str, skip: str) -> Callable[[Path], tuple[int, int]]:
    """Lines of columns."""

    def run(path: Path) -> tuple[int, int]:
        count = size = 0
        for chunk in chunks(path):
            lines = chunk.decode().split("\n")
            lines.pop()
            if count == 0 and skip and lines[0].startswith(skip):
                del lines[0]
            out: list[bytes] = []
            for row in csv.reader(lines, delimiter=delimiter):
                document: dict[str, Any] = {}
                for (name, kind), token in zip(columns, row, strict=False):
                    if token in ("-", "-1", ""):
                        continue
                    if kind == "text":
                        document[name] = token
                    elif kind == "integer":
                        document[name] = int(token)
                    elif kind == "float":
                        document[name] = float(token)
                    elif kind == "encoded":
                        document[name] = unquote(token)
                    elif kind == "address":
                        host, _, port = token.rpartition(":")
                        document[name + "_ip"] = host
                        document[name + "_port"] = int(port)
                    else:
                        verb, _, rest = token.partition(" ")
                        document["request_verb"] = verb
                        document["request_url"], _, document["request_proto"] = rest.rpartition(" ")
                out.append(b'{"index":{"_id":"prototype-%d"}}\n' % count)
                out.append(orjson.dumps(document))
                out.append(b"\n")
                count += 1
            size += len(b"".join(out))
        return count, size

    return run


def json_lines(path: Path) -> tuple[int, int]:
    """Lines of JSON."""
    count = size = 0
    for chunk in chunks(path):
        out: list[bytes] = []
        for line in chunk.splitlines():
            out += (b'{"index":{"_id":"prototype-%d"}}\n' % count, orjson.dumps(orjson.loads(line)), b"\n")
            count += 1
        size += len(b"".join(out))
    return count, size


def records(path: Path) -> tuple[int, int]:
    """One JSON document of many records, read whole."""
    with igzip.open(path, "rb") as file:  # type: ignore[no-untyped-call]
        found = orjson.loads(file.read())["Records"]
    out: list[bytes] = []
    for n, record in enumerate(found):
        out += (b'{"index":{"_id":"prototype-%d"}}\n' % n, orjson.dumps(record), b"\n")
    return len(found), len(b"".join(out))


RUN: dict[str, Callable[[Path], tuple[int, int]]] = {
    "alb": positional(ALB, " ", ""),
    "cloudfront": positional(CLOUDFRONT, "\t", "#"),
    "cloudtrail": records,
    "vpc_flow": positional(VPC, " ", "version"),
    "waf": json_lines,
}
"""By format: gzipped file to the number of events and of bulk bytes."""
