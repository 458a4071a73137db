"""Into local files, one JSON document a line (NDJSON) unless `codec` says otherwise.

::

    outputs:
      - file:
          path: "/var/log/aws/%{[@metadata][format]}/%{+yyyy-MM-dd}.ndjson"
          rotate_size: 256MiB

`path` takes `%{field}` and `%{+yyyy-MM-dd}`. An event that lacks such a field is rejected, and so is one whose value
would lead out of the folder that the path begins with: `..`, a path from the root. A `/` within a value makes a folder.

`codec` is one of those of `stdout`: `ndjson`, `{ndjson: …}`, `pretty`, `rubydebug`, `dots`, `{line: "%{message}"}`,
`{plain: …}`.

A line is confirmed when it is on the disk (fsync). `gzip: true` writes a gzip member for each request; any reader of
gzip reads them as one file, and a name that ends in `.gz` tells it so. A file over `rotate_size`, or written for longer
than `rotate_after`, is renamed to a name with the time in it (`2026-01-31.20260131T120000Z.ndjson`) at the next write.

**Repeats are written again**: lines can't be found again by their id. While the program runs nothing is sent twice;
after a crash the deliveries that were in hand come back, and their lines with them. Use `store` or `opensearch` where
each event must be there once. What a killed process left of a line, never confirmed, is cut off at the next start.

A file that somebody removes or renames (logrotate) is made again at the next write. `rotate_size: null` never renames.

Several processes never write one file: it is locked, and the next process takes `2026-01-31.2.ndjson`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from logsluice.components import Context, Options
from logsluice.config.types import Duration, Size
from logsluice.errors import Sick
from logsluice.lang.as_json import dumps
from logsluice.lang.templates import Template
from logsluice.model import Encoded, Event, Sent
from logsluice.sinks._appended import AppendedFile, make_folder
from logsluice.sinks._codecs import OutputCodec, Plain, is_ndjson, writer
from logsluice.sinks._documents import Documents, DocumentSink

OPEN_FILES = 64
"""How many stay open; the one that was not written to for longest is closed for another."""

NAME_BYTES = 200
"""Linux allows 255 in a name; what is left is for the time that rotation puts in."""

PATH_BYTES = 3000


def _mode(value: object) -> object:
    try:
        return None if value is None else int(str(value).removeprefix("0o"), 8)
    except ValueError:
        raise ValueError("permissions are written in octal, such as 0640") from None


class Config(Options):
    """Options of the `file` output."""

    path: str = Field(min_length=1, description="The file's name, with %{field} and %{+yyyy-MM-dd}.")
    gzip: bool = Field(False, description="Compress; let `path` end in .gz then.")
    codec: OutputCodec = Field("ndjson", description="How an event is written.")
    rotate_size: Size | None = Field(256 * 1024 * 1024, ge=1024, description="A file larger than this is renamed.")
    rotate_after: Duration | None = Field(None, gt=0, description="So is one that was begun so long ago.")
    mode: Annotated[int | None, BeforeValidator(_mode, json_schema_input_type=str | int)] = Field(
        None, ge=0, le=0o777, description="Permissions of the files, such as 0640; else as the umask says."
    )

    @field_validator("path")
    @classmethod
    def _path(cls, text: str) -> str:
        Template(text)
        if text.endswith("/"):
            raise ValueError("`path` names a file, and this ends in /")
        return text


def build(config: Config, context: Context) -> FileSink:
    """The sink; relative paths start from the context's folder."""
    return FileSink(config, context)


def concerns(config: Config, context: Context) -> Iterator[tuple[str, str]]:  # noqa: ARG001 - every module's is so
    """What works today and will be regretted: see `logsluice.components`."""
    if config.gzip is not config.path.endswith(".gz"):
        yield "gzip", "whoever reads the file takes it for the other kind: a name that ends in .gz, or none, tells it"


@dataclass(slots=True)
class _Lines(Documents):
    """Documents, and the file that each is for."""

    paths: list[str] = field(default_factory=list)


class FileSink(DocumentSink):
    """A `Sink` into files that grow. A repeat is written again."""

    idempotent = False
    request_bytes = 4 * 1024 * 1024
    request_events = 16_384

    def __init__(self, config: Config, context: Context) -> None:
        self._config = config
        self._write = writer(config.codec, context.timestamps)
        self._template = Template(config.path)
        fixed = config.path.partition("%{")[0]
        self._skip = fixed.rfind("/") + 1
        self._folder = (context.base / fixed[: self._skip]).absolute()
        self._open: OrderedDict[str, AppendedFile] = OrderedDict()
        self._one_at_a_time = threading.Lock()

    def open(self) -> None:
        """Make the folder that the path begins with. Raises Sick."""
        try:
            make_folder(self._folder)
        except OSError as error:
            raise _sick(error, str(self._folder)) from error

    def encode(self, events: Sequence[Event], refuse: Callable[[int, str], None]) -> Encoded:
        """Lines, and where each is to go."""
        body, metadata = _Lines(), list[dict[str, Any]]()
        for index, event in enumerate(events):
            try:
                path = self._path_of(event)
                body.data += self._write(event)
            except ValueError as error:
                refuse(index, str(error))
                continue
            body.end()
            body.paths.append(path)
            metadata.append(event.get("@metadata", {}))
        return Encoded(body, metadata, len(body.data))

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        body, metadata = _Lines(), list[dict[str, Any]]()
        for part in parts:
            body.add_all(part.body)
            body.paths += part.body.paths
            metadata += part.metadata
        return Encoded(body, metadata, len(body.data))

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        picked = super().pick(encoded, indexes)
        paths = [encoded.body.paths[index] for index in indexes]
        return Encoded(_Lines(picked.body.data, picked.body.ends, paths), picked.metadata, picked.size)

    def document(self, encoded: Encoded, index: int) -> bytes:
        """What was to be written, as JSON."""
        written = super().document(encoded, index)
        return written if is_ndjson(self._config.codec) else dumps({"message": written.decode()})

    def send(self, encoded: Encoded) -> Sent:
        """Append to every file that is meant; one that can't be written leaves the others alone."""
        lines: _Lines = encoded.body
        by_path: dict[str, list[int]] = {}
        for index, path in enumerate(lines.paths):
            by_path.setdefault(path, []).append(index)
        sent = Sent()
        with self._one_at_a_time:
            for path, indexes in by_path.items():
                whole = len(by_path) == 1
                try:
                    self._append(path, lines.data if whole else b"".join(lines[index] for index in indexes))
                except (NotADirectoryError, IsADirectoryError) as error:  # two events' values want it to be both
                    sent.rejected |= dict.fromkeys(indexes, f"{path}: {error.strerror}")
                except OSError as error:
                    sent.failed |= dict.fromkeys(indexes, _sick(error, path))
        return sent

    def close(self) -> None:
        """Close every file; all that was confirmed is on the disk."""
        with self._one_at_a_time:
            while self._open:
                self._open.popitem()[1].close()

    def _append(self, path: str, data: bytes | bytearray) -> None:
        file = self._file(path)
        config = self._config
        try:
            size = file.size + (0 if config.gzip else len(data))
            full = config.rotate_size is not None and size > config.rotate_size
            old = config.rotate_after is not None and file.age > config.rotate_after
            if file.size and (full or old):
                file.rotate()
            file.append(data)
        except OSError:  # opened afresh the next time, it is mended then
            self._open.pop(path).close()
            raise

    def _file(self, path: str) -> AppendedFile:
        file = self._open.get(path)
        if file is not None and not file.is_there:
            self._open.pop(path).close()
            file = None
        if file is None:
            while len(self._open) >= OPEN_FILES:
                self._open.popitem(last=False)[1].close()
            codec = self._config.codec
            file = self._open[path] = AppendedFile(
                self._folder / path,
                self._config.gzip,
                self._config.mode,
                of_lines=not isinstance(codec, Plain) and codec != "dots",
                start=b"{" if is_ndjson(codec) else b"",
            )
        self._open.move_to_end(path)
        return file

    def _path_of(self, event: Event) -> str:
        """Where an event goes, below the folder. Raises ValueError when a value would lead elsewhere."""
        text = self._template.resolve(event)
        if text is None:
            raise ValueError(f"the event lacks a field of the path {self._config.path!r}")
        path = text[self._skip :]
        parts = path.split("/")
        if "\0" in path or any(part in ("", ".", "..") for part in parts):
            raise ValueError(f"the event's values lead out of the folder or to no file: {text[:200]!r}")
        encoded = path.encode()
        if len(encoded) > PATH_BYTES or any(len(part) > NAME_BYTES for part in encoded.split(b"/")):
            raise ValueError(f"the event's values make a name that is too long: {text[:200]!r}")
        return path


def _sick(error: OSError, path: str) -> Sick:
    return Sick(f"the file {path} can't be written: {error.strerror or error}", scope=path)
