"""A temporary folder that goes with its process: what a killed one has left, the next one removes."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "logsluice-archive-"


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder of this process's own, locked while it is in use.

    Raises:
        OSError: None can be made.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        _remove_unused(left)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        handle = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            if not folder.exists():
                continue  # another process, just starting, took it for an old one before it was locked
            yield folder
            return
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(handle)


def _remove_unused(folder: Path) -> None:
    """Remove a folder that no process has locked."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:  # gone meanwhile, or another user's
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    except BlockingIOError:
        pass  # in use
    finally:
        os.close(handle)
