"""What commands say to people, on standard error."""

from __future__ import annotations

import re

import click

from logsluice.errors import UsageError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Misused(UsageError):
    """The command was called wrongly: nothing was tried."""

    exit_code = 2


def printable(text: str) -> str:
    """Text that may come from a log, without the control characters that would steer a terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def report(message: str, hint: str = "", label: str = "error") -> None:
    """One sentence about what went wrong, and one about what to do."""
    colour = "yellow" if label == "warning" else "red"
    click.echo(f"{click.style(label + ':', fg=colour, bold=True)} {printable(message)}", err=True)
    if hint:
        click.echo(f"  {printable(hint)}", err=True)
