"""Which of the listed objects are to be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import structlog

from logsluice.aws.listing import Listed
from logsluice.aws.rules import Rules
from logsluice.sources.s3_objects import Config
from logsluice.sources.s3_objects.prefixes import Days
from logsluice.telemetry.counters import Counters

_UNKNOWN_DAY = "00000000"

log = structlog.get_logger("s3_objects")


class Selection:
    """The choice of objects, as configured.

    Args:
        config: The source's options.
        counters: Where what is left out is counted.
    """

    def __init__(self, config: Config, counters: Counters) -> None:
        self._since = config.since
        self._until = config.until
        self._written_after = config.written_after
        self._written_before = config.written_before
        self._rules = Rules((), config.include_keys, config.exclude_keys, config.after.destination)
        self._counters = counters
        self._told_of_archived = False

    @property
    def days(self) -> Days:
        """The days that `since` and `until` leave, for what has its date in the prefix."""
        last = None if self._until is None else (self._until - timedelta(microseconds=1)).astimezone(UTC).date()
        return Days(None if self._since is None else self._since.astimezone(UTC).date(), last)

    def is_within(self, listed: Listed) -> bool:
        """Whether an object is of the time that is asked for: a day in its key counts as a whole."""
        return self._is_of_day(listed) and self._is_written_within(listed)

    def _is_written_within(self, listed: Listed) -> bool:
        modified = datetime.fromtimestamp(listed.modified, UTC)
        return (self._written_after is None or modified > self._written_after) and (
            self._written_before is None or modified < self._written_before
        )

    def _is_of_day(self, listed: Listed) -> bool:
        day = listed.found.origin().day
        if day == _UNKNOWN_DAY:
            begin = end = datetime.fromtimestamp(listed.modified, UTC)
        else:
            begin = datetime.strptime(day, "%Y%m%d").replace(tzinfo=UTC)
            end = begin + timedelta(days=1, microseconds=-1)
        return (self._since is None or end >= self._since) and (self._until is None or begin < self._until)

    def split(self, objects: Iterable[Listed]) -> tuple[list[Listed], list[Listed]]:
        """Those to be read, and those that are left out and counted."""
        wanted: list[Listed] = []
        left_out: list[Listed] = []
        archived = 0
        for listed in objects:
            reason = self._reason(listed)
            archived += reason == "archived_objects"
            if reason:
                self._counters.add(reason)
            (left_out if reason else wanted).append(listed)
        if archived and not self._told_of_archived:
            self._told_of_archived = True
            log.warning(
                "archived objects are left out: restore them, and bring them by `logsluice backfill`",
                example=next(each.found.uri for each in left_out if each.archived),
            )
        return wanted, left_out

    def is_wanted(self, listed: Listed) -> bool:
        """Whether an object is to be read."""
        return not self._reason(listed)

    def _reason(self, listed: Listed) -> str:
        """The counter of what is left out, "" for what is wanted."""
        if not listed.found.size:
            return "empty_objects"
        if not self._rules.want(listed.found):
            return "unwanted_objects"
        return "archived_objects" if listed.archived else ""
