"""CloudTrail's files as Logstash's codec `cloudtrail` takes them: every record as it is, but for three fields.

`eventTime` becomes `@timestamp`; a `sourceIpAddress` that is none becomes `sourceHost`; and a plain
`requestParameters.disableApiTermination` becomes `{"value": …}`, as other records have it. What is not in `Records` is
no event. Facts: the codec's source in logstash-integration-aws.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from logsluice.errors import Unparsable
from logsluice.formats.fields import Field
from logsluice.formats.json.logstash import event_of
from logsluice.framing.json_records import JsonRecords
from logsluice.lang.from_json import loads

if TYPE_CHECKING:
    from logsluice.model import Format, Framing, Origin, Parsed, Parser, Records

RECORDS = JsonRecords("Records")


@dataclass(frozen=True, slots=True)
class LogstashCloudTrail:
    """See the module's documentation."""

    name: str = "cloudtrail"
    fields: Sequence[Field] = ()
    framing: Framing = RECORDS

    def select(self, origin: Origin, head: bytes) -> Format:  # noqa: ARG002 - the contract's
        """Itself."""
        return self

    def parser(self) -> Parser:
        """Records have no state."""
        return self

    def parse(self, records: Records) -> list[Parsed]:
        """See `logsluice.model.Parser`."""
        return [
            _parsed(record) if position else None
            for record, position in zip(records.records, records.positions, strict=True)
        ]


def _parsed(record: bytes) -> Parsed:
    try:
        event: dict[str, Any] = loads(record)
    except ValueError as error:
        return Unparsable(f"no JSON: {error}")
    if "eventTime" in event:
        event["@timestamp"] = event.pop("eventTime")
    parameters = event.get("requestParameters")
    if isinstance(parameters, dict) and "disableApiTermination" in parameters:
        value = parameters["disableApiTermination"]
        parameters["disableApiTermination"] = value if isinstance(value, dict) else {"value": value}
    source = event.get("sourceIpAddress")
    if isinstance(source, str) and not _is_address(source):
        event["sourceHost"] = event.pop("sourceIpAddress")
    return event_of(event)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
