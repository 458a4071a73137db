"""A small file that says how a running program is, so that `logsluice health` needs no port.

It lies in a folder of the user's own (`LOGSLUICE_RUN_DIR`, else below the folder for temporary files), named by the
configuration and the process, and is written every two seconds by the main thread: one that grows old tells of a
program that hangs.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

import structlog

from logsluice.hosts.status import FRESH_SECONDS, Reason, Status, load

WRITE_SECONDS = 2.0
_NAME = re.compile(r"[0-9a-f]{16}-(?P<pid>\d{1,10})\.(?:json|new)")

log = structlog.get_logger("status")


class StatusFile:
    """Keeps the file of this process while it is entered; where it can't be written, that is said once.

    Args:
        configuration: The file that is run, "" for a configuration given as text.
        status: Asked each time.
    """

    def __init__(self, configuration: str, status: Callable[[], Status]) -> None:
        self._status = status
        self._path = folder() / f"{_stem(configuration)}-{os.getpid()}.json"
        self._due = 0.0
        self._works = True

    def __enter__(self) -> StatusFile:
        try:
            _make(self._path.parent, is_shared="LOGSLUICE_RUN_DIR" not in os.environ)
            for _ in _present():  # what was killed has left its file
                pass
        except OSError as error:
            self._give_up(error)
        self.tick()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._works:
            self._path.unlink(missing_ok=True)

    def tick(self) -> None:
        """Called often; writes when it is time."""
        now = time.monotonic()
        if not self._works or now < self._due:
            return
        self._due = now + WRITE_SECONDS
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_bytes(self._status().dump(with_samples=False))
            temporary.replace(self._path)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self._works = False
        log.warning(
            "`logsluice health` can't see this process: no status file", path=str(self._path), reason=str(error)
        )


def folder() -> Path:
    """Where status files are."""
    if chosen := os.environ.get("LOGSLUICE_RUN_DIR"):
        return Path(chosen)
    return Path(tempfile.gettempdir(), f"logsluice-{os.getuid()}")


def running(configuration: str | None) -> Iterator[Status]:
    """The status of each program that runs here, or of those that run one configuration file."""
    stem = None if configuration is None else _stem(configuration)
    for path, pid in _present():
        if path.suffix != ".json" or stem not in (None, path.stem.partition("-")[0]):
            continue
        try:
            status = load(path.read_bytes())
        except FileNotFoundError:
            continue  # it has just ended
        age = time.time() - status.at
        if age > FRESH_SECONDS:
            hangs = Reason("", "process", str(pid), f"it has said nothing for {age:.0f} seconds")
            status = Status(dead=[hangs], at=status.at)
        yield status


def _present() -> Iterator[tuple[Path, int]]:
    """The files of processes that are there; those of processes that were killed are cleared away.

    The folder may be somebody's own, with other files in it: what is not named as ours is left alone.
    """
    for path in sorted(folder().glob("*-*.*")):
        name = _NAME.fullmatch(path.name)
        if name is None:
            continue
        if _is_there(pid := int(name["pid"])):
            yield path, pid
        else:
            path.unlink(missing_ok=True)


def _stem(configuration: str) -> str:
    return hashlib.blake2b(str(Path(configuration).resolve()).encode(), digest_size=8).hexdigest()


def _make(path: Path, is_shared: bool) -> None:
    """Where others share the folder above, what they may have put in its place is not written to."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_shared:
        return
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise PermissionError(f"{path} belongs to somebody else")


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
