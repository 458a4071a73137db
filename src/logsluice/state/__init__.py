"""Where positions and ledgers are kept, so that a source goes on where it ended: after a kill, on another machine.

The `state:` of a pipeline names the place: a folder (one SQLite file in it, for all processes of the machine), or
`s3://bucket/prefix` (for tasks that lose their disk; see `logsluice.state.objects`).

State is small entries of bytes by bytes, in partitions with a name of their own: what is read, written and dropped
together belongs into one partition.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from logsluice.aws.session import AwsOptions

Changes: TypeAlias = Mapping[str, Mapping[bytes, bytes | None]]
"""By partition: each key with its new value, None to remove it."""


class Keeper(Protocol):
    """Keeps entries (at most 255 bytes a key) by partition. For all threads of a process."""

    def hold(self, partition: str) -> None:
        """Say that we are the one who writes this partition and its relatives; another live one is warned of."""

    def names(self, beginning: str) -> list[str]:
        """The partitions whose names begin so, sorted."""

    def entries(self, partition: str) -> dict[bytes, bytes]:
        """All of a partition; empty for one that does not exist."""

    def find(self, partition: str, keys: Collection[bytes]) -> set[bytes]:
        """Which of these keys a partition has."""

    def write(self, changes: Changes, drop: Iterable[str] = ()) -> None:
        """Make changes, in order, and then drop partitions. Durable some seconds later, or after `sync`.

        A keeper may do all of it at once or one partition after the other; never in another order.

        Raises:
            SourceFault: It can't be written now, or not all of it: write the same again later.
        """

    def flush(self) -> None:
        """Carry out what `write` has put off, as far as it is time. Raises SourceFault as `write` does."""

    def sync(self) -> None:
        """Carry out all that is put off, now. Raises SourceFault as `write` does."""

    def close(self) -> None:
        """Carry out all that is put off. Raises SourceFault as `write` does."""


def open_state(place: str, aws: AwsOptions, base: Path) -> Keeper:
    """The keeper of a place.

    Args:
        place: A folder, which is made when there is none, or `s3://bucket/prefix`.
        aws: For S3: how to reach it.
        base: What a relative folder starts from.

    Raises:
        UsageError: The place can't be used, with what to do.
    """
    if place.startswith("s3://"):
        from logsluice.state.objects import ObjectKeeper

        return ObjectKeeper(place, aws)
    from logsluice.state.local import LocalKeeper

    return LocalKeeper(base / place)
