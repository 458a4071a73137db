"""`logsluice ship s3://bucket/prefix`, as a program against the emulated S3."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.end_to_end.program import run
from tests.parts.moto_server import MotoServer


def test_every_object_below_a_prefix_is_read_once(aws: MotoServer, tmp_path: Path) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="logs")
    for number in range(25):
        s3.put_object(Bucket="logs", Key=f"app/{number}.ndjson.gz", Body=gzip.compress(b'{"n": %d}\n' % number))
    s3.put_object(Bucket="logs", Key="other/0.ndjson", Body=b'{"n": -1}\n')

    done = run("ship", "s3://logs/app/", "--format", "json", "--to", "stdout", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert sorted(json.loads(line)["n"] for line in done.stdout.splitlines()) == list(range(25))
    assert "25 objects, 25 events" in done.stderr


def test_mistakes_are_one_sentence(aws: MotoServer, tmp_path: Path) -> None:
    aws.client("s3").create_bucket(Bucket="logs")
    missing = run("ship", "s3://nowhere/app/", cwd=tmp_path)
    empty = run("ship", "s3://logs/app/", cwd=tmp_path)
    assert (missing.returncode, empty.returncode) == (1, 1)
    assert "nowhere" in missing.stderr.splitlines()[0]
    assert empty.stderr.splitlines()[0] == "error: there is no object below s3://logs/app/"
    assert "Traceback" not in missing.stderr + empty.stderr
