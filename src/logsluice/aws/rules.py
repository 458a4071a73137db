"""Which objects may be read, and which are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import regex
from pydantic import AfterValidator

from logsluice.aws.envelopes import Announcement

PATTERN_TIMEOUT_SECONDS = 1.0
"""For one key of at most a kilobyte: a pattern that needs longer is catastrophic."""


def _pattern(text: str) -> str:
    try:
        regex.compile(text)
    except regex.error as error:
        raise ValueError(f"this regular expression can't be read: {error}") from None
    return text


KeyPattern: TypeAlias = Annotated[str, AfterValidator(_pattern)]
"""An option: a regular expression over object keys."""


class Rules:
    """What the configuration says of buckets and keys.

    Args:
        buckets: `name`, `name/prefix/`, `*`; none allows every bucket, and whoever reads must check its owner.
        include: A pattern that wanted keys hold.
        exclude: A pattern that no wanted key holds.
        done: Bucket and prefix to which objects are moved when they are done; they are not wanted again there.
    """

    def __init__(
        self,
        buckets: Sequence[str],
        include: str | None = None,
        exclude: str | None = None,
        done: tuple[str, str] = ("", ""),
    ) -> None:
        self._allowed = [rule.removeprefix("s3://").partition("/")[::2] for rule in buckets]
        self._include = regex.compile(include) if include else None
        self._done_bucket, self._done_prefix = done
        self._exclude = regex.compile(exclude) if exclude else None

    def allow(self, found: Announcement) -> bool:
        """Whether the configuration allows reading the object."""
        return not self._allowed or any(
            name in (found.bucket, "*") and found.key.startswith(prefix) for name, prefix in self._allowed
        )

    def want(self, found: Announcement) -> bool:
        """Whether the key is one to read."""
        if found.bucket == self._done_bucket and found.key.startswith(self._done_prefix):
            return False
        if self._include is not None and not holds(self._include, found.key, when_unsure=True):
            return False
        return self._exclude is None or not holds(self._exclude, found.key, when_unsure=False)


def holds(pattern: regex.Pattern[str], key: str, when_unsure: bool) -> bool:
    """Whether a pattern is found in a key; `when_unsure` where that takes too long to say."""
    try:
        return pattern.search(key, timeout=PATTERN_TIMEOUT_SECONDS) is not None
    except TimeoutError:
        return when_unsure
