"""What `ship` is made of: where the bytes come from, how they are counted, and the pipeline between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from logsluice.cli.messages import Misused
from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.delivery.dead_letter import DeadLetter, open_dead_letter
from logsluice.delivery.policies import Policies
from logsluice.errors import UsageError
from logsluice.model import ByteStream, Delivery, Filter, Format, Origin, Outcome, Payload, Sink, Source
from logsluice.pipeline import Output, Pipeline
from logsluice.telemetry.counters import Counters

if TYPE_CHECKING:
    from logsluice.sources import s3_objects

WORKERS = 2

ONCE_ONLY = Policies({"denied": "dead_letter", "missing_or_denied": "dead_letter", "missing": "dead_letter"})
"""A person waits: what may not be read is set aside and said, not waited for."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where events go, as `--to` says it."""

    sink: Sink
    name: str
    keeps_rejects: bool
    """Whether rejects go to a dead letter by default; a stream on standard output leaves no files behind."""


def target(to: str, store: Path, context: Context, ca_file: Path | None = None) -> Target:
    """The output for `stdout`, `store` or `https://[user:password@]host[:port][/index]`.

    Args:
        to: One of these.
        store: The store's folder.
        context: Of the pipeline.
        ca_file: The authorities that a cluster's certificate is checked with, instead of the system's.

    Raises:
        UsageError: It is none of these.
    """
    from logsluice.sinks import stdout
    from logsluice.sinks import store as embedded

    if ca_file is not None and not to.startswith("https://"):
        raise Misused("--ca-file is for --to https://host/index", "leave it out")
    if to == "stdout":
        return Target(stdout.build(stdout.Config(), context), "stdout", keeps_rejects=False)
    if to == "store":
        return Target(embedded.build(embedded.Config(path=store), context), "store", keeps_rejects=True)
    if to.startswith(("http://", "https://")):
        return Target(_cluster(to, context, ca_file), "opensearch", keeps_rejects=True)
    raise Misused(f"there is no target {to!r}", "give --to stdout, --to store or --to https://host/index")


def _cluster(url: str, context: Context, ca_file: Path | None) -> Sink:
    from logsluice.cluster.address import from_url, index_of
    from logsluice.sinks import opensearch

    try:
        return opensearch.build(from_url(opensearch.Config, url, index=index_of(url) or None, ca_file=ca_file), context)
    except UsageError as error:
        raise Misused(f"--to can't be used: {error}", error.hint) from None


def source_of(paths: Sequence[str]) -> Source:
    """Files and folders, or one `s3://bucket/prefix`.

    Raises:
        UsageError: Both kinds at once, or a bucket without a name.
    """
    from logsluice.sources import files

    prefixes = [path for path in paths if path.startswith("s3://")]
    if not prefixes:
        return files.build(files.Config(paths=tuple(paths)), Context())
    if len(paths) > 1:
        raise Misused("one s3:// prefix at a time, without other paths", "run ship once for each")
    from logsluice.sources.s3_objects.source import S3ObjectsSource
    from logsluice.state.nowhere import Nowhere

    return S3ObjectsSource(listing(prefixes[0]), Nowhere, "ship", must_find=True)


def listing(place: str, **more: Any) -> s3_objects.Config:
    """What lists `s3://bucket/prefix` once.

    Args:
        place: Where.
        more: Other options of the source `s3_objects`; None for its default.

    Raises:
        Misused: It can't be listed so.
    """
    from pydantic import ValidationError

    from logsluice.config.explain import explain
    from logsluice.sources import s3_objects

    bucket, _, prefix = place.removeprefix("s3://").partition("/")
    if not place.startswith("s3://") or not bucket:
        raise Misused(f"{place} names no bucket", "write s3://bucket/prefix")
    options = {"bucket": bucket, "prefix": prefix, "interval": "once", "retry_delay": "2s", "retry_delay_max": "1m"}
    options |= {name: value for name, value in more.items() if value is not None}
    try:
        return s3_objects.Config.model_validate(options)
    except ValidationError as error:
        said = "; ".join(message for _, message in explain(error, s3_objects.Config, options))
        raise Misused(f"{place} can't be listed: {said}", "write s3://bucket/prefix") from None


def keep_apart(paths: Sequence[str], *written: str | Path) -> None:
    """Make sure that nothing is read that is being written.

    Raises:
        UsageError: A folder to be read holds a folder to be written.
    """
    folders = [path for path in paths if Path(path).is_dir()]
    for place in written:
        for folder in folders:
            if not str(place).startswith("s3://") and Path(place).resolve().is_relative_to(Path(folder).resolve()):
                raise Misused(
                    f"{place} is to be written and lies within {folder}, which is to be read",
                    "give --store and --dead-letter folders elsewhere",
                )


def pipeline(
    name: str,
    chosen: Format,
    to: Target,
    dead_letter: str | None,
    filters: Sequence[Filter],
    counters: Counters,
) -> Pipeline:
    """The pipeline, ready to run."""
    return Pipeline(
        name,
        Decoder(chosen, count=counters.add),
        [Output(to.name, to.sink)],
        DeadLetter(None) if dead_letter is None else open_dead_letter(dead_letter),
        filters=filters,
        policies=ONCE_ONLY,
        workers=WORKERS,
        counters=counters,
    )


class Metered:
    """A source whose bytes are counted as they are read, for a progress bar (`model.Source`).

    Attributes:
        read: Bytes as stored that were read so far.
        ended: Whether the source came to its end, rather than being stopped.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        self.visibility = source.visibility
        self.read = 0
        self.ended = False

    @property
    def total(self) -> int | None:
        """Bytes that there are to read, None when that is not known."""
        return getattr(self.source, "total_bytes", None)

    @property
    def failure(self) -> UsageError | None:
        """Why the source ended early, None when it did not."""
        return getattr(self.source, "failure", None)

    def open(self) -> None:
        """As the source."""
        self.source.open()

    def receive(self, wait: float) -> Sequence[Delivery] | None:
        """As the source, with payloads that count."""
        batch = self.source.receive(wait)
        if batch is None:
            self.ended = True
            return None
        for delivery in batch:
            delivery.payloads = [
                p if isinstance(p, _MeteredPayload) else _MeteredPayload(p, self) for p in delivery.payloads
            ]
        return batch

    def extend(self, delivery: Delivery) -> bool:
        """As the source."""
        return self.source.extend(delivery)

    def settle(self, delivery: Delivery, outcome: Outcome) -> None:
        """As the source."""
        self.source.settle(delivery, outcome)

    def flush(self) -> None:
        """As the source."""
        self.source.flush()

    def close(self) -> None:
        """As the source."""
        self.source.close()


class _MeteredPayload:
    def __init__(self, payload: Payload, meter: Metered) -> None:
        self._payload = payload
        self._meter = meter

    @property
    def origin(self) -> Origin:
        return self._payload.origin

    @property
    def size(self) -> int | None:
        return self._payload.size

    def modified(self) -> datetime | None:
        return self._payload.modified()

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        with self._payload.open() as stream:
            yield _MeteredStream(stream, self._meter)


class _MeteredStream:
    def __init__(self, stream: ByteStream, meter: Metered) -> None:
        self._stream = stream
        self._meter = meter

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._meter.read += len(data)
        return data
