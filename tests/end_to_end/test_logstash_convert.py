"""What `logsluice convert` prints does the same as what it was made from: every configuration of ours, run both ways.

tests/logstash_configurations has for each `NAME.conf` the lines that it is fed with, `NAME.txt`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.program import run

FOLDER = Path(__file__).parent.parent / "logstash_configurations"
FILES = sorted(FOLDER.glob("*.conf"))
NOW = re.compile(r"2026-01-31T\d\d:\d\d:\d\d")


def documents(*arguments: str, cwd: Path, lines: bytes) -> list[Any]:
    """What comes out, without times that are those of the run."""
    done = run(*arguments, cwd=cwd, stdin=lines, env={"TZ": "UTC"})
    assert done.returncode == 0, done.stderr
    found: list[Any] = []
    for line in done.stdout.splitlines():
        document = json.loads(line) if line.startswith("{") else line
        if isinstance(document, dict) and not NOW.match(document["@timestamp"]):
            del document["@timestamp"]
        found.append(document)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_is_converted_gives_the_same_documents(file: Path, tmp_path: Path) -> None:
    lines = file.with_suffix(".txt").read_bytes()
    done = run("convert", str(file), cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (tmp_path / "converted.yaml").write_text(done.stdout, encoding="utf-8")
    before = documents("run", str(file), cwd=tmp_path, lines=lines)
    assert before
    assert documents("run", "converted.yaml", cwd=tmp_path, lines=lines) == before


def test_code_of_several_lines_is_written_as_a_block_and_variables_stay(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(
        """input { stdin { } }
filter { mutate { add_field => { "site" => "${SITE}" } gsub => [ "message", "one
  two", "x" ] } }
output { stdout { codec => dots id => "out" } }
"""
    )
    text = run("convert", "a.conf", cwd=tmp_path).stdout
    assert text.startswith("# Made from a.conf by `logsluice convert`.\npipelines:\n  - name: main\n    source:\n")
    assert (
        text[text.index("    filters:") :]
        == """\
    filters:
      - mutate:
          add_field: {site: '${SITE}'}
          gsub:
            - message
            - |-
              one
                two
            - x
    outputs:
      - stdout: {codec: dots}
        name: out
    origin: false
    timestamps: logstash
"""
    )


def test_what_has_no_counterpart_is_named_in_comments(tmp_path: Path) -> None:
    (tmp_path / "logstash.yml").write_text(
        "pipeline.workers: 3\nqueue.type: persisted\nxpack.monitoring.enabled: true\n"
    )
    (tmp_path / "pipelines.yml").write_text('- pipeline.id: a\n  config.string: "input { stdin { } }"\n')
    comments = [line for line in run("convert", ".", cwd=tmp_path).stdout.splitlines() if line.startswith("#")]
    assert comments == [
        "# Made from . by `logsluice convert`.",
        "# Not translated: queue.type: no effect: there is no queue in between; what was sent is settled at once",
        "# Not translated: xpack.monitoring.enabled: there is no monitoring of Elastic's here; metrics are at /metrics",
    ]


def test_000_4_a_pattern_that_is_broken_over_lines_is_told_and_mended_on_demand(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text(
        'input { stdin { } }\nfilter { grok { match => [ "message", "%{WORD:a} \n\t%{WORD:b}\n  end" ] } }\n'
        "output { stdout { codec => json_lines } }\n"
    )
    told = run("check", "a.conf", cwd=tmp_path).stderr
    assert "a.conf:2:17: filter.grok.match: the pattern for message holds a line break" in told
    done = run("convert", "--fix", "a.conf", cwd=tmp_path)
    assert done.stderr == "mended: main: the line breaks in a pattern of grok were joined by blanks\n"
    (tmp_path / "a.yaml").write_text(done.stdout)
    (document,) = documents("run", "a.yaml", cwd=tmp_path, lines=b"one two end\n")
    assert (document["a"], document["b"]) == ("one", "two")
    (document,) = documents("run", "a.conf", cwd=tmp_path, lines=b"one two end\n")
    assert document["tags"] == ["_grokparsefailure"]
