"""Look after a store: what is in it, merge small files, check it, make its catalog again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

EXAMPLES = """\b
Examples:
  logsluice store info
  logsluice store compact --store /var/lib/logsluice/store
  logsluice store verify --json
  logsluice store rebuild
"""

_STORE = click.option(
    "--store", default="store", show_default=True, type=click.Path(path_type=Path), help="The store's folder."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document instead of text.")


@click.group("store", epilog=EXAMPLES, short_help=__doc__)
def command() -> None:
    """Look after a store: what is in it, merge small files, check it, make its catalog again.

    Every one of these may run while pipelines write and others search.
    """


@command.command("info", epilog="\b\nExample:\n  logsluice store info --json | jq .events")
@_STORE
@_JSON
def info(store: Path, as_json: bool) -> int:
    """Sizes, formats, days, and what could be compacted."""
    from logsluice.cli.summary import plural, size
    from logsluice.store.checking import info as look

    found = look(store)
    if as_json:
        _print(found)
        return 0
    span = f", {found['oldest']} to {found['newest']}" if found["oldest"] else ""
    click.echo(f"{plural(found['events'], 'event')} of {plural(found['days'], 'day')}{span}")
    click.echo(f"{plural(found['files'], 'file')}, {size(found['bytes'])}; catalog {size(found['catalog_bytes'])}")
    for name, of in sorted(found["formats"].items()):
        click.echo(f"  {name}: {plural(of['events'], 'event')}, {plural(of['files'], 'file')}, {size(of['bytes'])}")
    if found["replaced_files"]:
        replaced = plural(found["replaced_files"], "replaced or dropped file")
        click.echo(f"{replaced}, {size(found['replaced_bytes'])}, will be removed")
    if found["files_to_compact"]:
        click.echo(f"{plural(found['files_to_compact'], 'small file')} could be merged: logsluice store compact")
    return 0


@command.command("compact", epilog="\b\nExample:\n  logsluice store compact --store /var/lib/logsluice/store")
@_STORE
@_JSON
def compact(store: Path, as_json: bool) -> int:
    """Merge all small files of each format and day, and remove those that were replaced ten minutes ago or before."""
    from logsluice.cli.summary import plural
    from logsluice.store.compaction import compact as merge
    from logsluice.store.retention import tidy

    before = after = rows = 0
    for merged, written in merge(store, whole=True):
        before, after, rows = before + merged, after + 1, rows + written
    tidy(store)
    if as_json:
        _print({"merged_files": before, "new_files": after, "events": rows})
    elif after:
        click.echo(f"{plural(before, 'file')} became {after}, with {plural(rows, 'event')}")
    else:
        click.echo("there is nothing to merge")
    return 0


@command.command("verify", epilog="\b\nExample:\n  logsluice store verify || logsluice store rebuild")
@_STORE
@_JSON
def verify(store: Path, as_json: bool) -> int:
    """Read every file and compare it with the catalog; exit code 1 when something is wrong."""
    from logsluice.cli.messages import printable, report
    from logsluice.cli.summary import plural
    from logsluice.store.checking import verify as check

    verdict = check(store)
    if as_json:
        _print(
            {
                "clean": not verdict.problems,
                "files": verdict.files,
                "events": verdict.rows,
                "problems": verdict.problems,
                "leftovers": verdict.leftovers,
            }
        )
    else:
        for problem in verdict.problems:
            report(problem)
        for path in verdict.leftovers:
            click.echo(f"not entered (harmless, goes by itself): {printable(path)}")
        state = plural(len(verdict.problems), "problem") if verdict.problems else "clean"
        click.echo(f"{plural(verdict.files, 'file')}, {plural(verdict.rows, 'event')}: {state}")
    return 1 if verdict.problems else 0


@command.command("rebuild", epilog="\b\nExample:\n  logsluice store rebuild --store /var/lib/logsluice/store")
@_STORE
@_JSON
def rebuild(store: Path, as_json: bool) -> int:
    """Make the catalog again from the files, which say what they hold.

    A catalog that can still be read is filled anew in one transaction; stop the writers first where it is damaged.
    Exit code 1 when a file could not be read: it then lies under `_damaged/` in the store.
    """
    from logsluice.cli.messages import report
    from logsluice.cli.summary import plural
    from logsluice.store.rebuilding import rebuild as make

    result = make(store)
    if as_json:
        _print(
            {
                "files": result.files,
                "events": result.rows,
                "repeated_events": result.repeated,
                "replaced_files": result.replaced,
                "damaged_files": result.damaged,
            }
        )
    else:
        for path in result.damaged:
            report(f"{path} can't be read", "it was set aside in the store's folder _damaged")
        click.echo(f"{plural(result.files, 'file')} entered, with {plural(result.rows, 'event')}")
    return 1 if result.damaged else 0


def _print(document: dict[str, Any]) -> None:
    import orjson

    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    sys.stdout.write(orjson.dumps(document, option=options).decode())
