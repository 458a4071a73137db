"""AWS Security Hub findings: in the AWS Security Finding Format (ASFF), bare or as EventBridge events.

Keys as in "AWS Security Finding Format (ASFF)", which begin with capitals; those that differ with the kind of finding
are open-ended. `UpdatedAt` is the time of the event.
"""

from __future__ import annotations

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, recogniser

FIELDS = (
    Field("@timestamp", "time", aws="UpdatedAt", ecs="@timestamp", about="The time of the event"),
    Field("SchemaVersion", about="Version of the finding's format"),
    Field("Id", ecs="event.id", about="Names the finding"),
    Field("ProductArn", about="ARN of the product that found it"),
    Field("ProductName", ecs="observer.product", about="Name of the product that found it"),
    Field("CompanyName", ecs="observer.vendor", about="Who makes the product"),
    Field("GeneratorId", ecs="rule.id", about="The check or rule that found it"),
    Field("AwsAccountId", ecs="cloud.account.id", about="The account in which it was found"),
    Field("AwsAccountName", ecs="cloud.account.name", about="That account's name"),
    Field("Region", ecs="cloud.region", about="The region in which it was found"),
    Field("Types", many=True, about="Namespace/category/classifier of the finding"),
    Field("FirstObservedAt", "time", ecs="event.start", about="When it was seen first"),
    Field("LastObservedAt", "time", ecs="event.end", about="When it was seen last"),
    Field("CreatedAt", "time", about="When the finding was made"),
    Field("UpdatedAt", "time", about="When the finding was changed last"),
    Field("ProcessedAt", "time", about="When Security Hub got it"),
    Field("Severity.Label", about="INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL"),
    Field("Severity.Normalized", "integer", ecs="event.severity", about="0 to 100"),
    Field("Severity.Original", about="The severity in the product's words"),
    Field("Severity.Product", "float", about="The severity as the product's number"),
    Field("Confidence", "integer", about="0 to 100: how sure it is"),
    Field("Criticality", "integer", about="0 to 100: how important the resources are"),
    Field("Title", "text", ecs="rule.name", about="The finding in a few words"),
    Field("Description", "text", ecs="message", about="The finding in full"),
    Field("SourceUrl", about="A page about it in the product"),
    Field("Remediation", "object", about="What can be done"),
    Field("ProductFields", "object", about="What the product says besides"),
    Field("UserDefinedFields", "object", about="What the user added"),
    Field("Resources", "object", many=True, about="What is affected"),
    Field("Network", "object", about="The traffic that it is about"),
    Field("NetworkPath", "object", many=True, about="The way of the traffic, component by component"),
    Field("Process", "object", about="The process that it is about"),
    Field("Malware", "object", many=True, about="Malware that was found"),
    Field("ThreatIntelIndicators", "object", many=True, about="Indicators of known threats"),
    Field("Threats", "object", many=True, about="Threats that were found"),
    Field("Vulnerabilities", "object", many=True, about="Vulnerabilities that were found"),
    Field("PatchSummary", "object", about="Patches that are there and missing"),
    Field("Action", "object", about="What was done to a resource"),
    Field("Detection", "object", about="The attack sequence that was found"),
    Field("Compliance.Status", about="PASSED, WARNING, FAILED or NOT_AVAILABLE"),
    Field("Compliance.SecurityControlId", about="The control that was checked"),
    Field("Compliance.RelatedRequirements", many=True, about="What standards demand of it"),
    Field("Compliance.AssociatedStandards", "object", many=True, about="The standards in which the control is on"),
    Field("Compliance.StatusReasons", "object", many=True, about="Why the status is what it is"),
    Field("Compliance.SecurityControlParameters", "object", many=True, about="Parameters of the control"),
    Field("Workflow.Status", about="NEW, NOTIFIED, SUPPRESSED or RESOLVED"),
    Field("WorkflowState", about="The older form of Workflow.Status"),
    Field("RecordState", about="ACTIVE or ARCHIVED"),
    Field("RelatedFindings", "object", many=True, about="Findings that belong to it"),
    Field("Note", "object", about="A note of the user's"),
    Field("FindingProviderFields", "object", about="Severity, types and others as the product gave them"),
    Field("GeneratorDetails", "object", about="The scan that found it"),
    Field("Sample", "boolean", about="Whether it is a made-up example"),
    Field("VerificationState", about="Whether somebody looked at it: TRUE_POSITIVE and others"),
)

build = json_format("security_hub", FIELDS, "detail.findings", "Findings", time="UpdatedAt")
recognise = recogniser(r"/SecurityHub/|securityhub", keys=(b'"SchemaVersion"', b'"ProductArn"', b'"GeneratorId"'))
