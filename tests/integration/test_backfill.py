"""`logsluice backfill`, as a program against an emulated S3."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.program import run
from tests.parts.large_bucket import LargeBucket
from tests.parts.moto_server import MotoServer

CONFIG = """
pipelines:
  - name: app
    source: {type: s3_sqs, queue: somewhere, buckets: [logs]}
    format: json
    filters:
      - mutate: {add_field: {made_by: "%s"}}
    outputs:
      - store: {path: store}
"""


@pytest.fixture
def s3(aws: MotoServer) -> Any:
    client = aws.client("s3")
    client.create_bucket(Bucket="logs")
    for day in (30, 31):
        for number in range(5):
            body = b'{"n": %d, "@timestamp": "2026-01-%dT12:00:00Z"}\n' % (day * 10 + number, day)
            client.put_object(Bucket="logs", Key=f"app/2026/01/{day}/{number}.json", Body=body)
    client.put_object(Bucket="logs", Key="app/empty", Body=b"")
    return client


def stored(folder: Path) -> list[dict[str, Any]]:
    found = run("search", "*", "--store", "store", "--json", "--size", "1000", cwd=folder)
    assert found.returncode == 0, found.stderr
    return sorted((json.loads(line) for line in found.stdout.splitlines()), key=lambda event: int(event["n"]))


def test_the_days_asked_for_are_brought_under_the_ids_of_live_traffic(s3: Any, tmp_path: Path) -> None:
    asked = ["s3://logs/app/{yyyy}/{MM}/{dd}/", "--format", "json", "--since", "2026-01-31", "--json"]
    first = run("backfill", *asked, cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    summary = json.loads(first.stdout)
    assert summary.pop("seconds") > 0
    assert summary == {
        "complete": True,
        "objects": 5,
        "objects_done_before": 0,
        "empty_objects": 0,
        "archived_objects": 0,
        "unwanted_objects": 0,
        "bytes_read": 5 * 49,
        "events": 5,
        "events_sent": 5,
        "duplicates": 0,
        "replaced": 0,
        "rejects": {},
    }
    shipped = run("ship", "s3://logs/app/", "--format", "json", cwd=tmp_path)
    assert shipped.returncode == 0, shipped.stderr
    assert "5 were there already" in shipped.stderr
    assert [event["n"] for event in stored(tmp_path)] == [*range(300, 305), *range(310, 315)]


def test_a_corrected_pipeline_replaces_what_it_made_before(s3: Any, tmp_path: Path) -> None:
    config = tmp_path / "logsluice.yaml"
    for maker in ("first", "second"):
        config.write_text(CONFIG % maker)
        done = run("backfill", "s3://logs/app/", "--config", "logsluice.yaml", "--replace", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    assert "events replaced: 10" in done.stderr
    assert "empty objects: 1" in done.stderr
    assert [(event["n"], event["made_by"]) for event in stored(tmp_path)] == [
        (number, "second") for number in (*range(300, 305), *range(310, 315))
    ]


def test_killed_it_goes_on_where_it_was(aws_environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    objects = 600
    with LargeBucket() as bucket:
        for number in range(objects):
            bucket.put(f"app/{number:04d}.json", b'{"n": %d}\n' % number, time.time() - 1000)
        monkeypatch.setenv("AWS_ENDPOINT_URL", bucket.url)
        arguments = ["backfill", "s3://logs/app/", "--format", "json"]
        program = subprocess.Popen(
            [sys.executable, "-m", "logsluice", *arguments], cwd=tmp_path, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 60
        while len(bucket.reads) < objects // 2:
            assert program.poll() is None
            assert time.monotonic() < end
            time.sleep(0.01)
        program.send_signal(signal.SIGKILL)
        program.wait()
        before = bucket.reads.total()
        assert before < objects
        resumed = run(*arguments, "--json", cwd=tmp_path)
        assert resumed.returncode == 0, resumed.stderr
        summary = json.loads(resumed.stdout)
        assert summary["objects"] + summary["objects_done_before"] == objects
        assert summary["objects_done_before"] >= before - 60  # what was in hand, or settled and not yet written
        assert [event["n"] for event in stored(tmp_path)] == list(range(objects))
        anew = run(*arguments, "--json", cwd=tmp_path)  # it was done: the next time all is read again
        assert json.loads(anew.stdout)["duplicates"] == objects


def test_mistakes_are_one_sentence(s3: Any, tmp_path: Path) -> None:
    (tmp_path / "two.yaml").write_text(
        "pipelines:\n"
        "  - {name: a, source: {type: files, paths: [x]}, outputs: [stdout]}\n"
        "  - {name: b, source: {type: files, paths: [y]}, outputs: [stdout]}\n"
    )
    said = {
        arguments: run("backfill", *arguments, cwd=tmp_path)
        for arguments in (
            ("s3://logs/app/", "--replace", "--to", "stdout"),
            ("s3://logs/app/", "--since", "never"),
            ("logs/app",),
            ("s3://logs/app/{yyyy}/",),
            ("s3://logs/app/", "--config", "two.yaml"),
            ("s3://logs/app/", "--config", "two.yaml", "--pipeline", "c"),
            ("s3://logs/none/",),
        )
    }
    no_time = "'never' is no date such as 2026-01-31, 2026-01-31T12:00:00Z or now-1h"
    no_date = "a date in a prefix is written as {yyyy}, {MM} and {dd}, in this order"
    assert [(done.returncode, done.stderr.splitlines()[0]) for done in said.values()] == [
        (2, "error: the output stdout can't take back what it was given, so nothing can be replaced in it"),
        (2, f"error: s3://logs/app/ can't be listed: {no_time}"),
        (2, "error: logs/app names no bucket"),
        (2, f"error: s3://logs/app/{{yyyy}}/ can't be listed: {no_date}"),
        (2, "error: there are several pipelines in two.yaml"),
        (2, "error: there is no pipeline 'c' in two.yaml"),
        (1, "error: there is no object below s3://logs/none/"),
    ]
