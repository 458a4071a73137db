"""What a CloudWatch Logs subscription delivers: JSON documents with the events of one log stream each.

As in "Log group-level subscription filters": each of the `logEvents` becomes an event with its `message`, its `id` and
`extractedFields`, and with the document's `owner`, `logGroup`, `logStream`, `subscriptionFilters` and `policyLevel`.
`timestamp` (milliseconds) becomes `@timestamp`. Control messages, by which CloudWatch Logs tries whether the target can
be reached, give nothing. Documents may follow one another without a line end, as Amazon Data Firehose writes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsluice.errors import Unparsable
from logsluice.formats.fields import Field
from logsluice.formats.json_documents import epoch_milliseconds, json_format, recogniser, timestamp_from

if TYPE_CHECKING:
    from logsluice.model import Event, Parsed

FIELDS = (
    Field("@timestamp", "time", aws="timestamp", ecs="@timestamp", about="The time of the event"),
    Field("message", "text", ecs="message", about="What the line says"),
    Field("id", ecs="event.id", about="Names the event"),
    Field("owner", ecs="cloud.account.id", about="The account that the log group is of"),
    Field("logGroup", ecs="log.file.path", about="The log group"),
    Field("logStream", about="The log stream"),
    Field("subscriptionFilters", many=True, about="The subscription filters that matched"),
    Field("policyLevel", about="ACCOUNT_LEVEL_POLICY, for subscriptions of the whole account"),
    Field("extractedFields", "object", about="What the subscription's filter pattern named"),
)

_SHARED = ("owner", "logGroup", "logStream", "subscriptionFilters", "policyLevel")
_timed = timestamp_from("timestamp", epoch_milliseconds)


def _log_events(document: Event) -> Parsed:
    kind, entries = document.get("messageType"), document.get("logEvents")
    if kind == "CONTROL_MESSAGE":
        return None
    if kind != "DATA_MESSAGE" or not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return Unparsable("no message of a CloudWatch Logs subscription: it lacks messageType or logEvents")
    shared = {name: document[name] for name in _SHARED if name in document}
    for entry in entries:
        entry.update(shared)
        entry.pop("@metadata", None)
        _timed(entry)
    return entries


build = json_format("cloudwatch_logs", FIELDS, before=_log_events)
recognise = recogniser(r"(?!)", keys=(b'"messageType"', b'"logGroup"', b'"logEvents"'))
