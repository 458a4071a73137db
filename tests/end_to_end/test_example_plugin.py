"""The package of examples/plugin, installed as a third party's would be, and run."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.program import run

PACKAGE = Path(__file__).parent.parent.parent / "examples" / "plugin"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of packages with the example in it."""
    folder = tmp_path_factory.mktemp("site")
    source = folder / "source"
    shutil.copytree(PACKAGE, source)
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "packages"), str(source)]
    subprocess.run(command, check=True, timeout=60)
    return folder / "packages"


def rows(file: Path) -> list[str]:
    connection = sqlite3.connect(file)
    try:
        return [text for (text,) in connection.execute("SELECT document ->> 'message' FROM events ORDER BY id")]
    finally:
        connection.close()


def test_its_filter_and_sink_run_in_yaml(site: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        """pipelines:
  - source: {type: files, paths: ["-"]}
    format: lines
    filters: [{mask: {fields: [message]}}]
    outputs: [{sqlite: {path: events.db}}]
"""
    )
    done = run("run", "a.yaml", cwd=tmp_path, env={"PYTHONPATH": str(site)}, stdin=b"card 4111111111111111\nno card\n")
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "events.db") == ["card ************1111", "no card"]


def test_its_output_runs_in_the_language_of_logstash(site: Path, tmp_path: Path) -> None:
    text = 'filter { mask { fields => ["message"] } } output { sqlite { path => "events.db" } }'
    done = run("logstash", "-e", text, cwd=tmp_path, env={"PYTHONPATH": str(site)}, stdin=b"1234567890\n")
    assert done.returncode == 0, done.stderr
    assert rows(tmp_path / "events.db") == ["******7890"]


def test_a_mistake_in_it_is_told_as_any_other(site: Path, tmp_path: Path) -> None:
    text = 'output { sqlite { path => "events.db" tabel_name => "x" } }'
    done = run("logstash", "-t", "-e", text, cwd=tmp_path, env={"PYTHONPATH": str(site)})
    assert done.stderr == (
        "error: <text>:1:39: output.sqlite.tabel_name: there is no option 'tabel_name'; did you mean 'table_name'?\n"
    )


def test_it_passes_the_suites_of_filters_and_sinks(site: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        str(site.parent / "source/test_plugin.py"),
    ]
    env = {**os.environ, "PYTHONPATH": str(site), "PYTEST_ADDOPTS": ""}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout
