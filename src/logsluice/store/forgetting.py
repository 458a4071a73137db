"""Taking back what a store holds of one origin, so that it can be delivered again (`backfill --replace`)."""

from __future__ import annotations

import contextlib
from pathlib import Path

from logsluice.store.catalog import Catalog, DataFile, Entry
from logsluice.store.rewriting import Rewriter


def forget(catalog: Catalog, folder: Path, id_prefix: str) -> int:
    """Delete every row whose id begins with `<day>.<digest>.`, and the memory of their positions.

    Files that hold rows of other origins too are rewritten without these, and all of it becomes true in one
    transaction. A file of which nothing is left is kept empty until it is compacted, for it says which one it replaces.

    Returns:
        How many rows there were.
    """
    digest = id_prefix.rstrip(".")
    with contextlib.closing(Rewriter(folder)) as rewriter:
        while True:
            old = catalog.holding(digest)
            new = [_without(catalog, rewriter, file, digest) for file in old]
            if rewriter.replace(catalog, old, new, digest):
                return sum(file.rows for file in old) - sum(file.rows for file, _, _ in new)


def _without(catalog: Catalog, rewriter: Rewriter, file: DataFile, digest: str) -> Entry:
    left = [span for span in catalog.ranges_of([file.path]) if span.digest != digest]
    return rewriter.merge([file], rewriter.about(file.path).columns, left, without=f"{digest}.")
