"""The patterns that grok knows: files of `NAME regular expression`, ours and those of `patterns_dir`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path


@cache
def builtin(ecs: bool = False) -> Mapping[str, str]:
    """Every pattern of the files in `patterns/`.

    Args:
        ecs: With the field names of the Elastic Common Schema, where there are any; else Logstash's plain ones.
    """
    found: dict[str, str] = {}
    for folder in ("legacy", "ecs") if ecs else ("legacy",):
        for file in files(__package__).joinpath("patterns", folder).iterdir():
            found |= definitions(file.read_text(encoding="utf-8"))
    return found


def from_folders(folders: Sequence[Path], pattern: str) -> dict[str, str]:
    """The patterns in the files of some folders whose names match a glob.

    Raises:
        OSError: A folder or file can't be read.
    """
    found: dict[str, str] = {}
    for folder in folders:
        for file in [folder] if folder.is_file() else sorted(folder.glob(pattern)):
            if file.is_file():
                found |= definitions(file.read_text(encoding="utf-8"))
    return found


def definitions(text: str) -> dict[str, str]:
    """`NAME pattern`, one a line; `#` begins a comment line, and a name alone is passed over."""
    return dict(_lines(text))


def _lines(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        name, *pattern = line.lstrip().split(maxsplit=1)[:2] or [""]
        if pattern and not name.startswith("#"):
            yield name, pattern[0]
