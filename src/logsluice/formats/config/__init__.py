"""AWS Config: the configuration items of history and snapshot files.

Keys as in "Components of a Configuration Item". The items are read out of `configurationItems` one by one.
`configurationItemCaptureTime` becomes `@timestamp`. A resource's `tags` become `resourceTags`, for an event's own
`tags` are the list that filters write. `configuration` differs with `resourceType` and is open-ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, recogniser

if TYPE_CHECKING:
    from logsluice.model import Event, Parsed

FIELDS = (
    Field("@timestamp", "time", aws="configurationItemCaptureTime", ecs="@timestamp"),
    Field("configurationItemVersion"),
    Field("configurationStateId", "integer"),
    Field("configurationStateMd5Hash"),
    Field("configurationItemStatus", ecs="event.action", about="OK, ResourceDiscovered, ResourceDeleted …"),
    Field("configurationItemDeliveryTime", "time"),
    Field("awsAccountId", ecs="cloud.account.id"),
    Field("awsRegion", ecs="cloud.region"),
    Field("availabilityZone", ecs="cloud.availability_zone"),
    Field("resourceType"),
    Field("resourceId"),
    Field("resourceName"),
    Field("ARN"),
    Field("resourceCreationTime", "time"),
    Field("resourceTags", "object", aws="tags"),
    Field("relatedEvents", many=True, about="Ids of CloudTrail events"),
    Field("relationships", "object", many=True),
    Field("recordingFrequency"),
    Field("configuration", "object"),
    Field("supplementaryConfiguration", "object"),
)


def _without_tags(event: Event) -> Parsed:
    if "tags" in event:
        event["resourceTags"] = event.pop("tags")
    return event


build = json_format("config", FIELDS, "configurationItems", time="configurationItemCaptureTime", before=_without_tags)
recognise = recogniser(r"/Config/", keys=(b'"configurationItemCaptureTime"', b'"resourceType"'))
