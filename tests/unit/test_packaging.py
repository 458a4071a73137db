"""The recipes of the packages, the unit and the wheel say what the program says."""

from __future__ import annotations

import configparser
import email
import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from logsluice import __version__
from logsluice.config.check import check_file
from logsluice.config.load import load_file
from tests.end_to_end.program import run
from tests.parts import unavailable

ROOT = Path(__file__).parents[2]
PACKAGES, SYSTEMD = ROOT / "deploy" / "packages", ROOT / "deploy" / "systemd"
UNIT = SYSTEMD / "logsluice.service"
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


class _Unit(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def service() -> configparser.SectionProxy:
    unit = _Unit(strict=False, interpolation=None, delimiters="=")
    unit.read(UNIT)
    return unit["Service"]


def recipe() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load((PACKAGES / "nfpm.yaml").read_text())
    return found


def test_001_15_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        unavailable("systemd-analyze is not installed")
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/bin/logsluice", sys.executable))  # it must be there
    done = subprocess.run([analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False)
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, [])


def test_001_15_the_unit_gives_time_to_stop() -> None:
    unit = service()
    configuration = load_file(str(SYSTEMD / "logsluice.yaml"))
    assert unit["Type"] == "notify"
    assert unit["KillMode"] == "mixed"  # a second signal ends the processes of `processes: N` at once
    assert float(unit["TimeoutStopSec"]) > max(each.shutdown_timeout for each in configuration.model.pipelines)
    assert unit["ExecStart"] == "/usr/bin/logsluice run /etc/logsluice/logsluice.yaml"


def test_001_15_a_configuration_that_can_not_be_used_is_not_tried_again(tmp_path: Path) -> None:
    """systemd looks at the exit code of `ExecStart` alone: what fails before it is started again for ever."""
    unit = service()
    assert [name for name in unit if name.startswith("ExecStartPre")] == []
    (tmp_path / "logsluice.yaml").write_text("pipelines: [{source: {type: files}, outputs: [nowhere]}]")
    done = run("run", str(tmp_path / "logsluice.yaml"))
    assert (str(done.returncode), done.stdout) == (unit["RestartPreventExitStatus"], "")


@pytest.mark.parametrize(
    ("script", "argument", "called"),
    [
        ("postinstall.sh", "configure", ["daemon-reload", "--no-block try-restart logsluice.service"]),
        ("preremove.sh", "remove", ["disable --now logsluice.service"]),
        ("preremove.sh", "0", ["disable --now logsluice.service"]),
        ("preremove.sh", "upgrade", []),
        ("preremove.sh", "1", []),
        ("postremove.sh", "purge", ["daemon-reload"]),
    ],
)
def test_001_15_what_the_scripts_of_the_packages_tell_systemd(
    tmp_path: Path, script: str, argument: str, called: list[str]
) -> None:
    """An upgrade waits for nothing: a service that can't start must not leave a package half installed."""
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/called\n')
    (tmp_path / "systemctl").chmod(0o755)
    (tmp_path / "called").touch()
    text = (PACKAGES / script).read_text().replace("/run/systemd/system", str(tmp_path))
    subprocess.run(["sh", "-c", text, script, argument], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=True)
    assert (tmp_path / "called").read_text().splitlines() == called


def test_001_15_the_configuration_is_good_and_writes_into_the_state_folder_only() -> None:
    file = str(SYSTEMD / "logsluice.yaml")
    assert check_file(file) == []
    (pipeline,) = load_file(file).model.pipelines
    (output,) = pipeline.outputs
    places = [pipeline.state, pipeline.dead_letter, str(output.options.path)]  # type: ignore[union-attr]
    assert [Path(place).parent for place in places] == [Path("/var/lib/logsluice")] * 3
    assert service()["StateDirectory"].split() == ["logsluice", "logsluice/incoming"]


def test_001_15_the_example_with_a_queue_is_good_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, commented = (SYSTEMD / "logsluice.yaml").read_text().split("\n# Log objects in S3")
    queue = [line.removeprefix("#") for line in commented.splitlines()[2:]]
    (tmp_path / "logsluice.yaml").write_text("\n".join([text, *queue]))
    for line in (SYSTEMD / "logsluice.env").read_text().splitlines():
        if "=" in line:
            monkeypatch.setenv(*line.removeprefix("#").split("=", 1))
    assert check_file(str(tmp_path / "logsluice.yaml")) == []
    assert len(load_file(str(tmp_path / "logsluice.yaml")).model.pipelines) == 2


def test_001_15_the_recipe_agrees_with_the_project() -> None:
    made = recipe()
    assert (made["name"], made["license"], made["version"]) == (PROJECT["name"], PROJECT["license"], "${VERSION}")
    contents = {each["dst"]: each for each in made["contents"]}
    for path, each in contents.items():
        if each.get("type") not in ("tree", "symlink", "dir"):
            assert list(ROOT.glob(each["src"])), path
    for name in ("logsluice.yaml", "logsluice.env"):
        each = contents[f"/etc/logsluice/{name}"]
        assert (each["type"], each["file_info"]) == ("config|noreplace", {"mode": 0o640, "group": "logsluice"})
    assert contents["/etc/logsluice"]["type"] == "dir"  # owned, so that the rpm's removal takes it along
    assert contents["/usr/bin/logsluice"]["type"] == "symlink"
    assert "/usr/lib/systemd/system/logsluice.service" in contents
    for script in [*made["scripts"].values(), "deploy/packages/build.sh"]:
        subprocess.run(["sh", "-n", str(ROOT / script)], check=True)


LOCK = """\
orjson==3.10.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
pytest==9.0.0 \\
    --hash=sha256:bb
ruamel-yaml==0.18.0 \\
    --hash=sha256:cc
"""


@pytest.mark.parametrize(
    ("needed", "printed", "said"),
    [
        (["logsluice", "ruamel.yaml"], "ruamel-yaml==0.18.0 \\\n    --hash=sha256:cc\n", ""),
        (["logsluice", "orjson", "isal"], "", "requirements.lock lacks isal: run `make lock`\n"),
    ],
)
def test_001_15_a_package_holds_what_the_lock_has_of_its_needs_and_all_of_them(
    tmp_path: Path, needed: list[str], printed: str, said: str
) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"install": [{"metadata": {"name": name}} for name in needed]}))
    (tmp_path / "lock").write_text(LOCK)
    done = subprocess.run(
        [sys.executable, PACKAGES / "pinned.py", tmp_path / "report.json", tmp_path / "lock"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (printed, said)


def test_001_15_the_wheel_has_every_file_and_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "No module named hatchling" in done.stderr:
        unavailable("hatchling is not installed")
    assert done.returncode == 0, done.stderr
    (file,) = tmp_path.glob("*.whl")
    assert file.name == f"logsluice-{__version__}-py3-none-any.whl"
    with zipfile.ZipFile(file) as wheel:
        packed = {name for name in wheel.namelist() if not name.startswith(f"logsluice-{__version__}.dist-info/")}
        about = {
            part: wheel.read(f"logsluice-{__version__}.dist-info/{part}").decode()
            for part in ("METADATA", "entry_points.txt", "licenses/LICENSE")
        }
    here = [path for path in (ROOT / "src").rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    assert packed == {str(path.relative_to(ROOT / "src")) for path in here}
    assert "logsluice = logsluice.cli.main:main" in about["entry_points.txt"]
    assert about["licenses/LICENSE"] == (ROOT / "LICENSE").read_text()
    assert "logsluice/py.typed" in packed
    said = email.message_from_string(about["METADATA"])
    assert (said["Name"], said["Version"], said["Requires-Python"]) == ("logsluice", __version__, ">=3.11")
