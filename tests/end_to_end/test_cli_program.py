"""The program as a whole: help, exit codes, what is imported when."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from logsluice import __version__
from logsluice.cli.main import Commands, program
from logsluice.components import find, names
from logsluice.config.model import ConfigModel, PipelineModel
from logsluice.delivery.policies import DEFAULTS
from tests.end_to_end.program import run

ROOT = Path(__file__).parent.parent.parent
CONTEXT = click.Context(program)
assert isinstance(program, Commands)
COMMANDS = program.list_commands(CONTEXT)


def imported(statement: str) -> set[str]:
    """The top-level modules and ours that a statement loads in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_the_library_loads_none_of_the_heavy_parts() -> None:
    heavy = {"boto3", "botocore", "duckdb", "pydantic", "rich", "click", "urllib3", "ruamel", "structlog"}
    assert imported("import logsluice") & heavy == set()


def test_the_help_loads_no_command() -> None:
    loaded = imported("from logsluice.cli.main import run; run(['--help'])")
    assert {"boto3", "duckdb", "pydantic", "rich", "structlog"} & loaded == set()
    assert {name for name in loaded if name.startswith("logsluice.cli.commands.")} == set()


def test_reading_a_file_loads_no_cloud_and_no_output() -> None:
    path = ROOT / "examples" / "logs" / "alb.log.gz"
    loaded = imported(f"import logsluice; list(logsluice.read({str(path)!r}))")
    assert {"boto3", "botocore", "duckdb", "rich", "click"} & loaded == set()
    assert {name for name in loaded if name.startswith("logsluice.sinks.")} == set()


def test_the_version_is_said() -> None:
    assert run("--version").stdout == f"logsluice {__version__}\n"


def test_the_help_lists_every_command_with_its_line() -> None:
    text = run("--help").stdout
    for name in COMMANDS:
        assert re.search(rf"^  {name}\s+[A-Z]", text, re.MULTILINE), name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_for_each_option_and_an_example(name: str) -> None:
    command = program.get_command(CONTEXT, name)
    assert command is not None
    assert command.help
    for parameter in command.params:
        assert not isinstance(parameter, click.Option) or parameter.help, f"{name} {parameter.name}"
    done = run(name, "--help")
    assert done.returncode == 0
    assert f"logsluice {name}" in done.stdout.partition("Examples:")[2]


def test_the_readme_names_every_command_and_format() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [name for name in COMMANDS if f"logsluice {name}" not in readme] == []
    [row] = re.findall(r"^\| Formats \| (.*) \|$", readme, re.MULTILINE)
    assert sorted(re.findall(r"`(\w+)`", row)) == sorted(names("formats")), "run `make docs`"


def test_every_option_of_a_pipeline_is_documented() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    options = [*ConfigModel.model_fields, *PipelineModel.model_fields, *DEFAULTS]
    assert [option for option in options if f"| `{option}` |" not in page] == []


@pytest.mark.parametrize("kind", ["sources", "filters", "sinks", "formats"])
def test_every_component_and_option_is_documented(kind: str) -> None:
    title = "Outputs" if kind == "sinks" else kind.title()
    page = (ROOT / "docs" / "components.md").read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    for name in names(kind):
        section = page.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        assert section, f"{kind}/{name}: run `make docs`"
        if kind != "formats":
            fields = find(kind, name).Config.model_fields
            options = [field.alias or name for name, field in fields.items()]
            assert [option for option in options if f"| `{option}` |" not in section] == [], "run `make docs`"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nonsense"], 2, "Error: No such command 'nonsense'"),
        (["ship"], 2, "Error: Missing argument 'PATH...'"),
        (["run"], 2, "Error: give a CONFIG file, or -e TEXT"),
        (["run", "nowhere.yaml"], 1, "error: there is no file nowhere.yaml"),
        (["s3logsbeat", "-c", "nowhere.yml"], 1, "error: there is no file nowhere.yml\n  -c FILE names it, from here"),
        (["run", "-e", "pipelines: 3"], 2, "error: <text>:1: pipelines: must be a list"),
        (["run", "-e", "input { stdim {} }"], 2, "error: <text>:1:9: input.stdim: there is no input 'stdim'; did you"),
        (["formats", "albs"], 2, "error: there is no format 'albs'; did you mean 'alb'"),
    ],
)
def test_mistakes_have_an_exit_code_and_a_sentence(arguments: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_run_reads_to_the_end_and_says_so(tmp_path: Path) -> None:
    text = "pipelines: [{source: {type: files, paths: ['-']}, format: json, outputs: [stdout]}]"
    done = run("run", "-e", text, cwd=tmp_path, stdin=b'{"a": 1}\n')
    assert (done.returncode, done.stdout.startswith('{"a":1,')) == (0, True), done.stderr
    assert '"event": "done"' in done.stderr
