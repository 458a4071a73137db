"""`logsluice logstash --config.test_and_exit` on the configurations of tests/broken_configurations/logstash.

Each says in comments what is to be found: `# expect LINE:COLUMN OPTION: beginning of the message`.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from logsluice.cli.main import MISUSED, run

FOLDER = Path(__file__).parent.parent / "broken_configurations" / "logstash"
FILES = sorted(FOLDER.glob("*.conf"))
EXPECTED = re.compile(r"^# expect (\d+:\d+) (\S*): (.+)$", re.MULTILINE)
SAID = re.compile(r"^error: (.+?):(\d+:\d+): (?:([a-z.]+[\w.\[\]]*): )?(.+)$", re.MULTILINE)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_mistake_is_named_with_line_and_column(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = EXPECTED.findall(file.read_text())
    assert expected
    assert run(["logstash", "--config.test_and_exit", "-f", str(file)]) == MISUSED
    said = capsys.readouterr()
    assert said.out == ""
    found = SAID.findall(said.err)
    assert len(found) == said.err.count("error: ")
    assert [(name, place, option) for name, place, option, _ in found] == [
        (str(file), place, option) for place, option, _ in expected
    ]
    for (*_, message), (*_, beginning) in zip(found, expected, strict=True):
        assert message[: len(beginning)] == beginning


def test_there_are_twenty_broken_configurations_or_more() -> None:
    assert len(FILES) >= 20


def test_the_mistakes_of_all_files_are_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    names = ["01-section-misspelt.conf", "03-quote-not-closed.conf"]
    assert run(["logstash", "-t", "-f", f"{FOLDER}/0[13]-*.conf"]) == MISUSED
    assert [Path(name).name for name, *_ in SAID.findall(capsys.readouterr().err)] == names


def test_mistakes_in_files_that_are_joined_are_told_with_the_right_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "10-in.conf").write_text("input { stdin { } }\n")
    (tmp_path / "20-filter.conf").write_text("filter {\n  mutat { }\n}\n")
    (tmp_path / "30-out.conf").write_text("output {\n\n  stdot { }\n}\n")
    assert run(["logstash", "-t", "-f", str(tmp_path)]) == MISUSED
    found = [(Path(name).name, place) for name, place, *_ in SAID.findall(capsys.readouterr().err)]
    assert found == [("20-filter.conf", "2:3"), ("30-out.conf", "3:3")]
