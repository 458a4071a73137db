"""AWS Security Hub findings: in the AWS Security Finding Format (ASFF), bare or as EventBridge events.

Keys as in "AWS Security Finding Format (ASFF)", which begin with capitals; those that differ with the kind of finding
are open-ended. `UpdatedAt` is the time of the event.
"""

from __future__ import annotations

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, recogniser

FIELDS = (
    Field("@timestamp", "time", aws="UpdatedAt", ecs="@timestamp"),
    Field("SchemaVersion"),
    Field("Id", ecs="event.id"),
    Field("ProductArn"),
    Field("ProductName", ecs="observer.product"),
    Field("CompanyName", ecs="observer.vendor"),
    Field("GeneratorId", ecs="rule.id"),
    Field("AwsAccountId", ecs="cloud.account.id"),
    Field("AwsAccountName", ecs="cloud.account.name"),
    Field("Region", ecs="cloud.region"),
    Field("Types", many=True),
    Field("FirstObservedAt", "time", ecs="event.start"),
    Field("LastObservedAt", "time", ecs="event.end"),
    Field("CreatedAt", "time"),
    Field("UpdatedAt", "time"),
    Field("ProcessedAt", "time"),
    Field("Severity.Label"),
    Field("Severity.Normalized", "integer", ecs="event.severity"),
    Field("Severity.Original"),
    Field("Severity.Product", "float"),
    Field("Confidence", "integer"),
    Field("Criticality", "integer"),
    Field("Title", "text", ecs="rule.name"),
    Field("Description", "text", ecs="message"),
    Field("SourceUrl"),
    Field("Remediation", "object"),
    Field("ProductFields", "object"),
    Field("UserDefinedFields", "object"),
    Field("Resources", "object", many=True),
    Field("Network", "object"),
    Field("NetworkPath", "object", many=True),
    Field("Process", "object"),
    Field("Malware", "object", many=True),
    Field("ThreatIntelIndicators", "object", many=True),
    Field("Threats", "object", many=True),
    Field("Vulnerabilities", "object", many=True),
    Field("PatchSummary", "object"),
    Field("Action", "object"),
    Field("Detection", "object"),
    Field("Compliance.Status"),
    Field("Compliance.SecurityControlId"),
    Field("Compliance.RelatedRequirements", many=True),
    Field("Compliance.AssociatedStandards", "object", many=True),
    Field("Compliance.StatusReasons", "object", many=True),
    Field("Compliance.SecurityControlParameters", "object", many=True),
    Field("Workflow.Status"),
    Field("WorkflowState"),
    Field("RecordState", about="ACTIVE or ARCHIVED"),
    Field("RelatedFindings", "object", many=True),
    Field("Note", "object"),
    Field("FindingProviderFields", "object"),
    Field("GeneratorDetails", "object"),
    Field("Sample", "boolean"),
    Field("VerificationState"),
)

build = json_format("security_hub", FIELDS, "detail.findings", "Findings", time="UpdatedAt")
recognise = recogniser(r"/SecurityHub/|securityhub", keys=(b'"SchemaVersion"', b'"ProductArn"', b'"GeneratorId"'))
