"""Amazon GuardDuty findings: as exported to S3 (one finding a line), or as EventBridge events.

Keys as in "GuardDuty finding format". The same `id` comes again, with a higher `service.count`, while a finding lasts;
`updatedAt` is the time of the event. What a finding is about (`resource`, `service.action`, `service.evidence`) differs
with its `type` and is open-ended.
"""

from __future__ import annotations

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, recogniser, unwrapped

FIELDS = (
    Field("@timestamp", "time", aws="updatedAt", ecs="@timestamp"),
    Field("schemaVersion"),
    Field("accountId", ecs="cloud.account.id"),
    Field("region", ecs="cloud.region"),
    Field("partition"),
    Field("id", ecs="event.id"),
    Field("arn"),
    Field("type", ecs="rule.name", about="Such as UnauthorizedAccess:EC2/SSHBruteForce"),
    Field("severity", "float", ecs="event.severity", about="1 to 10"),
    Field("title", "text", ecs="message"),
    Field("description", "text"),
    Field("createdAt", "time"),
    Field("updatedAt", "time"),
    Field("confidence", "float"),
    Field("associatedAttackSequenceArn"),
    Field("customDetectionRuleName"),
    Field("resource", "object"),
    Field("service.serviceName"),
    Field("service.detectorId"),
    Field("service.featureName"),
    Field("service.resourceRole", about="TARGET or ACTOR"),
    Field("service.count", "integer"),
    Field("service.archived", "boolean"),
    Field("service.eventFirstSeen", "time", ecs="event.start"),
    Field("service.eventLastSeen", "time", ecs="event.end"),
    Field("service.action", "object"),
    Field("service.evidence", "object"),
    Field("service.additionalInfo", "object"),
    Field("service.userFeedback"),
    Field("service.detection", "object"),
    Field("service.malwareScanDetails", "object"),
    Field("service.ebsVolumeScanDetails", "object"),
    Field("service.runtimeDetails", "object"),
)


build = json_format("guardduty", FIELDS, "Findings", time="updatedAt", before=unwrapped)
recognise = recogniser(r"/GuardDuty/", keys=(b'"schemaVersion"', b'"service"', b'"resource"', b'"severity"'))
