"""One file that grows by whole lines: locked, mended after a crash, rotated by renaming."""

from __future__ import annotations

import errno
import fcntl
import gzip
import os
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

BLOCK = 64 * 1024
PROCESSES = 100
"""How many processes may write beside one another, each into a file of its own."""

_GZIP_MAGIC = b"\x1f\x8b"


class AppendedFile:
    """A file open for appending, locked against other processes.

    When another process holds the lock, the name gets a number: `app.ndjson`, `app.2.ndjson` … What a killed process
    left unfinished at the end was never confirmed and is cut off. A file of another kind under that name is renamed
    away, never changed.

    Args:
        path: The wanted name; folders are made.
        compress: Whether every append is a gzip member of its own.
        mode: Permissions, or None for those of the umask.
        of_lines: Whether all that is appended ends in a newline.
        start: How a file of our kind begins, where that is known.

    Raises:
        OSError: It can't be made or opened.
    """

    def __init__(
        self, path: Path, compress: bool, mode: int | None, *, of_lines: bool = True, start: bytes = b"{"
    ) -> None:
        self._compress = compress
        self._mode = mode
        self._of_lines = of_lines
        self._start = start
        make_folder(path.parent)
        self.path, self._file = self._first_free(path)
        self._since = time.monotonic()
        try:
            self._mend()
        except OSError:
            self.close()
            raise

    @property
    def size(self) -> int:
        """Bytes, as stored."""
        return os.fstat(self._file).st_size

    @property
    def is_there(self) -> bool:
        """Whether its name still leads to it: nobody has removed or renamed it."""
        return _is_at(self._file, self.path)

    @property
    def age(self) -> float:
        """Seconds since this process began to write it."""
        return time.monotonic() - self._since

    def append(self, lines: bytes | bytearray) -> None:
        """Write whole lines and wait until they are on the disk.

        Raises:
            OSError: They are not, and what was written of them has been cut off again.
        """
        data = memoryview(gzip.compress(lines, 6, mtime=0) if self._compress else lines)
        before = self.size
        try:
            while data:
                data = data[os.write(self._file, data) :]
            os.fsync(self._file)
        except OSError:
            os.ftruncate(self._file, before)
            raise

    def rotate(self) -> None:
        """Rename it to a name with the time in it, and go on with an empty file.

        Raises:
            OSError: It can't; the file is then only good for `close`.
        """
        _set_aside(self.path)
        path, file = self._first_free(self.path)
        os.close(self._file)
        self.path, self._file = path, file
        self._since = time.monotonic()

    def close(self) -> None:
        """Let go of it, and of the lock."""
        os.close(self._file)

    def _first_free(self, path: Path) -> tuple[Path, int]:
        for number in range(1, PROCESSES + 1):
            mine = path if number == 1 else with_infix(path, str(number))
            try:
                return mine, self._locked(mine)
            except BlockingIOError:
                continue
        raise OSError(f"{PROCESSES} processes write {path} and files beside it")

    def _locked(self, path: Path) -> int:
        """The file, open and locked. Raises BlockingIOError when another holds it."""
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o666)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_at(file, path):
                    if self._mode is not None:
                        os.fchmod(file, self._mode)
                    sync_folder(path.parent)
                    return file
            except OSError:
                os.close(file)
                raise
            os.close(file)  # renamed by its owner before we had the lock: the name is another file's now

    def _mend(self) -> None:
        head = os.pread(self._file, len(_GZIP_MAGIC), 0)
        if not head:
            return
        if not self._is_ours(head):
            self.rotate()
            return
        if not self._compress and not self._of_lines:  # where the last one ends can't be seen
            return
        whole = _whole_members(self._file) if self._compress else _whole_lines(self._file)
        if whole < self.size:
            os.ftruncate(self._file, whole)
            os.fsync(self._file)

    def _is_ours(self, head: bytes) -> bool:
        if self._compress:
            return _GZIP_MAGIC.startswith(head)
        return head.startswith(self._start) and head != _GZIP_MAGIC


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, so that a power cut does not undo it. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from None
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def with_infix(path: Path, infix: str) -> Path:
    """`app.ndjson.gz` and `2` to `app.2.ndjson.gz`."""
    name, compressed = path.name.removesuffix(".gz"), path.name.endswith(".gz")
    stem, suffix = os.path.splitext(name)  # noqa: PTH122 - Path.stem of a name that is not that of a file
    return path.with_name(f"{stem}.{infix}{suffix}{'.gz' if compressed else ''}")


def _set_aside(path: Path) -> None:
    """Rename a file that we hold the lock of, over no other."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target, number = with_infix(path, now), 1
    while target.exists():
        number += 1
        target = with_infix(path, f"{now}-{number}")
    path.rename(target)


def _is_at(file: int, path: Path) -> bool:
    try:
        there = path.stat()
    except FileNotFoundError:
        return False
    here = os.fstat(file)
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _whole_lines(file: int) -> int:
    """Bytes up to and with the last newline."""
    end = os.fstat(file).st_size
    while end > 0:
        start = max(0, end - BLOCK)
        found = os.pread(file, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _whole_members(file: int) -> int:
    """Bytes up to the end of the last gzip member that is complete."""
    decoder, at, whole = zlib.decompressobj(wbits=31), 0, 0
    while data := os.pread(file, BLOCK, at):
        at += len(data)
        while data:
            try:
                decoder.decompress(data, 16 * BLOCK)
            except zlib.error:
                return whole
            data = decoder.unconsumed_tail
            if decoder.eof:
                data = decoder.unused_data
                whole = at - len(data)
                decoder = zlib.decompressobj(wbits=31)
    return whole
