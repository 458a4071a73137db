"""How DuckDB reads the objects of a bucket: a file system of ours, since its own S3 extension is a download.

DuckDB takes any file system of `fsspec`. This one knows the objects that were listed, reads the ranges that DuckDB asks
for in whole blocks, and keeps the latest blocks: a file's end, where Parquet says what lies where, is asked for often.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from fsspec.spec import AbstractFileSystem  # type: ignore[import-untyped]

from logsluice.aws.faults import explain

PROTOCOL = "archive"
BLOCK_BYTES = 256 * 1024
CACHE_BYTES = 64 * 1024 * 1024
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as it was listed: `size` in bytes, and when it was written."""

    bucket: str
    key: str
    etag: str
    size: int
    modified: datetime

    @property
    def uri(self) -> str:
        """For messages."""
        return f"s3://{self.bucket}/{self.key}"


class Blocks:
    """Ranges of listed objects by blocks, the latest of them in memory. For all threads of a process."""

    def __init__(self, client: Any, owner: str = "") -> None:
        self._client = client
        self._more = {"ExpectedBucketOwner": owner} if owner else {}
        self._kept: OrderedDict[tuple[str, str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def read(self, file: Stored, start: int, end: int) -> bytes:
        """Bytes `start` to `end` (exclusive, within the object) of it. Raises OSError."""
        first, last = start // BLOCK_BYTES, (end - 1) // BLOCK_BYTES
        missing = [block for block in range(first, last + 1) if self._known(file, block) is None]
        fetched = self._fetch(file, missing[0], missing[-1]) if missing else {}
        pieces = []
        for block in range(first, last + 1):
            piece = fetched.get(block)
            if piece is None:
                piece = self._known(file, block)
            if piece is None:  # pushed out meanwhile
                piece = self._fetch(file, block, block)[block]
            pieces.append(piece)
        skipped = first * BLOCK_BYTES
        return b"".join(pieces)[start - skipped : end - skipped]

    def warm(self, files: list[Stored]) -> None:
        """Have the ends of files here, several at once."""
        with ThreadPoolExecutor(CONNECTIONS) as workers:
            list(workers.map(lambda file: self.read(file, file.size - 1, file.size), files))

    def _known(self, file: Stored, block: int) -> bytes | None:
        key = (file.key, file.etag, block)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _fetch(self, file: Stored, first: int, last: int) -> dict[int, bytes]:
        end = min(file.size, (last + 1) * BLOCK_BYTES)
        try:
            answer = self._client.get_object(
                Bucket=file.bucket,
                Key=file.key,
                IfMatch=file.etag,
                Range=f"bytes={first * BLOCK_BYTES}-{end - 1}",
                **self._more,
            )
            data: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise OSError(str(explain(error, f"can't read {file.uri}"))) from error
        blocks = {first + at // BLOCK_BYTES: data[at : at + BLOCK_BYTES] for at in range(0, len(data), BLOCK_BYTES)}
        with self._lock:
            for block, piece in blocks.items():
                self._kept[(file.key, file.etag, block)] = piece
            while len(self._kept) > CACHE_BYTES // BLOCK_BYTES:
                self._kept.popitem(last=False)
        return blocks


class ObjectFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Listed objects as DuckDB wants files; their paths are `location`s."""

    protocol = PROTOCOL
    cachable = False

    def __init__(self, blocks: Blocks, files: dict[str, Stored]) -> None:
        super().__init__()
        self._blocks = blocks
        self._files = files

    def glob(self, path: str, **_: Any) -> list[str]:
        """The path itself: patterns are not wanted."""
        return [path] if _key(path) in self._files else []

    def open(self, path: str, mode: str = "rb", **_: Any) -> ObjectFile:  # noqa: ARG002 - there is only reading
        """A file to read."""
        return ObjectFile(self._blocks, self._files[_key(path)])

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        """Its size."""
        return {"name": path, "size": self._files[_key(path)].size, "type": "file"}

    def modified(self, path: str) -> datetime:
        """When it was written."""
        return self._files[_key(path)].modified


class ObjectFile:
    """One object, opened by DuckDB."""

    def __init__(self, blocks: Blocks, file: Stored) -> None:
        self._blocks = blocks
        self._file = file
        self._at = 0
        self.size = file.size
        self.closed = False

    def seek(self, offset: int, whence: int = 0) -> int:
        """As of any file."""
        self._at = offset + (0, self._at, self.size)[whence]
        return self._at

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        end = self.size if size < 0 else min(self.size, self._at + size)
        if end <= self._at:
            return b""
        data = self._blocks.read(self._file, self._at, end)
        self._at = end
        return data

    def close(self) -> None:
        """There is nothing to let go."""
        self.closed = True


def location(key: str) -> str:
    """An object's path in the file system."""
    return f"{PROTOCOL}://{key}"


def _key(path: str) -> str:
    return path.removeprefix(f"{PROTOCOL}://")
