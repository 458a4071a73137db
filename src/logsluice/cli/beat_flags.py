"""The flags that every beat has, for the commands that are called as S3logsbeat is.

Go programs take `-once` for `--once` and `--once=false`; so do these. Facts: Beats Platform Reference 6.8, "Command
reference: Global flags".
"""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from logsluice.cli.messages import report

DEFAULT_FILE = "s3logsbeat.yml"
PATHS = ("home", "config", "data", "logs")

_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_WITHOUT_EFFECT = {
    "httpprof": "profiles are not served; see /metrics of `http`",
    "cpuprofile": "no profile is written",
    "memprofile": "no profile is written",
}
_BOOLEANS = dict.fromkeys(("1", "t", "T", "true", "TRUE", "True"), True) | dict.fromkeys(
    ("0", "f", "F", "false", "FALSE", "False"), False
)
"""What Go's `strconv.ParseBool` reads."""

_REFUSED = {
    "-N": "nothing is run without publishing: use -E output.elasticsearch.enabled=false -E output.console.enabled=true",
    "--configtest": "write `test config`",
    "--version": "write `version`",
    "--setup": "write `setup`; templates are installed at the start anyway",
}


@dataclass(frozen=True, slots=True)
class BeatFlags:
    """What the flags say.

    Attributes:
        files: The configurations, each of which stands above those before it.
        settings: `key=value` over what is written in them.
    """

    files: tuple[str, ...]
    settings: tuple[str, ...]


class BeatCommand(click.Command):
    """A command that takes Go's way of writing flags."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command`."""
        end = args.index("--") if "--" in args else len(args)
        ours = [written for arg in args[:end] for written in self._written(arg, ctx)]
        return super().parse_args(ctx, [*ours, *args[end:]])

    def _written(self, arg: str, ctx: click.Context) -> list[str]:
        """A flag as click wants it; nothing for one that is switched off."""
        found = _FLAG.fullmatch(arg)
        if not found:
            return [arg]
        options = {name: option for option in self.get_params(ctx) for name in option.opts}
        name, value = f"{'-' if len(found[1]) == 1 else '--'}{found[1]}", found[2]
        option = options.get(name)
        if isinstance(option, click.Option) and option.is_flag and value is not None:
            if value not in _BOOLEANS:
                raise click.BadParameter(f"{value!r} is neither true nor false", ctx=ctx, param=option)
            return [name] if _BOOLEANS[value] else []
        if option is not None:
            return [name] if value is None else [name, value]
        if not arg.startswith("--") and not _is_short(arg, options):
            given = f"--{found[1]}"
            near = difflib.get_close_matches(given, [known for known in options if known.startswith("--")])
            raise click.NoSuchOption(f"-{found[1]}", possibilities=near, ctx=ctx)
        return [arg]


def _is_short(arg: str, options: dict[str, click.Parameter]) -> bool:
    """Whether it is `-Ekey=value` or several switches as one, `-ev`."""
    return arg.startswith("-E") or all(f"-{letter}" in options for letter in arg[1:])


def beat_flags(function: Callable[..., int]) -> Callable[..., int]:
    """Put the flags on a command, whose function gets them as `flags`."""

    @functools.wraps(function)
    def call(
        *,
        files: tuple[str, ...],
        settings: tuple[str, ...],
        selectors: str | None,
        more: bool,
        **others: Any,
    ) -> int:
        paths = {name: others.pop(f"path_{name}") for name in PATHS}
        for name, why in _WITHOUT_EFFECT.items():
            if others.pop(name) is not None:
                report(f"--{name}: {why}", label="warning")
        for name in ("to_stderr", "strict_perms"):
            others.pop(name)
        level = "debug" if selectors is not None else "info" if more else ""
        said = (
            *(f"path.{name}={value}" for name, value in paths.items() if value is not None),
            *([f"logging.level={level}"] if level else []),
            *settings,
        )
        folder = paths["config"] or paths["home"] or ""
        return function(flags=BeatFlags(tuple(str(Path(folder, file)) for file in files), said), **others)

    for option in reversed(_options()):
        option(call)
    return call


def _options() -> list[Callable[[Any], Any]]:
    return [
        click.option(
            "-c",
            "files",
            multiple=True,
            default=(DEFAULT_FILE,),
            metavar="FILE",
            help=f"The configuration ({DEFAULT_FILE}); several are joined.",
        ),
        click.option(
            "-E", "settings", multiple=True, metavar="KEY=VALUE", help="Over what is written; may be repeated."
        ),
        click.option("-e", "to_stderr", is_flag=True, help="Without effect: the log goes to standard error."),
        click.option("-d", "selectors", metavar="SELECTORS", help="Say more in the log, whatever the selectors."),
        click.option("-v", "more", is_flag=True, help="Log what is of level info, whatever the file says."),
        *(
            click.option(f"--path.{name}", f"path_{name}", metavar="FOLDER", help=f"The same as -E path.{name}=FOLDER.")
            for name in PATHS
        ),
        click.option("--strict.perms", "strict_perms", is_flag=True, help="Without effect: owners are not checked."),
        *(click.option(f"--{name}", name, metavar="VALUE", help="Without effect.") for name in _WITHOUT_EFFECT),
        *(
            click.option(name, is_flag=True, hidden=True, help=advice, expose_value=False, callback=_refuse(advice))
            for name, advice in _REFUSED.items()
        ),
    ]


def _refuse(advice: str) -> Callable[[click.Context, click.Parameter, bool], None]:
    def refuse(context: click.Context, option: click.Parameter, value: bool) -> None:
        if value:
            raise click.UsageError(f"{option.opts[0]}: {advice}", context)

    return refuse
