"""Configurations as people run them with Logstash, unchanged but for hosts: the documents are compared whole.

Tests bear the numbers of what they show: 000 are the configurations for WAF and load balancers, 002 that for flow logs.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import mmdb
from tests.end_to_end.cloud import Cloud
from tests.end_to_end.program import closed_port, run
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch
from tests.parts.ruby import need_ruby

CONFIGURATIONS = Path(__file__).with_name("logstash")
OREGON = {
    "city": {"names": {"en": "Boardman"}},
    "continent": {"code": "NA", "names": {"en": "North America"}},
    "country": {"iso_code": "US", "names": {"en": "United States"}},
    "location": {"latitude": 45.8491, "longitude": -119.7143, "time_zone": "America/Los_Angeles", "metro_code": 810},
    "postal": {"code": "97818"},
    "subdivisions": [{"iso_code": "OR", "names": {"en": "Oregon"}}],
}
GEOIP = {
    "city_name": "Boardman",
    "continent_code": "NA",
    "country_code2": "US",
    "country_code3": "US",
    "country_name": "United States",
    "dma_code": 810,
    "latitude": 45.8491,
    "location": {"lat": 45.8491, "lon": -119.7143},
    "longitude": -119.7143,
    "postal_code": "97818",
    "region_code": "OR",
    "region_name": "Oregon",
    "timezone": "America/Los_Angeles",
}


@pytest.fixture
def ruby() -> None:
    """The configuration has a filter in Ruby."""
    need_ruby()


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws, visibility=30)
    yield cloud
    cloud.end_all()


def environment(folder: Path, node: OpenSearch, **more: str) -> dict[str, str]:
    mmdb.write(folder / "GeoLite2-City.mmdb", "GeoLite2-City", {"54.187.220.0/24": OREGON})
    return {
        "SEARCH": node.url,
        "GEOIPUPDATE_DB_DIR": str(folder),
        "CONFIGURATIONS": str(CONFIGURATIONS),
        "SINCEDB": str(folder / "sincedb"),
        **more,
    }


def wait_for(node: OpenSearch, counts: dict[str, int], program: subprocess.Popen[bytes], folder: Path) -> None:
    def count(index: str) -> int:
        node.call("POST", f"/{index}/_refresh?ignore_unavailable=true")
        status, answer = node.call("POST", f"/{index}/_count?ignore_unavailable=true")
        return int(answer["count"]) if status == 200 else 0  # an index that was just made may not answer yet

    end = time.monotonic() + 90
    while any(count(index) < wanted for index, wanted in counts.items()):
        said = (folder / "out.log").read_text()[-3000:]
        assert program.poll() is None, f"the program ended: {said}"
        assert time.monotonic() < end, said
        time.sleep(0.2)


def stop(program: subprocess.Popen[bytes], folder: Path) -> None:
    program.terminate()
    assert program.wait(30) == 0, (folder / "out.log").read_text()[-3000:]


FLOW = (
    "123456789012 ACCEPT 385388 54.187.220.203 443 1583680026 i-0b9ea91a926b337a1 eni-07d6dcb15ec1cb2b9 OK 279 "
    "54.187.220.203 172.31.25.250 6 172.31.25.250 51236 1583680014 subnet-8e89b8ea 0 IPv4 3 vpc-46131d22\n"
)
HEADER = (
    "account-id action bytes dstaddr dstport end instance-id interface-id log-status packets pkt-dstaddr pkt-srcaddr "
    "protocol srcaddr srcport start subnet-id tcp-flags type version vpc-id\n"
)
NO_DATA = "123456789012 - - - - 1583680026 - eni-07d6dcb15ec1cb2b9 NODATA - - - - - - 1583680014 - - - 3 -\n"
FLOW_DOCUMENT: dict[str, Any] = {
    "start_time": "2020-03-08T15:06:54.000Z",
    "type2": "IPv4",
    "tags": ["vpcflowlogs", "src_geoip_lookup_failure"],
    "version": "3",
    "src_geoip": {},
    "pkt-dstaddr": "54.187.220.203",
    "subnet-id": "subnet-8e89b8ea",
    "@timestamp": "2020-03-08T15:06:54.000Z",
    "dstport": "443",
    "instance-id": "i-0b9ea91a926b337a1",
    "bytes": "385388",
    "vpc-id": "vpc-46131d22\n",
    "@version": "1",
    "dst_geoip": {**GEOIP, "ip": "54.187.220.203"},
    "account-id": "123456789012",
    "dstaddr": "54.187.220.203",
    "packets": "279",
    "protocol": "6",
    "type": "vpcflowlogs",
    "srcport": "51236",
    "log-status": "OK",
    "end_time": "2020-03-08T15:07:06.000Z",
    "tcp-flags": "0",
    "srcaddr": "172.31.25.250",
    "interface-id": "eni-07d6dcb15ec1cb2b9",
    "pkt-srcaddr": "172.31.25.250",
    "message": FLOW,
    "action": "ACCEPT",
}


@pytest.mark.usefixtures("ruby")
def test_002_1_002_2_002_3_002_4_002_5_002_6_flow_logs_give_the_document_of_the_article_whole(
    aws: MotoServer, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    cloud = Cloud(aws, visibility=30, region="us-west-2")
    topic_like = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-west-2:123456789012:logs"}
    try:
        cloud.announce(False)
        key = "AWSLogs/123456789012/vpcflowlogs/us-west-2/2020/03/08/flow.log.gz"
        etag = cloud.put(key, gzip.compress((HEADER + FLOW + NO_DATA).encode()))
        entity = {"key": key, "eTag": etag, "size": 100}
        record = {
            "eventSource": "aws:s3",
            "awsRegion": "us-west-2",
            "eventName": "ObjectCreated:Put",
            "s3": {"bucket": {"name": cloud.bucket}, "object": entity},
        }
        cloud.send({**topic_like, "Message": json.dumps({"Records": [record]})})
        variables = environment(tmp_path, clean_opensearch, TZ="Asia/Tokyo")
        program = cloud.start(["run", str(CONFIGURATIONS / "flow.conf")], tmp_path, **variables)
        cloud.wait_until_empty(program, tmp_path)
        stop(program, tmp_path)
        assert clean_opensearch.documents("vpcflowlogs-2020-03-09") == {"361716177": FLOW_DOCUMENT}
        assert clean_opensearch.documents("_all") == clean_opensearch.documents("vpcflowlogs-2020-03-09")
    finally:
        cloud.end_all()


ALB_LINE = (
    "https 2020-09-27T08:30:00.186641Z app/web/50dc6c495c0c9188 54.187.220.7:51236 10.0.0.66:9000 0.001 0.002 0.000 "
    '200 200 57 502 "GET https://www.example.com:443/items?id=7 HTTP/1.1" "curl/7.46.0" '
    'ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/web/73e2 "-"'
)
ALB_DOCUMENT: dict[str, Any] = {
    "@timestamp": "2020-09-27T08:30:00.186Z",
    "@version": "1",
    "type": "alb-log",
    "message": ALB_LINE,
    "timestamp": "2020-09-27T08:30:00.186641Z",
    "elb": "app/web/50dc6c495c0c9188",
    "clientip": "54.187.220.7",
    "clientport": 51236,
    "backendip": "10.0.0.66",
    "backendport": 9000,
    "request_processing_time": 0.001,
    "backend_processing_time": 0.002,
    "response_processing_time": 0.0,
    "elb_status_code": 200,
    "backend_status_code": 200,
    "received_bytes": 57,
    "sent_bytes": 502,
    "verb": "GET",
    "request": "https://www.example.com:443/items?id=7",
    "proto": "https",
    "urihost": "www.example.com:443",
    "port": "443",
    "path": "/items",
    "params": "?id=7",
    "httpversion": "1.1",
    "user_agent": "curl/7.46.0",
    "ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256",
    "ssl_protocol": "TLSv1.2",
    "geoip": {**GEOIP, "ip": "54.187.220.7"},
}
WAF_RECORD: dict[str, Any] = {
    "timestamp": 1601195400123,
    "formatVersion": 1,
    "webaclId": "arn:aws:wafv2:us-east-1:123456789012:regional/webacl/web/0a1b2c3d",
    "action": "BLOCK",
    "httpRequest": {
        "clientIp": "54.187.220.7",
        "country": "US",
        "headers": [{"name": "Host", "value": "www.example.com"}, {"name": "User-Agent", "value": "curl/7.46.0"}],
        "uri": "/items",
    },
}
WAF_LINE = json.dumps(WAF_RECORD)
WAF_DOCUMENT: dict[str, Any] = {
    **WAF_RECORD,
    "@timestamp": "2020-09-27T08:30:00.123Z",
    "@version": "1",
    "type": "waf-log",
    "message": WAF_LINE,
    "Host": "www.example.com",
    "User-Agent": "curl/7.46.0",
    "geoip": {**GEOIP, "ip": "54.187.220.7"},
}


@pytest.mark.usefixtures("ruby")
def test_000_1_000_2_000_3_000_4_000_5_both_pipelines_run_in_one_process_and_give_whole_documents(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    shutil.copy(CONFIGURATIONS / "pipelines.yml", tmp_path)
    variables = environment(tmp_path, clean_opensearch)
    cloud.put("WAF/2020/09/27/08/waf-1.gz", gzip.compress(f"{WAF_LINE}\n".encode()))
    cloud.put("ALB/AWSLogs/123456789012/elasticloadbalancing/alb.log.gz", gzip.compress(f"{ALB_LINE}\n".encode()))
    program = cloud.start(["logstash", "--path.settings", str(tmp_path)], tmp_path, **variables)
    wait_for(clean_opensearch, {"waf-logs-*": 1, "alb-logs-*": 1}, program, tmp_path)
    stop(program, tmp_path)
    assert list(clean_opensearch.documents("waf-logs-2020.09.27").values()) == [WAF_DOCUMENT]
    assert list(clean_opensearch.documents("alb-logs-2020.09.27").values()) == [ALB_DOCUMENT]


@pytest.mark.usefixtures("ruby")
def test_000_5_while_the_output_of_one_pipeline_is_down_the_other_goes_on_and_nothing_is_lost(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    for name in ("waf", "alb"):
        text = (CONFIGURATIONS / f"{name}.conf").read_text()
        (tmp_path / f"{name}.conf").write_text(text.replace("${SEARCH}", f"${{{name.upper()}_SEARCH}}"))
    shutil.copy(CONFIGURATIONS / "pipelines.yml", tmp_path)
    there = {"CONFIGURATIONS": str(tmp_path), "ALB_SEARCH": clean_opensearch.url, "WAF_SEARCH": clean_opensearch.url}
    variables = environment(tmp_path, clean_opensearch, **there)
    cloud.put("WAF/waf-1", f"{WAF_LINE}\n".encode())
    cloud.put("ALB/alb-1", f"{ALB_LINE} 1\n".encode())
    command = ["logstash", "--path.settings", str(tmp_path)]
    down = {**variables, "WAF_SEARCH": f"http://127.0.0.1:{closed_port()}"}
    program = cloud.start(command, tmp_path, **down)
    wait_for(clean_opensearch, {"alb-logs-*": 1}, program, tmp_path)
    cloud.put("ALB/alb-2", f"{ALB_LINE} 2\n".encode())
    wait_for(clean_opensearch, {"alb-logs-*": 2}, program, tmp_path)
    stop(program, tmp_path)
    assert list(clean_opensearch.documents("waf-logs-*").values()) == []
    program = cloud.start(command, tmp_path, **variables)
    wait_for(clean_opensearch, {"waf-logs-*": 1}, program, tmp_path)
    stop(program, tmp_path)
    (document,) = clean_opensearch.documents("waf-logs-2020.09.27").values()
    assert document == {**WAF_DOCUMENT, "message": f"{WAF_LINE}\n"}
    assert len(clean_opensearch.documents("alb-logs-*")) == 2


@pytest.mark.usefixtures("ruby")
@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        pytest.param("waf", "filter.json.source", "every key of the data becomes a field", id="000_3_json"),
        pytest.param("waf", "filter.ruby.code", "fields are named by the data", id="000_3_headers"),
        pytest.param("flow", "output.elasticsearch.document_id", "MURMUR3 has 32 bits", id="002_2"),
    ],
)
def test_000_3_002_2_what_will_be_regretted_is_warned_of(tmp_path: Path, name: str, place: str, said: str) -> None:
    mmdb.write(tmp_path / "GeoLite2-City.mmdb", "GeoLite2-City", {"54.187.220.0/24": OREGON})
    variables = {
        "SEARCH": "https://search.example.com",
        "SINCEDB": "/var/lib/logstash/s",
        "GEOIPUPDATE_DB_DIR": str(tmp_path),
    }
    done = run("check", str(CONFIGURATIONS / f"{name}.conf"), cwd=tmp_path, env=variables)
    lines = [line for line in done.stderr.splitlines() if f" {place}: {said}" in line]
    assert (done.returncode, [line.partition(":")[0] for line in lines]) == (0, ["warning"]), done.stderr


@pytest.mark.usefixtures("ruby")
def test_000_6_a_sincedb_is_taken_over_and_after_that_a_state_in_s3_survives_the_task(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    variables = environment(tmp_path, clean_opensearch)
    sincedb = tmp_path / "sincedb"

    def start_now(task: Path) -> subprocess.Popen[bytes]:
        """As the container's entry point does: the time is written before each start; nothing else is there."""
        task.mkdir()
        sincedb.write_text(datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC\n"))
        time.sleep(1.1)  # objects of the very second count as read
        command = ["logstash", "-f", str(CONFIGURATIONS / "alb.conf"), "--path.data", "s3://task-state/logstash"]
        return cloud.start(command, task, **variables)

    cloud.s3.create_bucket(Bucket="task-state")
    cloud.put("ALB/before.log", f"{ALB_LINE} before\n".encode())
    one, two = tmp_path / "one", tmp_path / "two"
    program = start_now(one)
    cloud.put("ALB/running.log", f"{ALB_LINE} running\n".encode())
    wait_for(clean_opensearch, {"alb-logs-*": 1}, program, one)
    stop(program, one)
    cloud.put("ALB/between.log", f"{ALB_LINE} between\n".encode())
    program = start_now(two)
    wait_for(clean_opensearch, {"alb-logs-*": 2}, program, two)
    stop(program, two)
    messages = sorted(document["message"] for document in clean_opensearch.documents("alb-logs-*").values())
    assert messages == [f"{ALB_LINE} between\n", f"{ALB_LINE} running\n"]
