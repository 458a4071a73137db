"""What commands say to people, on standard error."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import click

from logsluice.errors import UsageError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Misused(UsageError):
    """The command was called wrongly: nothing was tried."""

    exit_code = 2


def program() -> str:
    """This program as it can be typed here: its path where the shell would not find it by its name."""
    called = Path(sys.argv[0])
    found = shutil.which("logsluice")
    if called.name != "logsluice" or (found is not None and Path(found).resolve() == called.resolve()):
        return "logsluice"
    return shlex.quote(sys.argv[0])


def printable(text: str) -> str:
    """Text that may come from a log, without the control characters that would steer a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def report(message: str, hint: str = "", label: str = "error") -> None:
    """One sentence about what went wrong, and one about what to do."""
    colour = "yellow" if label == "warning" else "red"
    click.echo(f"{click.style(label + ':', fg=colour, bold=True)} {printable(message)}", err=True)
    if hint:
        click.echo(f"  {printable(hint)}", err=True)
