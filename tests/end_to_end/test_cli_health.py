"""The program asked from outside: `logsluice health`, the HTTP endpoint, the form of its log."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cloud import LOGSLUICE
from tests.end_to_end.program import run

CONFIG = "pipelines: [{source: {type: files, paths: ['-']}, format: lines, outputs: [stdout]}]"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Runs until its standard input is closed."""
    (tmp_path / "pipeline.yaml").write_text(CONFIG)
    with (tmp_path / "log").open("wb") as log:
        started = subprocess.Popen(
            [*LOGSLUICE, "run", "--http", "127.0.0.1:0", "--log-format", "json", "pipeline.yaml"],
            cwd=tmp_path,
            env={**os.environ, "LOGSLUICE_RUN_DIR": str(tmp_path / "run")},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    yield started
    started.kill()
    started.communicate()


def health(folder: Path, *arguments: str) -> tuple[int, str]:
    done = run("health", *arguments, cwd=folder, env={"LOGSLUICE_RUN_DIR": str(folder / "run")})
    return done.returncode, done.stdout


def url(folder: Path) -> str:
    end = time.monotonic() + 30
    while not (said := [line for line in (folder / "log").read_text().splitlines() if '"address"' in line]):
        assert time.monotonic() < end
        time.sleep(0.05)
    return str(json.loads(said[0])["address"])


def test_health_says_by_file_and_by_url_how_the_program_is(program: subprocess.Popen[bytes], tmp_path: Path) -> None:
    address = url(tmp_path)
    while health(tmp_path, "--ready") != (0, "ready\n"):
        assert program.poll() is None
    assert health(tmp_path) == (0, "live\n")
    assert health(tmp_path, "--config", "pipeline.yaml") == (0, "live\n")
    assert health(tmp_path, "--config", "other.yaml") == (1, "nothing runs other.yaml\n")
    assert health(tmp_path, "--ready", address) == (0, "ready\n")
    program.send_signal(signal.SIGSTOP)
    code, said = health(tmp_path, address)
    assert (code, said.startswith(f"{address}/health/live can't be asked: ")) == (1, True)
    program.send_signal(signal.SIGCONT)
    program.kill()
    program.wait()
    assert health(tmp_path) == (1, "no `logsluice run` is running here\n")


def test_each_line_of_metrics_is_of_the_text_format(program: subprocess.Popen[bytes], tmp_path: Path) -> None:
    with urllib.request.urlopen(f"{url(tmp_path)}/metrics", timeout=10) as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        lines = answer.read().decode().splitlines()
    sample = re.compile(r'logsluice_\w+(\{(\w+="([^"\\\n]|\\["\\n])*",?)+\})? -?[\d.e+-]+')
    assert [line for line in lines if not line.startswith("#") and not sample.fullmatch(line)] == []
    assert 'logsluice_budget_limit_bytes{pipeline="main"} 33554432' in lines
    assert program.stdin is not None
    program.stdin.close()
    assert program.wait(30) == 0


def test_the_form_of_the_log_is_chosen_by_flag_over_file(tmp_path: Path) -> None:
    said = run("run", "-e", f"log: {{format: readable}}\n{CONFIG}", cwd=tmp_path, stdin=b"one\n").stderr
    assert "done" in said
    assert not said.startswith("{")
    as_json = run("run", "--log-format", "json", "-e", f"log: {{format: readable}}\n{CONFIG}", cwd=tmp_path).stderr
    assert json.loads(as_json.splitlines()[-1])["event"] == "done"
    assert run("run", "-e", f"log: {{level: error}}\n{CONFIG}", cwd=tmp_path).stderr == ""


def test_a_stop_while_a_cluster_does_not_answer_is_in_order(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"http://127.0.0.1:{silent.getsockname()[1]}"
        text = f"pipelines: [{{source: {{type: files, paths: ['-']}}, outputs: [{{opensearch: {{hosts: '{host}'}}}}]}}]"
        program = subprocess.Popen(
            [*LOGSLUICE, "run", "-e", text],
            cwd=tmp_path,
            env={**os.environ, "LOGSLUICE_RUN_DIR": str(tmp_path / "run")},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        client, _ = silent.accept()
        with client:
            program.terminate()
            _, said = program.communicate(timeout=30)
    assert (program.returncode, [json.loads(line)["event"] for line in said.splitlines()]) == (0, ["starting"])
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("address", ["8686", "localhost:", "localhost:x", "localhost:99999", ":8686"])
def test_an_address_that_is_none_is_said(address: str, tmp_path: Path) -> None:
    done = run("run", "--http", address, "-e", CONFIG, cwd=tmp_path)
    assert done.returncode == 2
    assert "write HOST:PORT" in done.stderr
