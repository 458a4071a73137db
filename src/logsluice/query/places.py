"""Which backend answers for a place: the one table of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from logsluice.query.backend import Backend


def open_backend(place: str, now: datetime | None = None, ca_file: Path | None = None) -> Backend:
    """The backend for a place; close it.

    Args:
        place: `https://[user:password@]host[:port][/index]` (see `logsluice.cluster.address`),
            `s3://bucket/prefix` of an archive, or a store's folder.
        now: What `now` means in queries; the present by default.
        ca_file: For a cluster: authorities to trust instead of the system's, in PEM form.

    Raises:
        UsageError: There is no such place, or it can't be used; with what to do.
    """
    if place.startswith(("https://", "http://")):
        return _cluster(place, now, ca_file)
    if place.startswith("s3://"):
        from logsluice.archive.query import ArchiveQuery

        return ArchiveQuery(place, now)
    from logsluice.store.query import StoreQuery

    return StoreQuery(place, now)


def _cluster(url: str, now: datetime | None, ca_file: Path | None) -> Backend:
    from logsluice.cluster.address import from_url, index_of
    from logsluice.cluster.connection import ConnectionOptions, connect
    from logsluice.cluster.query import ClusterQuery
    from logsluice.cluster.templates import pattern_of

    options = from_url(ConnectionOptions, url, ca_file=ca_file)
    return ClusterQuery(connect(options, Path()), pattern_of(index_of(url)) or "logsluice-*", now)
