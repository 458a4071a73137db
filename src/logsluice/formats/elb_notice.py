"""The one line that is not of traffic: `Enable AccessLog for ELB: app/name/id at 2026-01-31T12:00:00.000Z`.

Elastic Load Balancing writes it to try whether it may write to the bucket (in an object named ELBAccessLogTestFile).
"""

from __future__ import annotations

from logsluice.formats.columns import keyword, text
from logsluice.formats.fields import Field
from logsluice.formats.table import Table
from logsluice.formats.values import moment
from logsluice.model import Event

_START = "Enable AccessLog for ELB:"


def _message(tokens: list[str]) -> list[str]:
    return [" ".join(tokens)]


def _finish(event: Event) -> None:
    head, _, when = event["message"].rpartition(" at ")
    if not head.startswith(_START):
        raise ValueError("this is no notice of Elastic Load Balancing")
    event["elb"] = head.removeprefix(_START).strip()
    event["@timestamp"] = moment(when)


NOTICE = Table((text("message", about="What the line says"),), mend=_message, finish=_finish)
NOTICE_FIELDS: tuple[Field, ...] = (*NOTICE.fields, *keyword("elb").fields)
