"""Every error that logsluice raises on purpose.

::

    LogsluiceError
    ├── ConfigError           a configuration can't be used: every problem at once, each with its place
    ├── UsageError            the command can't do what was asked: one sentence and what to do next
    ├── QueryError            a search query can't be read: the position in it and why
    ├── Unparsable            one record is not of its format; a value as often as an exception
    ├── Undecidable           a condition can't be decided for one event
    ├── SourceFault           a payload can't be read; its `kind` is what the `on:` policies speak of
    │   ├── Missing               the object is gone
    │   ├── Denied                no permission for the object
    │   ├── MissingOrDenied       403 without s3:ListBucket: S3 does not say which
    │   ├── Superseded            the object was replaced after it was announced
    │   ├── Corrupt               compression or framing is broken
    │   ├── TooLarge              over a limit of size or of expansion
    │   ├── Archived              in Glacier, not restored
    │   ├── NotANotification      a message whose body announces no object
    │   └── Unavailable           transport or the service: tried again, never a verdict on the object
    └── SinkFault             an output could not take documents, through no fault of theirs
        ├── Busy                  429, 5xx, transport: back off and send again
        └── Sick                  the cluster's or the configuration's fault: pause until cured
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


class LogsluiceError(Exception):
    """The root of the tree: catching it catches what logsluice raises on purpose, and no programming error."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration.

    Attributes:
        message: One sentence: what is wrong and, where one is near, the name that was probably meant.
        file: The file's name as the user gave it, `<text>` for text from the command line.
        line: Counted from 1, 0 when no line can be named. Likewise `column`.
        option: The option's path, such as `pipelines[0].source.queue`.
        severity: `error` stops the program, `warning` does not.
    """

    message: str
    file: str = ""
    line: int = 0
    option: str = ""
    severity: str = "error"
    column: int = 0

    def __str__(self) -> str:
        line = f":{self.line}{f':{self.column}' if self.column else ''}" if self.line else ""
        place = f"{self.file}{line}: " if self.file or line else ""
        return f"{place}{self.option + ': ' if self.option else ''}{self.message}"


class ConfigError(LogsluiceError):
    """A configuration that can't be used, with all its problems at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, problems)))


class UsageError(LogsluiceError):
    """What was asked can't be done; the message is one sentence for the user, `hint` what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


class QueryError(LogsluiceError):
    """A search query that can't be read; `position` counts characters of the query from 0."""

    def __init__(self, message: str, query: str = "", position: int = 0) -> None:
        self.query = query
        self.position = position
        super().__init__(message)


class Unparsable(LogsluiceError):
    """One record is not of its format. Parsers hand it back as a value, beside the events of its neighbours."""


class Undecidable(LogsluiceError, ValueError):
    """A condition that can't be decided for one event; the message says why.

    Raised by compiled conditions: under Logstash's semantics for an ordering of values that have none, and under
    both when a regular expression takes too long.
    """


class SourceFault(LogsluiceError):
    """A payload can't be read. `kind` names the policy (`on: {kind: ...}`) that decides what becomes of it."""

    kind: ClassVar[str] = "unavailable"


class Missing(SourceFault):
    """The object is gone: 404 NoSuchKey."""

    kind = "missing"


class Denied(SourceFault):
    """No permission: 403 where the permission to list the bucket is there."""

    kind = "denied"


class MissingOrDenied(SourceFault):
    """403 without `s3:ListBucket`, which S3 gives for a missing key as well (Amazon S3 API Reference, GetObject)."""

    kind = "missing_or_denied"


class Superseded(SourceFault):
    """412: the object's ETag is no longer the announced one; the newer notification brings the newer object."""

    kind = "superseded"


class Corrupt(SourceFault):
    """The bytes are all there and can't be decompressed or framed."""

    kind = "corrupt"


class TooLarge(SourceFault):
    """Over a limit of object size, or a compressed stream that grows absurdly."""

    kind = "too_large"


class Archived(SourceFault):
    """403 InvalidObjectState: the object is in an archive storage class and not restored."""

    kind = "archived"


class NotANotification(SourceFault):
    """A queue message whose body announces no object."""

    kind = "not_a_notification"


class Unavailable(SourceFault):
    """Transport, throttling or a 5xx: always tried again."""

    kind = "unavailable"


class SinkFault(LogsluiceError):
    """An output could not take documents, through no fault of theirs.

    Attributes:
        scope: What is affected: an index's name, or "" for the whole output. One sick index blocks no other.
    """

    def __init__(self, message: str, scope: str = "") -> None:
        self.scope = scope
        super().__init__(message)


class Busy(SinkFault):
    """The output is there and asks for time, or the network failed: sent again after a growing delay."""


class Sick(SinkFault):
    """The cluster or the configuration must be mended (auth, shard limit, read-only block): pause, say so, probe."""
