"""Amazon GuardDuty findings: as exported to S3 (one finding a line), or as EventBridge events.

Keys as in "GuardDuty finding format". The same `id` comes again, with a higher `service.count`, while a finding lasts;
`updatedAt` is the time of the event. What a finding is about (`resource`, `service.action`, `service.evidence`) differs
with its `type` and is open-ended.
"""

from __future__ import annotations

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, recogniser, unwrapped

FIELDS = (
    Field("@timestamp", "time", aws="updatedAt", ecs="@timestamp", about="The time of the event"),
    Field("schemaVersion", about="Version of the finding's format"),
    Field("accountId", ecs="cloud.account.id", about="The account in which it was found"),
    Field("region", ecs="cloud.region", about="The region"),
    Field("partition", about="The AWS partition, such as aws"),
    Field("id", ecs="event.id", about="Names the event"),
    Field("arn", about="ARN of the finding"),
    Field("type", ecs="rule.name", about="Such as UnauthorizedAccess:EC2/SSHBruteForce"),
    Field("severity", "float", ecs="event.severity", about="1 to 10"),
    Field("title", "text", ecs="message", about="The finding in a few words"),
    Field("description", "text", about="The finding in full"),
    Field("createdAt", "time", about="When it was found first"),
    Field("updatedAt", "time", about="When it was found last"),
    Field("confidence", "float", about="How sure it is"),
    Field("associatedAttackSequenceArn", about="The attack sequence that it belongs to"),
    Field("customDetectionRuleName", about="The rule of the user's own that found it"),
    Field("resource", "object", about="What is affected"),
    Field("service.serviceName", about="The service that found it"),
    Field("service.detectorId", about="The detector that found it"),
    Field("service.featureName", about="The detector's feature that found it"),
    Field("service.resourceRole", about="TARGET or ACTOR"),
    Field("service.count", "integer", about="How many times it was seen"),
    Field("service.archived", "boolean", about="Whether it was put aside"),
    Field("service.eventFirstSeen", "time", ecs="event.start", about="When its activity was seen first"),
    Field("service.eventLastSeen", "time", ecs="event.end", about="When its activity was seen last"),
    Field("service.action", "object", about="What was done"),
    Field("service.evidence", "object", about="What it was found by, such as a threat list"),
    Field("service.additionalInfo", "object", about="What the finding says besides"),
    Field("service.userFeedback", about="What the user said of it"),
    Field("service.detection", "object", about="The anomaly or sequence that was found"),
    Field("service.malwareScanDetails", "object", about="What was scanned for malware, and the threats in it"),
    Field("service.ebsVolumeScanDetails", "object", about="What was found on the scanned volumes"),
    Field("service.runtimeDetails", "object", about="The process, and what it did"),
)


build = json_format("guardduty", FIELDS, "Findings", time="updatedAt", before=unwrapped)
recognise = recogniser(r"/GuardDuty/", keys=(b'"schemaVersion"', b'"service"', b'"resource"', b'"severity"'))
