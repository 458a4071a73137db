"""`logsluice logstash` as a program: its flags, a folder of settings, two pipelines of which one can't deliver."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.end_to_end.cloud import LOGSLUICE
from tests.end_to_end.program import closed_port, run


def test_flags_may_stand_as_they_stood_for_logstash(tmp_path: Path) -> None:
    (tmp_path / "conf.d").mkdir()
    (tmp_path / "conf.d" / "10-in.conf").write_text("input { stdin { } }")
    (tmp_path / "conf.d" / "20-out.conf").write_text("output { stdout { codec => json_lines } }")
    flags = ["-f", "conf.d", "-w", "2", "-b", "250", "-u", "5", "--pipeline.id", "edge", "--log.level", "error", "-r"]
    done = run("logstash", *flags, "--path.data", "data", cwd=tmp_path, stdin=b"a\n")
    assert done.returncode == 0
    assert json.loads(done.stdout)["message"] == "a"
    assert done.stderr.splitlines() == [
        "warning: command line: pipeline.batch.size: no effect: batches are sized by bytes here",
        "warning: command line: pipeline.batch.delay: no effect: batches are sized by bytes here",
        "warning: command line: config.reload.automatic: no effect: the configuration is read once, at the start",
    ]


def test_a_line_that_is_typed_comes_out_before_the_next_one(tmp_path: Path) -> None:
    text = "input { stdin { } } output { stdout { codec => json_lines } }"
    arguments = [*LOGSLUICE, "logstash", "--log.level", "error", "-e", text]
    program = subprocess.Popen(arguments, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert program.stdin is not None
    assert program.stdout is not None
    try:
        for said in ("one", "two", "three"):
            program.stdin.write(f"{said}\n".encode())
            program.stdin.flush()
            assert json.loads(program.stdout.readline())["message"] == said
        program.stdin.write(b"without an end")
        program.stdin.close()
        assert json.loads(program.stdout.read())["message"] == "without an end"
        assert program.wait(20) == 0
    finally:
        program.kill()
        program.wait()
        program.stdout.close()


def test_an_unknown_flag_is_an_error_with_the_one_that_was_meant(tmp_path: Path) -> None:
    done = run("logstash", "--pipeline.worker", "2", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "No such option '--pipeline.worker'." in done.stderr
    assert "--pipeline.workers" in done.stderr


def test_a_good_configuration_is_said_to_be_good(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("input { stdin { } } output { stdout { } }")
    done = run("logstash", "-t", "-f", "a.conf", "--path.data", "/srv/data", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.conf: Configuration OK\n", "")


def test_settings_come_from_the_environment_as_in_the_container(tmp_path: Path) -> None:
    environment = {"CONFIG_STRING": "output { stdout { codec => json_lines } }", "LOG_LEVEL": "ERROR"}
    done = run("logstash", cwd=tmp_path, env=environment, stdin=b"a\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["message"] == "a"


def test_a_json_line_brings_its_metadata(tmp_path: Path) -> None:
    text = """input { stdin { codec => json_lines } }
        filter { mutate { add_field => { "seen" => "%{[@metadata][team]} %{[@metadata][_id]}" } } }
        output { stdout { codec => line { format => "%{seen}" } } }"""
    done = run("logstash", "-e", text, cwd=tmp_path, stdin=b'{"@metadata": {"team": "web", "_id": "forged"}}\n')
    assert done.stdout.startswith("web ")
    assert "forged" not in done.stdout


def test_a_cluster_that_is_down_at_the_start_stops_its_own_pipeline_only(tmp_path: Path) -> None:
    (tmp_path / "pipelines.yml").write_text(
        f"""- pipeline.id: down
  config.string: |
    input {{ file {{ path => "{tmp_path}/in.log" mode => "read" }} }}
    output {{ opensearch {{ hosts => ["http://127.0.0.1:{closed_port()}"] index => "a" }} }}
- pipeline.id: well
  config.string: |
    input {{ file {{ path => "{tmp_path}/in.log" mode => "read" }} }}
    output {{ file {{ path => "{tmp_path}/out.log" codec => line {{ format => "%{{message}}" }} }} }}
"""
    )
    (tmp_path / "in.log").write_text("a\nb\n")
    command = [sys.executable, "-m", "logsluice", "logstash", "--path.settings", str(tmp_path), "--path.data", "data"]
    out = tmp_path / "out.log"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        try:
            end = time.monotonic() + 30
            while not (out.exists() and out.read_text().count("\n") == 2):
                assert program.poll() is None
                assert time.monotonic() < end
                time.sleep(0.05)
        finally:
            program.send_signal(signal.SIGTERM)
            _, said = program.communicate(timeout=40)
    assert out.read_text() == "a\nb\n"
    assert program.returncode == 0
    assert '"pipeline": "down"' in next(line for line in said.splitlines() if "can't be opened yet" in line)
