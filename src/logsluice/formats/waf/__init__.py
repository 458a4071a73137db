"""AWS WAF web ACL logs: one JSON object a line.

Keys as in "Log fields for protection pack (web ACL) traffic" of the AWS WAF Developer Guide. `timestamp` (milliseconds)
becomes `@timestamp`. Request headers stay the list that AWS writes, for their names are the clients' to choose.
"""

from __future__ import annotations

from logsluice.formats.fields import Field
from logsluice.formats.json_documents import epoch_milliseconds, json_format, recogniser

FIELDS = (
    Field("@timestamp", "time", aws="timestamp", ecs="@timestamp"),
    Field("formatVersion", "integer"),
    Field("webaclId", ecs="rule.ruleset", about="ARN of the web ACL"),
    Field("terminatingRuleId", ecs="rule.id", about="The rule that ended the inspection, or Default_Action"),
    Field("terminatingRuleType", ecs="rule.category", about="RATE_BASED, REGULAR, GROUP or MANAGED_RULE_GROUP"),
    Field("action", ecs="event.action", about="ALLOW, BLOCK, CAPTCHA or CHALLENGE"),
    Field("terminatingRuleMatchDetails", "object", many=True, about="For SQL injection and cross-site scripting"),
    Field("httpSourceName", about="What the web ACL protects: CF, APIGW, ALB, APPSYNC …"),
    Field("httpSourceId"),
    Field("cfDistributionTenantId", about="Of CloudFront"),
    Field("ruleGroupList", "object", many=True),
    Field("rateBasedRuleList", "object", many=True),
    Field("nonTerminatingMatchingRules", "object", many=True),
    Field("requestHeadersInserted", "object", many=True),
    Field("responseCodeSent", "integer", ecs="http.response.status_code"),
    Field("httpRequest.clientIp", "ip", ecs="client.ip"),
    Field("httpRequest.country", ecs="client.geo.country_iso_code"),
    Field("httpRequest.headers", "object", many=True, about="Objects of name and value"),
    Field("httpRequest.uri", "text", ecs="url.path"),
    Field("httpRequest.args", "text", ecs="url.query"),
    Field("httpRequest.httpVersion", ecs="http.version"),
    Field("httpRequest.httpMethod", ecs="http.request.method"),
    Field("httpRequest.requestId", ecs="http.request.id"),
    Field("httpRequest.fragment", ecs="url.fragment"),
    Field("httpRequest.scheme", ecs="url.scheme"),
    Field("httpRequest.host", ecs="url.domain"),
    Field("labels", "object", many=True, about="Objects of name"),
    Field("captchaResponse", "object"),
    Field("challengeResponse", "object"),
    Field("ja3Fingerprint", ecs="tls.client.ja3"),
    Field("ja4Fingerprint"),
    Field("clientAsn", "integer", ecs="client.as.number"),
    Field("forwardedAsn", "integer"),
    Field("oversizeFields", many=True, about="Parts of the request that were too long to inspect whole"),
    Field("requestBodySize", "integer", ecs="http.request.body.bytes"),
    Field("requestBodySizeInspectedByWAF", "integer"),
)

build = json_format("waf", FIELDS, time="timestamp", read=epoch_milliseconds)
recognise = recogniser(r"/WAFLogs/|aws-waf-logs-", keys=(b'"webaclId"', b'"httpRequest"'))
