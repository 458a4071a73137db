"""Writes events to an archive in S3: Parquet files that Athena, Trino, Spark and DuckDB read as they are.

    outputs:
      - archive: {to: "s3://log-archive/alb/"}

Every declared field of a format is a typed column, as in the `store` output, and the rest is kept as JSON. Objects are
named `format=alb/date=2026-01-31/<day>.<digest>.<position>.parquet`: by the day of the events, and by where they were
read. What is read is divided into windows of a few MiB whose ends depend on its bytes alone, and each window gives an
object for each format and day in it. So a repeat writes the same objects again, and nothing is there twice.

Small inputs give small objects: one for each at least. Have AWS deliver larger ones, or let Athena rewrite old days.

`logsluice search --store s3://log-archive/alb/` answers from it, `logsluice ship s3://log-archive/alb/ --to …` brings
the events back under their ids, and `logsluice archive ddl` prints the tables for Athena and Trino.

**Permissions:** `s3:PutObject` below the prefix; with `sse: aws:kms` also `kms:GenerateDataKey` for the key.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from logsluice.archive import Place
from logsluice.archive.workspace import workspace
from logsluice.components import Context
from logsluice.errors import Sick, SinkFault
from logsluice.model import Encoded, Sent
from logsluice.sinks._objects import ObjectOptions, put
from logsluice.sinks._rows import RowSink
from logsluice.store.chunk import Chunk, Part
from logsluice.store.converting import Converter
from logsluice.store.parquet import About

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOW_BYTES = 5 * 1024 * 1024


def _place(uri: str) -> str:
    Place.of(uri)
    return uri


class Config(ObjectOptions):
    """Options of the `archive` output."""

    to: Annotated[str, AfterValidator(_place)] = Field(description="Where the objects go: s3://bucket/prefix.")
    storage_class: (
        Literal["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR", "EXPRESS_ONEZONE"] | None
    ) = Field(None, description="The objects' storage class, one that can be read at once; else the bucket's own.")

    @property
    def writes(self) -> tuple[str, ...]:
        """The prefix."""
        return (str(Place.of(self.to)),)

    @property
    def overwrites(self) -> bool:
        """Objects are named by windows of the input."""
        return True


def build(config: Config, context: Context) -> ArchiveSink:
    """The sink for a pipeline."""
    return ArchiveSink(config, context)


def probe(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - as every component's
    """Live: whether the bucket is there. Raises LogsluiceError: it is not, or there is no way to it."""
    from logsluice.aws.listing import Lister, look_into

    place = Place.of(config.to)
    if why := look_into(Lister(config.aws.client("s3"), place.bucket, config.expected_owner or ""), place.prefix):
        yield "to", f"{why}, so whether objects may be written shows with the first one"


class ArchiveSink(RowSink):
    """A `Sink` of Parquet objects; `Windowed`: a request of it holds whole windows."""

    window_bytes = WINDOW_BYTES
    request_bytes = 1024 * 1024  # as few windows as can be: what is joined is there twice for a moment

    def __init__(self, config: Config, context: Context) -> None:
        super().__init__(context.formats)
        self._config = config
        self._place = Place.of(config.to)
        self._arguments = config.arguments(StorageClass=config.storage_class)
        self._client: Any = None
        self._folder = Path()
        self._converter: Converter | None = None
        self._opened = ExitStack()

    def open(self) -> None:
        """Make the client and a temporary folder. Raises UsageError as `AwsOptions.client` does, or Sick."""
        self._client = self._config.aws.client("s3")
        with ExitStack() as opened:
            try:
                self._folder = opened.enter_context(workspace())
                (self._folder / "_tmp").mkdir()
            except OSError as error:
                raise Sick(f"no temporary folder can be made: {error.strerror or error}") from error
            self._converter = Converter(self._folder)
            opened.callback(self._converter.close)
            self._opened = opened.pop_all()

    def send(self, encoded: Encoded) -> Sent:
        """One object after the other; from the first that can't be written, all are to be sent again."""
        done = 0
        for window, chunk, metadata in _windows(encoded):
            try:
                for part in chunk.parts(metadata):
                    extras = sorted(name for format_, name in chunk.extras if format_ == part.format)
                    self._put(window, part.without(set()), extras)
            except SinkFault as fault:
                return Sent(failed=dict.fromkeys(range(done, len(encoded)), fault))
            done += len(metadata)
        return Sent()

    def close(self) -> None:
        """Remove the temporary folder."""
        self._opened.close()

    def _put(self, window: str, part: Part, extras: Sequence[str]) -> None:
        key = self._place.key(part.format, part.date, window)
        put(self._client, self._place.bucket, key, self._parquet(part, extras), self._arguments)

    def _parquet(self, part: Part, extras: Sequence[str]) -> bytes:
        import duckdb

        assert self._converter is not None, "open() comes first"
        about = About(part.format, part.date, part.columns, part.ranges(), extras)
        try:
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                target = Path(folder) / "rows.parquet"
                self._converter.to_parquet(target, part, about.options())
                return target.read_bytes()
        except OSError as error:
            raise Sick(f"the archive's temporary folder can't be written: {error.strerror or error}") from error
        except duckdb.Error as error:
            raise Sick(f"no Parquet file can be made: {str(error).splitlines()[0]}") from error


def _windows(encoded: Encoded) -> Iterator[tuple[str, Chunk, list[dict[str, Any]]]]:
    """The rows window by window; one that lies in none that anybody knows of is a window of its own."""
    start = 0
    for window, group in groupby(enumerate(encoded.metadata), key=lambda pair: _window(encoded, pair[0])):
        indexes = [index for index, _ in group]
        metadata = encoded.metadata[start : start + len(indexes)]
        start += len(indexes)
        yield window, encoded.body if len(indexes) == len(encoded) else encoded.body.pick(indexes), metadata


def _window(encoded: Encoded, index: int) -> str:
    about = encoded.metadata[index]
    chunk: Chunk = encoded.body
    return str(about.get("window") or about.get("_id") or blake2b(chunk.line(index), digest_size=10).hexdigest())
