"""`written_after` and `written_before`: when an object was written decides, whatever day its key names."""

from __future__ import annotations

from datetime import UTC, datetime

from logsluice.aws.envelopes import Announcement
from logsluice.aws.listing import Listed
from logsluice.sources.s3_objects import Config
from logsluice.sources.s3_objects.selection import Selection
from logsluice.telemetry.counters import Counters


def test_neither_bound_is_included_and_the_day_in_the_key_is_not_asked() -> None:
    config = Config.model_validate(
        {"bucket": "logs", "written_after": "2018-10-15T01:00", "written_before": "2018-10-15T03:00Z"}
    )
    selection = Selection(config, Counters())

    def is_within(hour: int, second: int = 0) -> bool:
        written = datetime(2018, 10, 15, hour, 0, second, tzinfo=UTC).timestamp()
        return selection.is_within(Listed(Announcement("logs", "AWSLogs/2018/06/01/a.log", "e", 5), written))

    assert [is_within(1), is_within(1, 1), is_within(2), is_within(3)] == [False, True, True, False]
