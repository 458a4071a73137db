"""What systemd is told, and that nobody else is."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from logsluice.hosts.notify import notify
from logsluice.hosts.processes import Processes
from tests.end_to_end.program import closed_port

CHILD = """\
import os, sys, time
from logsluice.hosts.processes import Reporter
from logsluice.hosts.status import Status
Reporter(int(sys.argv[-1]), Status).tick()
time.sleep(1)
sys.exit(3 if "NOTIFY_SOCKET" in os.environ else 0)
"""
"""Tells once how it is, and ends; with an error when it knows of systemd."""


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        line.settimeout(60)
        yield line


def test_without_systemd_nothing_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    assert capsys.readouterr() == ("", "")


def test_an_abstract_socket_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"logsluice-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(f"\0{name}")
        line.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        notify("READY=1")
        assert line.recv(100) == b"READY=1"


def test_a_systemd_that_is_gone_stops_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nowhere"))
    notify("STOPPING=1")


def test_a_service_is_ready_when_it_is_open_and_says_when_it_stops(systemd: socket.socket, tmp_path: Path) -> None:
    text = f"pipelines: [{{source: {{type: files, paths: ['{tmp_path}/*.log'], follow: true}}, outputs: [stdout]}}]"
    program = subprocess.Popen(
        [sys.executable, "-m", "logsluice", "run", "-e", text],
        cwd=tmp_path,
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
    )
    try:
        assert systemd.recv(100) == b"READY=1"
        program.send_signal(signal.SIGTERM)
        assert systemd.recv(100) == b"STOPPING=1"
        assert program.wait(30) == 0
    finally:
        program.kill()
        program.wait()


def test_a_service_is_ready_when_one_pipeline_is_open_and_another_is_tried_again(
    systemd: socket.socket, tmp_path: Path
) -> None:
    files = f"{{type: files, paths: ['{tmp_path}/*.log'], follow: true}}"
    closed = f"{{name: b, source: {files}, outputs: [{{opensearch: {{hosts: 'http://127.0.0.1:{closed_port()}'}}}}]}}"
    program = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "logsluice",
            "run",
            "-e",
            f"pipelines: [{{source: {files}, outputs: [stdout]}}, {closed}]",
        ],
        cwd=tmp_path,
        env={**os.environ, "NOTIFY_SOCKET": str(tmp_path / "notify")},
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert systemd.recv(100) == b"READY=1"
        program.send_signal(signal.SIGTERM)
        assert "a pipeline can't be opened yet" in program.communicate(timeout=60)[1]
        assert program.returncode == 0
    finally:
        program.kill()
        program.wait()


def test_of_several_processes_the_first_one_alone_speaks_when_all_have_opened(
    systemd: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    assert Processes([sys.executable, "-c", CHILD], 2, 5.0).run(lambda: None) == 0
    assert systemd.recv(100) == b"READY=1"
    systemd.setblocking(False)
    with pytest.raises(BlockingIOError):
        systemd.recv(100)
