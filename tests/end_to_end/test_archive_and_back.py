"""What goes to an archive in S3 comes back: into a cluster, under the same ids, and to whoever searches it."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.end_to_end.program import run
from tests.parts import wait_until
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import OpenSearch

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "logs"


@pytest.fixture
def s3(aws: MotoServer) -> Any:
    """The example logs in one bucket, and an empty one for the archive."""
    client = aws.client("s3")
    for bucket in ("logs", "archive"):
        client.create_bucket(Bucket=bucket)
    for file in EXAMPLES.iterdir():
        client.put_object(Bucket="logs", Key=f"app/{file.name}", Body=file.read_bytes())
    return client


def keep(folder: Path, prefix: str) -> tuple[str, str]:
    """The arguments of a program that archives the logs below a prefix."""
    (folder / f"{prefix}.yaml").write_text(
        f"""
pipelines:
  - name: keep
    source: {{type: s3_objects, bucket: logs, prefix: app/, interval: once}}
    format: auto
    state: state-{prefix}
    outputs:
      - archive: {{to: "s3://archive/{prefix}"}}
"""
    )
    return "run", f"{prefix}.yaml"


def rows(s3: Any, prefix: str, folder: Path) -> dict[str, list[Any]]:
    """The objects below a prefix, each with its rows."""
    found = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="archive", Prefix=f"{prefix}/"):
        for entry in page.get("Contents", ()):
            file = folder / "one.parquet"
            s3.download_file("archive", entry["Key"], str(file))
            name = entry["Key"].removeprefix(f"{prefix}/")
            found[name] = duckdb.execute("FROM read_parquet(?, hive_partitioning = false)", [str(file)]).fetchall()
    return found


def has_objects(s3: Any, least: int) -> bool:
    return bool(s3.list_objects_v2(Bucket="archive", Prefix="killed/")["KeyCount"] >= least)


def test_the_same_documents_under_the_same_ids(s3: Any, clean_opensearch: OpenSearch, tmp_path: Path) -> None:
    done = run(*keep(tmp_path, "all"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    direct = run("ship", "s3://logs/app/", "--to", f"{clean_opensearch.url}/direct", cwd=tmp_path)
    assert direct.returncode == 0, direct.stderr
    back = run("backfill", "s3://archive/all/", "--to", f"{clean_opensearch.url}/back", cwd=tmp_path)
    assert back.returncode == 0, back.stderr

    expected = clean_opensearch.documents("direct")
    assert len(expected) > 1000
    for document in expected.values():  # a field without a value is no field in Parquet, nor is it one in a search
        for name in ("requestParameters", "responseElements"):
            if name in document and document[name] is None:
                del document[name]
    assert clean_opensearch.documents("back") == expected


def test_a_kill_and_a_repeat_leave_the_same_objects(s3: Any, tmp_path: Path) -> None:
    lines = gzip.decompress((EXAMPLES / "alb.log.gz").read_bytes())
    for number in range(2):  # several windows each
        s3.put_object(Bucket="logs", Key=f"app/large-{number}", Body=gzip.compress(lines * 60, 1))
    assert run(*keep(tmp_path, "all"), cwd=tmp_path).returncode == 0
    expected = rows(s3, "all", tmp_path)
    assert len(expected) > 20
    for least in (1, 12):
        killed = subprocess.Popen([sys.executable, "-m", "logsluice", *keep(tmp_path, "killed")], cwd=tmp_path)
        assert wait_until(partial(has_objects, s3, least), seconds=30)
        killed.kill()
        killed.wait()
        for state in tmp_path.glob("state-killed/*"):
            state.unlink()  # so that all is read again, what had arrived and what had not
    assert run(*keep(tmp_path, "killed"), cwd=tmp_path).returncode == 0
    assert rows(s3, "killed", tmp_path) == expected


def test_an_archive_is_searched_as_a_store_is(s3: Any, tmp_path: Path) -> None:
    assert run(*keep(tmp_path, "all"), cwd=tmp_path).returncode == 0
    assert run("ship", "s3://logs/app/", cwd=tmp_path).returncode == 0
    for question in (
        ("search", "elb_status_code:>=500", "--count-by", "client_ip", "--json"),
        ("search", "eventName:Decrypt", "--json", "--size", "1000", "--sort", "origin.position"),
    ):
        expected = run(*question, cwd=tmp_path)
        found = run(*question, "--store", "s3://archive/all", cwd=tmp_path)
        assert (found.returncode, found.stderr) == (0, expected.stderr)
        assert expected.stdout
        assert sorted(map(json.loads, found.stdout.splitlines()), key=json.dumps) == sorted(
            map(json.loads, expected.stdout.splitlines()), key=json.dumps
        )
