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
    Field("@timestamp", "time", aws="configurationItemCaptureTime", ecs="@timestamp", about="The time of the event"),
    Field("configurationItemVersion", about="Version of the item's format"),
    Field("configurationStateId", "integer", about="Orders the items of one resource"),
    Field("configurationStateMd5Hash", about="Tells two states apart"),
    Field("configurationItemStatus", ecs="event.action", about="OK, ResourceDiscovered, ResourceDeleted …"),
    Field("configurationItemDeliveryTime", "time", about="When the item was delivered"),
    Field("awsAccountId", ecs="cloud.account.id", about="The resource's account"),
    Field("awsRegion", ecs="cloud.region", about="The resource's region"),
    Field("availabilityZone", ecs="cloud.availability_zone", about="The resource's availability zone"),
    Field("resourceType", about="Such as AWS::EC2::Instance"),
    Field("resourceId", about="The resource's id"),
    Field("resourceName", about="The resource's own name"),
    Field("ARN", about="The resource's ARN"),
    Field("resourceCreationTime", "time", about="When the resource was made"),
    Field("resourceTags", "object", aws="tags", about="The resource's tags"),
    Field("relatedEvents", many=True, about="Ids of CloudTrail events"),
    Field("relationships", "object", many=True, about="Resources that it is bound to"),
    Field("recordingFrequency", about="CONTINUOUS or DAILY"),
    Field("configuration", "object", about="The resource as its service describes it"),
    Field("supplementaryConfiguration", "object", about="What the service tells by other calls"),
)


def _without_tags(event: Event) -> Parsed:
    if "tags" in event:
        event["resourceTags"] = event.pop("tags")
    return event


build = json_format("config", FIELDS, "configurationItems", time="configurationItemCaptureTime", before=_without_tags)
recognise = recogniser(r"/Config/", keys=(b'"configurationItemCaptureTime"', b'"resourceType"'))
