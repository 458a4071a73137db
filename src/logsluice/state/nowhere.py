"""The keeper for what is done once and never resumed: it forgets everything."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from logsluice.state import Changes


class Nowhere:
    """Keeps nothing (`state.Keeper`)."""

    def hold(self, partition: str) -> None:
        """Nobody else can see it."""

    def names(self, beginning: str) -> list[str]:  # noqa: ARG002 - a keeper's signature
        """None."""
        return []

    def entries(self, partition: str) -> dict[bytes, bytes]:  # noqa: ARG002 - a keeper's signature
        """None."""
        return {}

    def find(self, partition: str, keys: Collection[bytes]) -> set[bytes]:  # noqa: ARG002 - a keeper's signature
        """None."""
        return set()

    def write(self, changes: Changes, drop: Iterable[str] = ()) -> None:
        """Forgotten at once."""

    def flush(self) -> None:
        """Nothing is put off."""

    def sync(self) -> None:
        """Nothing is put off."""

    def close(self) -> None:
        """Nothing is put off."""
