"""`logsluice check` as a program, on the configurations of tests/broken_configurations.

Each says in comments what is to be found: `# expect LINE OPTION: beginning of the message`.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.end_to_end.program import run

FOLDER = Path(__file__).parent.parent / "broken_configurations"
FILES = sorted(FOLDER.glob("*.yaml"))
EXPECTED = re.compile(r"^# expect (\d+) (\S*): (.+)$", re.MULTILINE)
ENVIRONMENT = {"LOGSLUICE_TEST_SECRET": "hunter22"}


@pytest.fixture(scope="module")
def said() -> dict[str, list[dict[str, object]]]:
    """What one run says of all the files, by file."""
    done = run("check", "--json", *map(str, FILES), env=ENVIRONMENT)
    assert (done.returncode, done.stderr) == (2, "")
    problems: dict[str, list[dict[str, object]]] = {}
    for problem in json.loads(done.stdout):
        problems.setdefault(Path(problem["file"]).name, []).append(problem)
    return problems


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_problem_is_named_with_line_and_option(file: Path, said: dict[str, list[dict[str, object]]]) -> None:
    expected = [(int(line), option, message) for line, option, message in EXPECTED.findall(file.read_text())]
    found = [(p["line"], p["option"], str(p["message"])) for p in said[file.name] if p["severity"] == "error"]
    assert [(line, option) for line, option, _ in found] == [(line, option) for line, option, _ in expected]
    for (_, _, message), (_, _, beginning) in zip(found, expected, strict=True):
        assert message[: len(beginning)] == beginning


def test_there_are_ten_broken_configurations_or_more() -> None:
    assert len(FILES) >= 10


def test_values_from_the_environment_are_never_shown(said: dict[str, list[dict[str, object]]]) -> None:
    assert "hunter22" not in json.dumps(said)


def test_problems_for_people_start_with_file_and_line() -> None:
    file = FOLDER / "01-misspelt-options.yaml"
    done = run("check", file.name, cwd=FOLDER)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[1] == (
        "error: 01-misspelt-options.yaml:4: pipelines[0].fromat: there is no option 'fromat'; did you mean 'format'?"
    )


def test_a_missing_file_is_said() -> None:
    done = run("check", "nowhere.yaml")
    assert (done.returncode, done.stderr) == (2, "error: nowhere.yaml: there is no file nowhere.yaml\n")


def test_the_example_can_be_run(tmp_path: Path) -> None:
    examples = sorted((FOLDER.parent.parent / "examples").glob("*.yaml"))
    assert examples
    done = run("check", *map(str, examples), cwd=tmp_path, env={"QUEUE": "https://sqs.eu-central-1.amazonaws.com/1/q"})
    # This checkout may lie below the temporary folder, and that is warned of.
    assert (done.returncode, [line for line in done.stderr.splitlines() if "emptied at times" not in line]) == (0, [])
    assert done.stdout == "".join(f"{example}: ok\n" for example in examples)


def test_run_refuses_what_check_refuses() -> None:
    file = FOLDER / "12-together.yaml"
    done = run("run", str(file), env={**os.environ})
    assert done.returncode == 2
    assert "'one' and 'two': each message of logs goes to only one of them" in done.stderr
