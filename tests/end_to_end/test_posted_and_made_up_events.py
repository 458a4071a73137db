"""The inputs http and generator, run as a program."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.end_to_end.program import closed_port, run

HTTP = """
input {{ http {{ host => "127.0.0.1" port => {port} }} }}
output {{ file {{ path => "{folder}/out.log" codec => json_lines }} }}
"""


def post(port: int, body: bytes, kind: str, program: subprocess.Popen[str]) -> int:
    """The status of the answer, as soon as somebody listens."""
    end = time.monotonic() + 30
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", "/in", body, {"Content-Type": kind})
            return connection.getresponse().status
        except ConnectionRefusedError:
            assert program.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        finally:
            connection.close()


def test_what_was_answered_with_200_is_in_the_output(tmp_path: Path) -> None:
    port = closed_port()
    text = HTTP.format(port=port, folder=tmp_path)
    command = [sys.executable, "-m", "logsluice", "logstash", "-e", text, "--path.data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert post(port, b'{"a": 1}', "application/json", program) == 200
            one = json.loads((tmp_path / "out.log").read_text())
            assert post(port, b"two\nlines\n", "text/plain", program) == 200
            _, two = map(json.loads, (tmp_path / "out.log").read_text().splitlines())
        finally:
            program.send_signal(signal.SIGTERM)
            _, said = program.communicate(timeout=40)
    assert program.returncode == 0, said
    assert (one["a"], one["host"], one["headers"]["request_path"]) == (1, "127.0.0.1", "/in")
    assert (two["message"], two["headers"]["content_type"]) == ("two\nlines\n", "text/plain")


def test_a_generator_ends_after_its_rounds(tmp_path: Path) -> None:
    text = """input { generator { lines => ["a", "b"] count => 3 } }
        output { stdout { codec => line { format => "%{message}%{sequence}" } } }"""
    done = run("logstash", "-e", text, "--path.data", str(tmp_path / "data"), cwd=tmp_path)
    assert (done.returncode, done.stdout.split()) == (0, ["a0", "b0", "a1", "b1", "a2", "b2"]), done.stderr


def test_a_generator_without_an_end_is_ended(tmp_path: Path) -> None:
    text = "input { generator { } } output { stdout { codec => dots } }"
    command = [sys.executable, "-m", "logsluice", "logstash", "-e", text, "--path.data", str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        assert program.stdout is not None
        assert program.stdout.read(20_000) == b"." * 20_000
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=40)
    assert program.returncode == 0
