"""The files that are known, and how far each is settled: in memory, and in the pipeline's state."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from logsluice.model import Origin
from logsluice.sources.files.identity import Beginnings, Known, digest, forgotten

if TYPE_CHECKING:
    from logsluice.state import Keeper


class Positions:
    """Not locked: its source is.

    Args:
        make_keeper: Opens the state.
        partition: The part of it that is ours.
    """

    def __init__(self, make_keeper: Callable[[], Keeper], partition: str) -> None:
        self._make_keeper = make_keeper
        self._partition = partition
        self._known: dict[bytes, Known] = {}
        self._changed: set[bytes] = set()
        self._now, self._at_first = Beginnings(), Beginnings()

    def __len__(self) -> int:
        return len(self._known)

    def open(self) -> None:
        """Read what an earlier run left. Raises UsageError."""
        self._keeper = self._make_keeper()
        self._keeper.hold(self._partition)
        entries = self._keeper.entries(self._partition)
        for value in entries.values():
            self._enter(Known.load(value))

    def alike(self, head: bytes) -> list[Known]:
        """The files that began so when they were last seen."""
        return [self._known[key] for key in self._now.of(head)]

    def began_alike(self, head: bytes) -> list[bytes]:
        """The keys of files that began so when they were first seen."""
        return self._at_first.of(head)

    def new(self, path: Path, head: bytes) -> Known:
        """An entry for a file that is none of those known; `note` enters it."""
        fingerprint = digest(head)
        same = (self._known[key] for key in self._at_first.of(head))
        generations = [known.generation for known in same if known.fingerprint == fingerprint]
        generation = max(generations, default=-1) + 1
        return Known(fingerprint, len(head), generation, str(path.absolute()), fingerprint, len(head))

    def note(self, known: Known) -> None:
        """It is new or has changed: it will be saved."""
        self._enter(known)
        self._changed.add(known.key)

    def inside(self, known: Known, salt: str) -> Origin | None:
        """The origin of the followed file whose bytes a compressed one holds."""
        followed = self._known.get(known.inside.encode())
        return None if followed is None else followed.origin(salt)

    def save(self) -> None:
        """Write what has changed, and forget what is long gone. Raises SourceFault, and keeps it for the next time."""
        for known in list(forgotten(self._known.values())):
            self._leave(known.key)
            self._changed.add(known.key)
        if self._changed:
            entries = {key: self._known[key].dump() if key in self._known else None for key in self._changed}
            self._keeper.write({self._partition: entries})
            self._changed.clear()

    def flush(self) -> None:
        """Make it durable, as far as it is time. Raises SourceFault."""
        self._keeper.flush()

    def close(self) -> None:
        """Make all of it durable. Raises SourceFault."""
        self._keeper.close()

    def _enter(self, known: Known) -> None:
        self._known[known.key] = known
        self._now.put(known.key, known.length, known.head)
        self._at_first.put(known.key, known.began, known.fingerprint)

    def _leave(self, key: bytes) -> None:
        del self._known[key]
        self._now.remove(key)
        self._at_first.remove(key)
