"""Runs the program as a user would, in a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def run(
    *arguments: str,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes = b"",
    seconds: float = 60,
) -> subprocess.CompletedProcess[str]:
    """`logsluice ARGUMENTS`, to its end; standard error is not a terminal."""
    return subprocess.run(
        [sys.executable, "-m", "logsluice", *arguments],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        input=stdin.decode(),
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port
