"""Compaction: many small files of one format, day and schema become one.

`python -m logsluice.store.compaction FOLDER` does it in a process of its own, at the lowest priority: that is how a
running pipeline has it done, so that neither its memory nor its interpreter's lock is touched.

The new file is written and synced first. One transaction enters it with all positions of the old ones, and takes those
out; their files go after a grace period (see `retention`). A process that is killed before has changed nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from logsluice.errors import Busy, LogsluiceError
from logsluice.store.catalog import Catalog, DataFile
from logsluice.store.parquet import as_sink_faults
from logsluice.store.rewriting import Rewriter

LARGE_BYTES = 128 * 1024 * 1024
LARGE_ROWS = 1_000_000
"""A file of half as much or more is left as it is; none is made larger."""

ENOUGH_FILES = 8
"""While a pipeline runs, fewer small files are left until there are more."""

_FAIR = 2


def plan(files: Iterable[DataFile], whole: bool = False) -> list[list[DataFile]]:
    """Which files to make one of.

    Without `whole` a file joins only smaller ones that have a fair share of its size together, so that every row is
    rewritten only a few times (the logarithm of a day's files) however often this is called.
    """
    groups: dict[tuple[str, str, str], list[DataFile]] = {}
    for file in files:
        if file.bytes < LARGE_BYTES // 2 and file.rows < LARGE_ROWS // 2:
            groups.setdefault((file.format, file.date, file.schema), []).append(file)
    return [batch for group in groups.values() for batch in _batches(group, whole)]


def _batches(files: Sequence[DataFile], whole: bool) -> Iterator[list[DataFile]]:
    batch: list[DataFile] = []
    size = rows = 0
    for file in sorted(files, key=lambda file: (file.bytes, file.path)):
        full = size + file.bytes > LARGE_BYTES or rows + file.rows > LARGE_ROWS
        uneven = not whole and batch and file.bytes > _FAIR * size
        if full or uneven:
            if _worth_it(batch, whole):
                yield batch
            batch, size, rows = [], 0, 0
        batch.append(file)
        size, rows = size + file.bytes, rows + file.rows
    if _worth_it(batch, whole):
        yield batch


def _worth_it(batch: Sequence[DataFile], whole: bool) -> bool:
    return len(batch) >= (2 if whole else ENOUGH_FILES)


def compact(folder: Path, whole: bool = False) -> Iterator[tuple[int, int]]:
    """Compact a store, one new file after the other.

    Args:
        folder: The store's.
        whole: Leave nothing small that can be merged, whatever the effort.

    Yields:
        How many files became one, and how many rows it has.

    Raises:
        Busy: Another process is at it.
        Sick: The store can't be read or written.
        UsageError: There is no store.
    """
    with (
        as_sink_faults(folder),
        contextlib.closing(Catalog(folder)) as catalog,
        alone(folder),
        contextlib.closing(Rewriter(folder)) as rewriter,
    ):
        for batch in plan(catalog.snapshot().files, whole):
            if done := _merge(catalog, rewriter, batch):
                yield len(batch), done


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """One compacts a store at a time: not for its safety, only to save the work. The lock goes with its process.

    Raises:
        Busy: Another one is at it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise Busy(f"another process is compacting the store in {folder}") from None
    finally:
        os.close(handle)


def _merge(catalog: Catalog, rewriter: Rewriter, batch: Sequence[DataFile]) -> int:
    """The rows of the new file; 0 when somebody else has replaced or dropped one of the batch meanwhile."""
    columns = rewriter.about(batch[0].path).columns
    entry = rewriter.merge(batch, columns, catalog.ranges_of(file.path for file in batch))
    return entry[0].rows if rewriter.replace(catalog, batch, [entry]) else 0


def main(folder: str) -> None:
    """One round, politely."""
    os.nice(19)
    try:
        for _ in compact(Path(folder)):
            pass
    except Busy:
        pass  # another process is at it
    except LogsluiceError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1])
