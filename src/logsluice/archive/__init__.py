"""The archive in S3: a store's Parquet files without a catalog; where they lie, and the ways to read them again.

An object is named `<prefix>format=<format>/date=<day>/<window>.parquet`. The window is where its rows begin in what
they were read from: `<day of the key>.<digest>.<position>`, the id of its first record. So a repeat overwrites itself.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from logsluice.store.parquet import safe

_WINDOW = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_KEY = re.compile(r"format=([^/]+)/date=([^/]+)/([^/]+)\.parquet")


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket and a prefix in it, which is empty or ends with a slash."""

    bucket: str
    prefix: str

    @classmethod
    def of(cls, uri: str) -> Place:
        """From `s3://bucket/prefix`. Raises ValueError where it is none."""
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        if not uri.startswith("s3://") or not bucket:
            raise ValueError("must be s3://bucket/prefix")
        prefix = prefix.strip("/")
        return cls(bucket, f"{prefix}/" if prefix else "")

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"

    def key(self, format_name: str, date: str, window: str) -> str:
        """Where the rows of one window, format and day belong."""
        return f"{self.prefix}format={safe(format_name)}/date={date}/{safe_window(window)}.parquet"

    def partition(self, key: str) -> tuple[str, str] | None:
        """The format (as in the path) and date of an object, None where it is none of the archive's."""
        found = _KEY.fullmatch(key.removeprefix(self.prefix))
        return None if found is None else (found[1], found[2])


def safe_window(window: str) -> str:
    """A window's name as a part of a key: a digest of it where it has characters that are unusual there."""
    if _WINDOW.fullmatch(window):
        return window
    return hashlib.blake2b(window.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()
