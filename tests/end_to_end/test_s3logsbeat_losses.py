"""Where S3logsbeat loses events or breaks, and what the same s3logsbeat.yml does here; see the page on migrating."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from logsluice.delivery.dead_letter import read_dead_letter
from tests.end_to_end.cloud import Cloud, alb_line
from tests.end_to_end.program import run
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch

CONFIGURATION = r"""
s3logsbeat:
  inputs:
    - type: sqs
      queues_url:
        - ${QUEUE}
      log_format: alb
      key_regex_fields: ^(?P<environment>[^\-]+)-(?P<application>[^/\-]+)
output.file:
  path: out
  filename: events
"""
JSON_TO_CLUSTER = r"""
s3logsbeat.inputs:
  - type: sqs
    queues_url: ["${QUEUE}"]
    log_format: json
    log_format_options: {timestamp_field: time, timestamp_format: timeISO8601}
setup.template.enabled: false
output.elasticsearch: {hosts: ["${OPENSEARCH}"], index: app}
"""
INPUT_KEPT = "an input that can't be used is kept in the dead letter"
RECORDS_KEPT = "records that can't be read are kept in the dead letter"


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws, visibility=30)
    drained = cloud.sqs.receive_message(QueueUrl=cloud.queue)["Messages"]  # S3's own s3:TestEvent
    cloud.sqs.delete_message(QueueUrl=cloud.queue, ReceiptHandle=drained[0]["ReceiptHandle"])
    yield cloud
    cloud.end_all()


def once(cloud: Cloud, folder: Path, **environment: str) -> list[dict[str, Any]]:
    """Run `s3logsbeat.yml` until the queue is empty; the lines of its log."""
    variables = cloud.environment(**environment)
    done = run("s3logsbeat", "-c", "s3logsbeat.yml", "-e", "--once", cwd=folder, env=variables)
    assert done.returncode == 0, done.stderr
    return said(done.stderr)


def said(log: str) -> list[dict[str, Any]]:
    """The lines of a log, without their times."""
    lines = [json.loads(line) for line in log.splitlines()]
    return [{name: value for name, value in line.items() if name != "timestamp"} for line in lines]


def counted(log: Sequence[dict[str, Any]]) -> dict[str, int]:
    """What the last line of a log counts."""
    assert log[-1]["event"] == "done"
    return {name: value for name, value in log[-1].items() if isinstance(value, int)}


def warned(log: Sequence[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """(what, of which input, where in it, why) of each warning."""
    names = ("event", "origin", "position", "reason")
    return sorted(tuple(line.get(name, "") for name in names) for line in log if line["level"] == "warning")


def events(folder: Path) -> list[dict[str, Any]]:
    """What `output.file` wrote."""
    written = folder / "out" / "events"
    return [json.loads(line) for line in written.read_text().splitlines()] if written.exists() else []


def rejects(folder: Path) -> list[tuple[str, int, str]]:
    """(input, position, raw line) of everything in the dead letter of a file that names no place for it."""
    kept = read_dead_letter(folder / "dead-letter" / "sqs-1")
    return sorted((each["origin"]["uri"], each["position"], each["text"]) for each in kept)


def trace(number: int) -> str:
    """What `alb_line` calls its line."""
    return f"Root=1-{number:08x}-36d228ad5d99923122bbe354"


def record(bucket: str, key: str, size: int, etag: str) -> dict[str, Any]:
    about = {"bucket": {"name": bucket}, "object": {"key": key, "size": size, "eTag": etag}}
    return {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "awsRegion": "us-east-1", "s3": about}


# ---------------------------------------------------------------------------------------------------- lines


def test_a_line_that_does_not_parse_is_kept_before_its_message_is_deleted(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    (tmp_path / "dead-letter").write_text("a file where the folder should be")
    first = f"{alb_line(1)}\n"
    cloud.put("prod-shop/1.log", f"{first}no line of a load balancer\n{alb_line(2)}\n".encode())
    program = cloud.start(["s3logsbeat", "-c", "s3logsbeat.yml"], tmp_path)
    log = tmp_path / "out.log"
    end = time.monotonic() + 60
    while "rejects can't be kept" not in log.read_text():
        assert program.poll() is None, log.read_text()
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    assert cloud.left() == 1
    (tmp_path / "dead-letter").unlink()
    cloud.wait_until_empty(program, tmp_path)
    program.terminate()
    assert program.wait(30) == 0
    assert rejects(tmp_path) == [("s3://logs/prod-shop/1.log", len(first), "no line of a load balancer")]
    assert [event["trace_id"] for event in events(tmp_path)] == [trace(1), trace(2)]
    reason = "6 columns; lines of this format have 12 or more"
    assert (RECORDS_KEPT, "s3://logs/prod-shop/1.log", len(first), reason) in warned(said(log.read_text()))


HEAD = "https 2026-01-31T10:00:00.000000Z app/web/1 203.0.113.1:1024 10.0.0.1:80 0.001 0.002 0.000 200 200 34 366"
TAIL = 'arn:aws:elasticloadbalancing:eu-west-1:123456789012:targetgroup/web/1 "Root=1-1-1"'
ELB_HEAD = "2026-01-31T10:00:00.000000Z web 203.0.113.1:1024 10.0.0.1:80 0.001 0.002 0.000 200 200 34 366"


ALB_LINES: list[tuple[str, dict[str, Any]]] = [
    (  # TLS 1.3
        f'{HEAD} "GET https://a.example/ HTTP/2.0" "curl" TLS_AES_128_GCM_SHA256 TLSv1.3 {TAIL}',
        {"ssl_cipher": "TLS_AES_128_GCM_SHA256", "ssl_protocol": "TLSv1.3"},
    ),
    (  # a quote in the user agent
        rf'{HEAD} "GET https://a.example/ HTTP/1.1" "a \"quoted\" agent" - - {TAIL}',
        {"user_agent": 'a "quoted" agent', "trace_id": "Root=1-1-1"},
    ),
    (  # spaces in the URL
        f'{HEAD} "GET https://a.example/two words?q=three more words HTTP/1.1" "curl" - - {TAIL}',
        {"request_verb": "GET", "request_url": "https://a.example/two words?q=three more words"}
        | {"request_proto": "HTTP/1.1", "user_agent": "curl"},
    ),
    (  # a request of dashes
        f'{HEAD} "- http://a.example:80- -" "-" - - {TAIL}',
        {"request_verb": "-", "request_url": "http://a.example:80-", "request_proto": "-", "sent_bytes": 366},
    ),
    (  # a bad percent escape
        f'{HEAD} "GET https://a.example/100%&b=%zz%20 HTTP/1.1" "curl" - - {TAIL}',
        {"request_url": "https://a.example/100%&b=%zz%20"},
    ),
    (  # fields after trace_id, and two that nobody knows yet
        alb_line(1) + ' "-" "-" "-" 10.0.0.9 "a field of the future" and-one-more',
        {"domain_name": "www.example.com", "actions_executed": "forward", "target_status_code_list": [200]}
        | {"conn_trace_id": f"TID_{1:032x}", "ip_address": "10.0.0.9"}
        | {"extra_1": "a field of the future", "extra_2": "and-one-more"},
    ),
]
ELB_LINES: list[tuple[str, dict[str, Any]]] = [
    (
        f'{ELB_HEAD} "GET https://a.example/ HTTP/1.1" "curl" TLS_AES_256_GCM_SHA384 TLSv1.3',
        {"ssl_cipher": "TLS_AES_256_GCM_SHA384", "ssl_protocol": "TLSv1.3", "user_agent": "curl"},
    ),
    (
        rf'{ELB_HEAD} "GET https://a.example/?q=100% HTTP/1.1" "a \"quoted\" agent" - -',
        {"request_url": "https://a.example/?q=100%", "user_agent": 'a "quoted" agent'},
    ),
]


@pytest.mark.parametrize(("log_format", "lines"), [("alb", ALB_LINES), ("elb", ELB_LINES)], ids=["alb", "elb"])
def test_lines_that_s3logsbeat_drops_or_cuts_are_read_whole(
    log_format: str, lines: list[tuple[str, dict[str, Any]]], cloud: Cloud, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION.replace("alb", log_format))
    cloud.put("prod-shop/1.log", "".join(f"{line}\n" for line, _ in lines).encode())
    counts = counted(once(cloud, tmp_path))
    expected = [fields | {"environment": "prod"} for _, fields in lines]
    found = [
        {name: event.get(name) for name in fields} for event, fields in zip(events(tmp_path), expected, strict=True)
    ]
    assert found == expected
    assert (counts["events_sent"], "rejects" in counts, cloud.left()) == (len(lines), False, 0)


def test_a_key_that_does_not_match_makes_events_without_its_fields(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    cloud.put("nothing_to_find", f"{alb_line(1)}\n".encode())
    counts = counted(once(cloud, tmp_path))
    [event] = events(tmp_path)
    assert (event["trace_id"], event.keys() & {"environment", "application"}) == (trace(1), set())
    assert (counts["keys_without_match"], cloud.left()) == (1, 0)


# -------------------------------------------------------------------------------------------------- objects

MISSING = "s3://logs/prod-shop/gone.log: NoSuchKey: The specified key does not exist."
DAMAGED = "the gzip data is damaged after 0 decompressed bytes: Error -1 Invalid deflate block found"


def deny(cloud: Cloud, key: str) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::logs/{key}"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    cloud.s3.put_bucket_policy(Bucket=cloud.bucket, Policy=json.dumps(policy))


def test_an_object_that_can_not_be_read_ends_as_its_fault_wants(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    whole = gzip.compress("".join(f"{alb_line(number)}\n" for number in range(400)).encode())
    cloud.put("prod-shop/gone.log", b"a line\n")
    cloud.s3.delete_object(Bucket=cloud.bucket, Key="prod-shop/gone.log")
    cloud.put("prod-shop/damaged.gz", b"\x1f\x8b\x08\x00" + b"junk" * 30)
    cloud.put("prod-shop/cut.gz", whole[: len(whole) // 2])
    cloud.put("prod-shop/denied.log", f"{alb_line(1000)}\n".encode())
    deny(cloud, "prod-shop/denied.log")
    log = once(cloud, tmp_path)
    kept = [("s3://logs/prod-shop/cut.gz", -1, ""), ("s3://logs/prod-shop/damaged.gz", -1, "")]
    assert rejects(tmp_path) == [*kept, ("s3://logs/prod-shop/gone.log", -1, "")]
    before = len(events(tmp_path))
    assert 100 < before < 400  # what came before the cut
    assert [event["trace_id"] for event in events(tmp_path)] == [trace(number) for number in range(before)]
    [(*_, cut), *others] = [line for line in warned(log) if line[0] == INPUT_KEPT]
    assert cut.startswith("the gzip data ends too early, after ")
    assert others == [
        (INPUT_KEPT, "s3://logs/prod-shop/damaged.gz", "", DAMAGED),
        (INPUT_KEPT, "s3://logs/prod-shop/gone.log", "", MISSING),
    ]
    [again] = [line for line in log if line["event"] == "an input can't be used"]
    assert (again["origin"], again["action"]) == ("s3://logs/prod-shop/denied.log", "retry")
    counts = counted(log)
    assert (counts["deliveries"], counts["rejects"], counts["given_back"], cloud.left()) == (3, 3, 1, 1)


@pytest.mark.parametrize("is_mended", [True, False], ids=["mended", "never-mended"])
def test_a_denied_object_is_tried_until_it_is_mended_or_kept_by_reference(
    is_mended: bool, cloud: Cloud, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    cloud.put("prod-shop/denied.log", f"{alb_line(1)}\n".encode())
    deny(cloud, "prod-shop/denied.log")
    exported = run("s3logsbeat", "export", "config", cwd=tmp_path, env=cloud.environment()).stdout
    sooner = "type: s3_sqs\n      retry_delay: 1s\n      isolate_after: 1\n      quarantine_after: 2\n"
    (tmp_path / "own.yaml").write_text(exported.replace("type: s3_sqs\n", sooner))
    program = cloud.start(["run", "own.yaml"], tmp_path)
    log = tmp_path / "out.log"
    end = time.monotonic() + 60
    while '"action": "retry"' not in log.read_text():
        assert time.monotonic() < end, log.read_text()
        time.sleep(0.05)
    if is_mended:
        cloud.s3.delete_bucket_policy(Bucket=cloud.bucket)
    cloud.wait_until_empty(program, tmp_path)
    program.terminate()
    assert program.wait(30) == 0
    put_aside = "quarantined: received 3 times and never used up"
    reasons = [reason for event, *_, reason in warned(said(log.read_text())) if event == INPUT_KEPT]
    if is_mended:
        assert ([event["trace_id"] for event in events(tmp_path)], rejects(tmp_path)) == ([trace(1)], [])
    else:
        assert (events(tmp_path), reasons) == ([], [put_aside])
        assert rejects(tmp_path) == [("s3://logs/prod-shop/denied.log", -1, "")]


# ------------------------------------------------------------------------------------------------- messages


def test_messages_in_every_envelope_are_read_and_none_goes_unsaid(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    cloud.announce(False)
    records = []
    for number in range(3):
        key, content = f"prod-shop/{number}.log", f"{alb_line(number)}\n".encode()
        records.append(record(cloud.bucket, key, len(content), cloud.put(key, content)))
    cloud.send({"Records": records[:1]})
    by_sns = {"Type": "Notification", "TopicArn": "arn:aws:sns:us-east-1:1:logs"}
    cloud.send({**by_sns, "Message": json.dumps({"Records": records[1:2]})})
    about = records[2]["s3"]["object"]
    detail = {"bucket": {"name": cloud.bucket}, "object": {**about, "etag": about["eTag"]}}
    cloud.send({"detail-type": "Object Created", "source": "aws.s3", "region": "us-east-1", "detail": detail})
    cloud.send({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": cloud.bucket})
    cloud.send("what is this?")
    log = once(cloud, tmp_path)
    assert sorted(event["trace_id"] for event in events(tmp_path)) == [trace(number) for number in range(3)]
    [(message, position, body)] = rejects(tmp_path)
    assert (message.startswith("sqs://logs/"), position, body) == (True, -1, "what is this?")
    assert [line[:2] for line in warned(log)] == [(INPUT_KEPT, message)]
    counts = counted(log)
    assert (counts["test_events"], counts["not_notifications"], counts["deliveries"], cloud.left()) == (1, 1, 5, 0)


def test_one_message_may_announce_any_number_of_records_and_buckets(cloud: Cloud, tmp_path: Path) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(CONFIGURATION)
    records = []
    for number in range(21):
        bucket = f"logs-{number % 7}"
        if number < 7:
            cloud.s3.create_bucket(Bucket=bucket)
        content = f"{alb_line(number)}\n".encode()
        answer = cloud.s3.put_object(Bucket=bucket, Key=f"prod-shop/{number}.log", Body=content)
        records.append(record(bucket, f"prod-shop/{number}.log", len(content), answer["ETag"].strip('"')))
    cloud.send({"Records": records})
    counts = counted(once(cloud, tmp_path))
    assert sorted(event["trace_id"] for event in events(tmp_path)) == [trace(number) for number in range(21)]
    assert (counts["deliveries"], counts["payloads"], cloud.left()) == (1, 21, 0)


# ------------------------------------------------------------------------------------------------ documents


def test_a_document_that_the_cluster_refuses_is_kept_and_its_neighbours_arrive(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(JSON_TO_CLUSTER)
    values = (1, 2, "many", 4)
    lines = [json.dumps({"time": "2026-01-31T10:00:00Z", "n": value}) + "\n" for value in values]
    cloud.put("app/1.log", "".join(lines).encode())
    log = once(cloud, tmp_path, OPENSEARCH=clean_opensearch.url)
    assert sorted(found["n"] for found in clean_opensearch.documents("app").values()) == [1, 2, 4]
    [kept] = read_dead_letter(tmp_path / "dead-letter" / "sqs-1")
    place = len(lines[0] + lines[1])
    assert (kept["origin"]["uri"], kept["position"], kept["output"]) == ("s3://logs/app/1.log", place, "opensearch")
    assert (json.loads(kept["text"])["n"], kept["event_id"]) == ("many", hashlib.sha1(lines[2].encode()).hexdigest())
    [(event, origin, position, reason)] = warned(log)
    assert (event, origin) == ("events that an output refuses are kept in the dead letter", "s3://logs/app/1.log")
    assert (position, reason.partition(":")[0], cloud.left()) == (place, "mapper_parsing_exception", 0)


def test_identical_lines_are_one_document_by_content_and_several_by_position(
    cloud: Cloud, clean_opensearch: OpenSearch, tmp_path: Path
) -> None:
    (tmp_path / "s3logsbeat.yml").write_text(JSON_TO_CLUSTER)
    environment = cloud.environment(OPENSEARCH=clean_opensearch.url)
    line = json.dumps({"time": "2026-01-31T10:00:00Z", "n": 1}) + "\n"
    cloud.put("app/1.log", (line * 2).encode())
    once(cloud, tmp_path, OPENSEARCH=clean_opensearch.url)
    by_content = {hashlib.sha1(line.encode()).hexdigest()}
    assert clean_opensearch.documents("app").keys() == by_content
    exported = run("s3logsbeat", "export", "config", cwd=tmp_path, env=environment).stdout
    (tmp_path / "own.yaml").write_text(exported.replace("document_id: content", "document_id: position"))
    cloud.put("app/1.log", (line * 2).encode())
    program = cloud.start(["run", "own.yaml"], tmp_path, OPENSEARCH=clean_opensearch.url)
    cloud.wait_until_empty(program, tmp_path)
    by_position = clean_opensearch.documents("app").keys() - by_content
    assert sorted(found.rpartition(".")[2] for found in by_position) == ["0", str(len(line))]
