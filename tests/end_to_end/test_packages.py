"""The deb and the rpm are built, taken apart, and the program is run from them with nothing else around it."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from logsluice import __version__
from tests.parts import unavailable

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

OWN = [
    "/etc/logsluice/logsluice.env",
    "/etc/logsluice/logsluice.yaml",
    "/usr/bin/logsluice",
    "/usr/lib/logsluice/bin/logsluice",
    "/usr/lib/logsluice/bin/python3",
    "/usr/lib/logsluice/pyvenv.cfg",
    "/usr/lib/systemd/system/logsluice.service",
    "/usr/share/doc/logsluice/README.md",
]


def output_of(*command: str | Path, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=BARE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


BARE = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LANG": "C.UTF-8"}
"""As a service has it: nothing of a virtual environment or a user."""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both, built anew: with the pip that comes with Python, and by somebody who shares no files."""
    for needed in ("make", "go", "dpkg-deb"):
        if shutil.which(needed) is None:
            unavailable(f"{needed} is not installed")
    fresh = tmp_path_factory.mktemp("pip")
    subprocess.run([sys.executable, "-m", "venv", fresh], check=True)
    done = subprocess.run(
        ["make", "packages", f"PIP_PYTHON={fresh}/bin/python"],
        cwd=ROOT,
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return ROOT / "dist"


@pytest.fixture(scope="module")
def deb(packages: Path) -> Path:
    (file,) = packages.glob(f"logsluice_{__version__}_*.deb")
    return file


@pytest.fixture(scope="module")
def unpacked(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    output_of("dpkg-deb", "-x", deb, root)
    return root


def program(root: Path) -> list[str | Path]:
    """What /usr/bin/logsluice runs there; the interpreter finds its packages beside itself."""
    lib = root / "usr/lib/logsluice"
    assert (root / "usr/bin/logsluice").readlink() == Path("/usr/lib/logsluice/bin/logsluice")
    assert (lib / "bin/logsluice").read_text().startswith("#!/usr/lib/logsluice/bin/python3 -P\n")
    return [lib / "bin/python3", "-P", lib / "bin/logsluice"]


def test_001_15_the_deb_says_what_it_is_and_keeps_the_configuration(deb: Path) -> None:
    fields = dict(line.split(": ", 1) for line in output_of("dpkg-deb", "-f", deb).splitlines() if ": " in line)
    assert (fields["Package"], fields["Version"]) == ("logsluice", __version__)
    assert fields["Depends"].startswith("python3.")
    assert sorted(output_of("dpkg-deb", "-I", deb, "conffiles").split()) == OWN[:2]
    assert "logsluice" in output_of("dpkg-deb", "-I", deb, "preinst")


def test_001_15_everybody_may_read_the_program_and_the_service_alone_its_configuration(deb: Path) -> None:
    listed = [line.split(maxsplit=5) for line in output_of("dpkg-deb", "-c", deb).splitlines()]
    closed = {
        path[1:]: (mode, owner) for mode, owner, _, _, _, path in listed if not mode.startswith("l") and mode[7] != "r"
    }
    assert closed == dict.fromkeys(OWN[:2], ("-rw-r-----", "root/logsluice"))
    assert not [path for mode, *_, path in listed if not mode.startswith("l") and "w" in (mode[5], mode[8])]


def test_001_15_the_program_runs_from_the_deb_alone(unpacked: Path, tmp_path: Path) -> None:
    command = program(unpacked)
    assert output_of(*command, "--version") == f"logsluice {__version__}\n"
    shutil.copy(ROOT / "examples/logs/alb.log.gz", tmp_path)
    output_of(*command, "ship", "alb.log.gz", "--store", "store", cwd=tmp_path)
    found = output_of(*command, "search", "*", "--store", "store", "--json", "--size", "100000", cwd=tmp_path)
    with subprocess.Popen(["zcat", tmp_path / "alb.log.gz"], stdout=subprocess.PIPE) as lines:
        assert lines.stdout is not None
        assert len(found.splitlines()) == len(lines.stdout.readlines())
    assert output_of(*command, "check", unpacked / "etc/logsluice/logsluice.yaml").endswith("logsluice.yaml: ok\n")


def test_001_15_the_service_starts_as_its_unit_says(unpacked: Path, tmp_path: Path) -> None:
    """With its own configuration, the state folder elsewhere: what systemd hears, and what became searchable."""
    command = program(unpacked)
    text = (unpacked / "etc/logsluice/logsluice.yaml").read_text().replace("/var/lib/logsluice", str(tmp_path))
    (tmp_path / "logsluice.yaml").write_text(text)
    (tmp_path / "incoming").mkdir()
    shutil.copy(ROOT / "examples/logs/alb.log.gz", tmp_path / "incoming")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(60)
        env = BARE | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "LOGSLUICE_RUN_DIR": str(tmp_path / "run")}
        service = subprocess.Popen([*command, "run", tmp_path / "logsluice.yaml"], env=env)
        try:
            assert systemd.recv(100) == b"READY=1"
            while not list(tmp_path.glob("store/**/*.parquet")):
                assert service.poll() is None
                time.sleep(0.1)
            service.send_signal(signal.SIGTERM)
            assert systemd.recv(100) == b"STOPPING=1"
            assert service.wait(60) == 0
        finally:
            service.kill()
            service.wait()
    assert output_of(*command, "search", "*", "--store", tmp_path / "store", "--json")


def test_001_15_the_rpm_has_the_same_files(packages: Path, unpacked: Path) -> None:
    if shutil.which("rpm") is None:
        unavailable("rpm is not installed")
    (file,) = packages.glob(f"logsluice-{__version__}-1.{platform.machine()}.rpm")
    listed = set(output_of("rpm", "-qlp", file).split("\n"))
    assert set(OWN) <= listed
    in_deb = {f"/{os.path.relpath(path, unpacked)}" for path in unpacked.rglob("*") if not path.is_dir()}
    assert in_deb <= listed
    assert output_of("rpm", "-qp", "--configfiles", file).split() == OWN[:2]
    requires = output_of("rpm", "-qp", "--requires", file).split("\n")
    assert any(each.startswith("/usr/bin/python3.") for each in requires)
