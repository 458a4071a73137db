"""One listing after the other: all that a template stands for, or only the days that are being written."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from functools import cache

from logsluice.aws.listing import Listed, Lister
from logsluice.sources.s3_objects.prefixes import Days, Template


class Round:
    """A listing that can be interrupted by a fault, and goes on where it was.

    Args:
        lister: The bucket.
        templates: What to list of it.
        began: Seconds since 1970.
        full: List every day; else only those that are being written.
        days: What `since` and `until` leave of them.

    Attributes:
        template: The text of that which the last page was below.
        requests: How many requests were made.
        found: How many objects were listed.
    """

    def __init__(
        self,
        lister: Lister,
        templates: Sequence[Template],
        *,
        began: float,
        full: bool,
        days: Days,
    ) -> None:
        self.began = began
        self.full = full
        self.requests = 0
        self.found = 0
        self._lister = lister
        self._templates = templates
        self._days = days
        self.template = ""
        self._prefixes: deque[tuple[str, str]] | None = None
        self._after = ""

    def next(self) -> Sequence[Listed] | None:
        """The next page of objects; None at the end.

        Raises:
            UsageError: The bucket can't be listed.
            Unavailable: Not now; the next call goes on.
        """
        if self._prefixes is None:
            self._prefixes = deque(self._expand())
        if not self._prefixes:
            return None
        self.requests += 1
        self.template, prefix = self._prefixes[0]
        page = self._lister.page(prefix, self._after)
        self.found += len(page.objects)
        if page.last:
            self._prefixes.popleft()
            self._after = ""
        else:
            self._after = page.objects[-1].found.key
        return page.objects

    def _expand(self) -> Iterator[tuple[str, str]]:
        """Every prefix, after the text of its template."""

        @cache
        def folders(prefix: str) -> list[str]:
            self.requests += 1
            return list(self._lister.folders(prefix))

        for template in self._templates:
            expanded = template.expand(folders, self._days) if self.full else template.recent(self.began, folders)
            yield from ((template.text, prefix) for prefix in expanded)
