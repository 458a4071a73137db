"""AWS WAF web ACL logs: one JSON object a line.

Keys as in "Log fields for protection pack (web ACL) traffic" of the AWS WAF Developer Guide. `timestamp` (milliseconds)
becomes `@timestamp`. Request headers stay the list that AWS writes, for their names are the clients' to choose.
"""

from __future__ import annotations

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import epoch_milliseconds, json_format, recogniser

FIELDS = (
    Field("@timestamp", "time", aws="timestamp", ecs="@timestamp", about="The time of the event"),
    Field("formatVersion", "integer", about="Version of the log's format"),
    Field("webaclId", ecs="rule.ruleset", about="ARN of the web ACL"),
    Field("terminatingRuleId", ecs="rule.id", about="The rule that ended the inspection, or Default_Action"),
    Field("terminatingRuleType", ecs="rule.category", about="RATE_BASED, REGULAR, GROUP or MANAGED_RULE_GROUP"),
    Field("action", ecs="event.action", about="ALLOW, BLOCK, CAPTCHA or CHALLENGE"),
    Field("terminatingRuleMatchDetails", "object", many=True, about="For SQL injection and cross-site scripting"),
    Field("httpSourceName", about="What the web ACL protects: CF, APIGW, ALB, APPSYNC …"),
    Field("httpSourceId", about="Id of what the web ACL protects"),
    Field("cfDistributionTenantId", about="Of CloudFront"),
    Field("ruleGroupList", "object", many=True, about="The rule groups that looked at the request, and what matched"),
    Field("rateBasedRuleList", "object", many=True, about="The rate-based rules that looked at the request"),
    Field(
        "nonTerminatingMatchingRules",
        "object",
        many=True,
        about="The rules that matched and did not end the inspection",
    ),
    Field(
        "requestHeadersInserted",
        "object",
        many=True,
        about="Headers that were added by a rule: objects of name and value",
    ),
    Field("responseCodeSent", "integer", ecs="http.response.status_code", about="Status of a custom answer"),
    Field("httpRequest.clientIp", "ip", ecs="client.ip", about="The client's address"),
    Field("httpRequest.country", ecs="client.geo.country_iso_code", about="The client's country by its address"),
    Field("httpRequest.headers", "object", many=True, about="Objects of name and value"),
    Field("httpRequest.uri", "text", ecs="url.path", about="Path of the request"),
    Field("httpRequest.args", "text", ecs="url.query", about="Query of the request"),
    Field("httpRequest.httpVersion", ecs="http.version", about="Such as HTTP/1.1"),
    Field("httpRequest.httpMethod", ecs="http.request.method", about="The request's method"),
    Field("httpRequest.requestId", ecs="http.request.id", about="Id of the request at the service that is protected"),
    Field("httpRequest.fragment", ecs="url.fragment", about="Part of the URL behind #"),
    Field("httpRequest.scheme", ecs="url.scheme", about="http or https"),
    Field("httpRequest.host", ecs="url.domain", about="The Host header"),
    Field("labels", "object", many=True, about="Objects of name"),
    Field("captchaResponse", "object", about="State of the CAPTCHA token"),
    Field("challengeResponse", "object", about="State of the challenge token"),
    Field("ja3Fingerprint", ecs="tls.client.ja3", about="JA3 of the client's TLS hello"),
    Field("ja4Fingerprint", about="JA4 of the client's TLS hello"),
    Field("clientAsn", "integer", ecs="client.as.number", about="Autonomous system of the client's address"),
    Field("forwardedAsn", "integer", about="Autonomous system of the forwarded address"),
    Field("oversizeFields", many=True, about="Parts of the request that were too long to inspect whole"),
    Field("requestBodySize", "integer", ecs="http.request.body.bytes", about="Bytes of the body"),
    Field("requestBodySizeInspectedByWAF", "integer", about="Bytes of the body that were inspected"),
)

build = json_format("waf", FIELDS, time="timestamp", read=epoch_milliseconds)
recognise = recogniser(r"/WAFLogs/|aws-waf-logs-", keys=(b'"webaclId"', b'"httpRequest"'))
