"""The program sends what it reads to a receiver of beats, made with go-lumber."""

from __future__ import annotations

from hashlib import sha1
from pathlib import Path

from logsluice._version import __version__
from tests.end_to_end.program import run
from tests.parts.lumberjack import LumberjackReceiver, receiving

LINES = [b'{"status": 200, "at": 1539565200000}\n', b'{"status": 404, "at": 1539565201000}\n']
CONFIGURATION = """
pipelines:
  - source: {{type: files, paths: ["{folder}/app.json"]}}
    format: {{type: json, timestamp_field: at, timestamp_format: timeUnixMilliseconds}}
    document_id: content
    outputs: [{{lumberjack: {{hosts: ["127.0.0.1:{port}"]}}}}]
"""


def test_001_6_events_arrive_with_the_ids_of_their_content(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_bytes(b"".join(LINES))
    with receiving(LumberjackReceiver(tmp_path / "receiver")) as receiver:
        (tmp_path / "logsluice.yaml").write_text(CONFIGURATION.format(folder=tmp_path, port=receiver.port))
        done = run("run", "logsluice.yaml", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        arrived = receiver.events()
    about = {"beat": "logsluice", "type": "_doc", "version": __version__, "format": "json"}
    assert [event["@metadata"] for event in arrived] == [
        {**about, "_id": sha1(line, usedforsecurity=False).hexdigest()} for line in LINES
    ]
    assert [(event["@timestamp"], event["status"]) for event in arrived] == [
        ("2018-10-15T01:00:00Z", 200),
        ("2018-10-15T01:00:01Z", 404),
    ]
