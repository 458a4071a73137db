"""An object of a listing, which tells when it is no longer the one that was listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from logsluice.aws.listing import Listed
from logsluice.aws.objects import Reading, S3Payload
from logsluice.errors import Superseded
from logsluice.model import ByteStream


class ListedPayload(S3Payload):
    """As `S3Payload`, for which nobody else announces the newer object.

    Args:
        client: A boto3 S3 client.
        listed: Which object.
        salt: See `Origin.salt`.
        reading: How it is read.
        replaced: Called with the key when the object was replaced since it was listed.
    """

    def __init__(
        self, client: Any, listed: Listed, salt: str, reading: Reading, replaced: Callable[[str], None]
    ) -> None:
        super().__init__(client, listed.found, salt, reading)
        self._replaced = replaced

    @contextmanager
    def open(self) -> Iterator[ByteStream]:
        """Start to read. Raises as `S3Payload.open` does."""
        try:
            with super().open() as stream:
                yield stream
        except Superseded:
            self._replaced(self._announcement.key)
            raise
