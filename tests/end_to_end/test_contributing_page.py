"""Follows docs/contributing.md to the letter: what it shows is written into a folder and must work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "contributing.md").read_text()
FILE = re.compile(r"^`(turnstile/\S+)`[^\n]*\n\n```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^```sh\nlogsluice (.*?)\n```$", re.MULTILINE)

# What an installed entry point or a folder in the source tree does: one more place to look for formats.
PROGRAM = """
import sys
import logsluice.formats
logsluice.formats.__path__.append(sys.argv.pop(1))
{body}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder with the three files of the page."""
    written = FILE.findall(PAGE)
    assert [name for name, _ in written] == [
        "turnstile/__init__.py",
        "turnstile/sample.log",
        "turnstile/expected.ndjson",
    ]
    for name, content in written:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
    return tmp_path


def python(folder: Path, body: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body), str(folder), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_new_format_passes_its_contract(folder: Path) -> None:
    suite = "from logsluice.testing import formats as suite\n"
    done = python(
        folder,
        f"{suite}suite.assert_sample_gives_expected('turnstile')\nsuite.assert_keys_are_declared('turnstile')",
    )
    assert done.stderr == ""


def test_the_program_knows_the_new_format(folder: Path) -> None:
    command = COMMAND.search(PAGE)
    assert command is not None
    run = "from logsluice.cli.main import run\nsys.exit(run(sys.argv[1:]))"
    done = python(folder, run, *command[1].split())
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    expected = [json.loads(line) for line in (folder / "turnstile" / "expected.ndjson").read_text().splitlines()]
    assert [{k: v for k, v in event.items() if k != "origin"} for event in events] == expected
    assert "formats     turnstile 2" in done.stderr

    listed = python(folder, run, "formats", "turnstile", "--json")
    assert [row["field"] for row in json.loads(listed.stdout)] == [
        "@timestamp",
        "gate",
        "client_ip",
        "result",
        "open_seconds",
    ]


def test_the_section_is_short() -> None:
    section = PAGE[PAGE.index("## A new format is one folder") :]
    assert len(section.splitlines()) < 60
