"""Questions to an archive: the store's engine over the objects below a prefix, which are listed for each question.

Every object carries its columns and the names of undeclared data in its own metadata, at its end: where Parquet has
what a query reads first anyway. So an archive needs no catalog, and nothing that could disagree with it.
"""

from __future__ import annotations

import tempfile
import threading
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from logsluice.archive import Place
from logsluice.archive.filesystem import Blocks, ObjectFileSystem, Stored, location
from logsluice.aws.listing import Lister
from logsluice.aws.session import AwsOptions
from logsluice.errors import Unavailable, UsageError
from logsluice.store.catalog import DataFile, Snapshot
from logsluice.store.chunk import NO_DATE
from logsluice.store.parquet import KEY, About
from logsluice.store.query.engine import SqlQuery


class ArchiveQuery(SqlQuery):
    """`SqlQuery` over `s3://bucket/prefix`.

    Raises:
        UsageError: There can be no client for S3.
    """

    def __init__(self, uri: str | Path, now: datetime | None = None, aws: AwsOptions | None = None) -> None:
        super().__init__(ArchiveFiles(Place.of(str(uri)), aws or AwsOptions()), now)


class ArchiveFiles:
    """The objects of an archive (`store.query.files.Files`)."""

    def __init__(self, place: Place, aws: AwsOptions) -> None:
        client = aws.client("s3")
        self._place = place
        self._lister = Lister(client, place.bucket)
        self._blocks = Blocks(client)
        self._listed: dict[str, Stored] = {}
        self._abouts: dict[tuple[str, str], About | None] = {}
        self._lock = threading.Lock()
        self._duckdb = duckdb.connect(
            config={"autoinstall_known_extensions": False, "autoload_known_extensions": False}
        )
        self.prepare(self._duckdb)

    def __str__(self) -> str:
        return f"the archive in {self._place}"

    def snapshot(self, since: datetime | None = None, until: datetime | None = None) -> Snapshot:
        """What a listing shows now, of the days of the time range."""
        try:
            listed = {file.key: file for file in self._days(since, until)}
        except Unavailable as fault:
            raise UsageError(str(fault), "try again") from fault
        with self._lock:
            self._listed.update(listed)
            abouts = self._read_abouts(list(listed.values()))
        columns = {(about.format, about.columns.version): about.columns for about in abouts.values()}
        extras: dict[str, set[str]] = {}
        for about in abouts.values():
            extras.setdefault(about.format, set()).update(about.extras)
        files = tuple(
            DataFile(key, about.format, about.date, about.columns.version, 0, listed[key].size, None, None)
            for key, about in abouts.items()
        )
        return Snapshot(files, columns, {name: frozenset(names) for name, names in extras.items()})

    def location(self, file: DataFile) -> str:
        """Its path in our file system."""
        return location(file.path)

    def prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Register our file system; what does not fit into memory goes to the temporary folder."""
        connection.register_filesystem(ObjectFileSystem(self._blocks, self._listed))
        spill = Path(tempfile.gettempdir(), f"logsluice-spill-{uuid.uuid4().hex}")  # made if needed, and removed
        connection.execute("SET temp_directory = ?", [str(spill)])

    def close(self) -> None:
        """Close the connection."""
        self._duckdb.close()

    def _days(self, since: datetime | None, until: datetime | None) -> Iterator[Stored]:
        """The objects below the dates that can have events of the time range."""
        first = "" if since is None else since.astimezone(UTC).date().isoformat()
        last = "9999-99-99" if until is None else until.astimezone(UTC).date().isoformat()
        below = f"{self._place.prefix}format="
        formats = [folder for folder in self._lister.folders(self._place.prefix) if folder.startswith(below)]
        if not formats:
            raise UsageError(f"there is no archive in {self._place}", "name the prefix that has `format=…/` below it")
        for of_format in formats:
            for day in self._lister.folders(of_format):
                date = day.rstrip("/").rpartition("date=")[2]
                if (first <= date <= last) if date != NO_DATE else since is None and until is None:
                    yield from self._objects(day)

    def _objects(self, day: str) -> Iterator[Stored]:
        after, ended = "", False
        while not ended:
            page = self._lister.page(day, after)
            for listed in page.objects:
                found, after = listed.found, listed.found.key
                if self._place.partition(after) is not None and found.size and not listed.archived:
                    modified = datetime.fromtimestamp(listed.modified, UTC)
                    yield Stored(found.bucket, after, found.etag, found.size, modified)
            ended = page.last

    def _read_abouts(self, files: list[Stored]) -> dict[str, About]:
        """What files say of themselves, by key; those that are not ours are left out."""
        unread = {file.key: file for file in files if (file.key, file.etag) not in self._abouts}
        if unread:
            try:
                self._blocks.warm(list(unread.values()))
                said = self._duckdb.execute(
                    "SELECT file_name, value FROM parquet_kv_metadata(?) WHERE key = ?",
                    [[location(key) for key in unread], KEY.encode()],
                ).fetchall()
            except (OSError, duckdb.Error) as error:
                raise UsageError(f"{self} can't be read: {str(error).splitlines()[0]}") from error
            values = dict(said)
            for key, file in unread.items():
                self._abouts[key, file.etag] = _about(values.get(location(key)))
        known = ((file.key, self._abouts[file.key, file.etag]) for file in files)
        return {key: about for key, about in known if about is not None}


def _about(value: bytes | None) -> About | None:
    try:
        return None if value is None else About.load(value)
    except (ValueError, KeyError, TypeError):
        return None
