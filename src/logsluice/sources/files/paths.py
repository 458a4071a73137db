"""Which files the configured paths mean."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from logsluice.components import near
from logsluice.errors import UsageError

STDIN = "-"


def find_files(
    paths: Sequence[str], base: Path, recursive: bool = True, exclude: Sequence[str] = ()
) -> list[str | Path]:
    """Every file meant, each once, in the order of the paths and then of the names; `-` stays as it is.

    Args:
        paths: As configured.
        base: Where relative ones start.
        recursive: Whether folders are read with the folders in them.
        exclude: Patterns of names that are left out.

    Raises:
        UsageError: A path does not exist, or a pattern matches nothing.
    """
    found: dict[str | Path, None] = {}
    for path in paths:
        found.update(dict.fromkeys([STDIN] if path == STDIN else _files_of(path, base, recursive)))
    return [file for file in found if file == STDIN or not any(fnmatch(Path(file).name, each) for each in exclude)]


def _files_of(text: str, base: Path, recursive: bool) -> Iterator[Path]:
    path = base / Path(text).expanduser()
    if path.is_dir():
        yield from _below(path, recursive)
    elif path.exists():
        yield path
    elif glob.has_magic(text):
        matches = sorted(glob.iglob(str(path), recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
        if not matches:
            raise UsageError(f"no file matches {text}", "quote the pattern, and check the folder it starts from")
        for match in map(Path, matches):
            if match.is_file():
                yield match
            elif recursive and match.is_dir() and not text.endswith("**"):
                yield from _below(match, recursive)
    else:
        raise UsageError(f"there is no file or folder {text}{_near(path)}", "check the path")


def _below(folder: Path, recursive: bool) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if recursive and not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))


def _near(path: Path) -> str:
    try:
        return near(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""
