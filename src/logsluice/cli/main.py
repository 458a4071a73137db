"""The program's entrance: finds the command, runs it, and turns every failure into a sentence and an exit code.

Exit codes: 0 done, 1 failed, 2 called wrongly or with a configuration that can't be used, 130 interrupted.
"""

from __future__ import annotations

import ast
import importlib
import os
import pkgutil
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from logsluice._version import __version__
from logsluice.cli import commands
from logsluice.cli.messages import printable, report
from logsluice.errors import ConfigError, LogsluiceError, QueryError, UsageError

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130

EXAMPLES = """\b
Examples:
  logsluice demo                          see it work, with no AWS account
  logsluice ship /var/log/alb/*.gz        read files, find their format, make them searchable
  logsluice search 'elb_status_code:>=500' --count-by client_ip
  logsluice check pipeline.yaml && logsluice run pipeline.yaml
"""


class Commands(click.Group):
    """The commands found by listing their package; none is imported before it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, as typed."""
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Imports one command; None when there is none of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the modules' docstrings."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in self.list_commands(ctx)])


def _summary(name: str) -> str:
    source = Path(commands.__path__[0], f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").partition("\n")[0]


@click.group(cls=Commands, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="logsluice", message="%(prog)s %(version)s")
@click.option("-v", "--verbose", is_flag=True, help="Say more about what is being done, on standard error.")
def program(verbose: bool) -> None:
    """Carry AWS logs to where they can be searched: parsed, each event once."""
    from logsluice.telemetry.logs import configure

    configure("debug" if verbose else "info")


def main() -> NoReturn:
    """The console script: run the command of this process's arguments, and end the process."""
    code = run()
    if threading.active_count() > 1:
        # A worker may be in a long poll of twenty seconds. What it brings comes back by itself, so nobody waits for
        # it, and the interpreter is not torn down under it: native libraries complain about that.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the value is the exit code."""
    try:
        result = program.main(args=arguments, prog_name="logsluice", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ConfigError as error:
        for problem in error.problems:
            report(str(problem), label=problem.severity)
        return MISUSED
    except QueryError as error:
        report(str(error))
        return MISUSED
    except UsageError as error:
        report(str(error), error.hint)
        return error.exit_code
    except LogsluiceError as error:
        report(str(error))
        return FAILED
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone (`| head`); Python must not try to flush into the pipe at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        report(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return FAILED
    except Exception as error:
        # A fault of ours: one sentence for most, the trace for whoever asks for it.
        if {"-v", "--verbose"} & set(sys.argv if arguments is None else arguments):
            raise
        report(
            f"this is a fault in logsluice: {type(error).__name__}: {printable(str(error))}",
            "run it again as `logsluice -v ...` for the details, and report them",
        )
        return FAILED
    return result if isinstance(result, int) else DONE
