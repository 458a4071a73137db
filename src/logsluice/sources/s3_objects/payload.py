"""An object of a listing, which knows when it is no longer the one that was listed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from logsluice.aws.objects import S3Payload
from logsluice.errors import Superseded
from logsluice.model import ByteStream


class ListedPayload(S3Payload):
    """As `S3Payload`, for which nobody else announces the newer object.

    Attributes:
        was_replaced: Whether reading it found another object in its place.
    """

    was_replaced = False

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        """Start to read. Raises as `S3Payload.open` does."""
        try:
            with super().open() as stream:
                yield stream
        except Superseded:
            self.was_replaced = True
            raise
