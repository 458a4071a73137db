"""AWS CloudTrail: management, data, network activity and insight events.

Records as in "CloudTrail record contents". They are read out of the `Records` of a log file one by one, however large
the file; from JSON lines; from EventBridge events; and from what `aws cloudtrail lookup-events` prints, whose records
are text inside (`CloudTrailEvent`). `eventTime` becomes `@timestamp`.

`sourceIPAddress` is a keyword, for calls made by a service have that service's name there. Digest files (prefix
`CloudTrail-Digest/`) share the bucket: they vouch for log files and hold no events, and are refused as such.

`as_logstash: true` gives the events of Logstash's codec `cloudtrail`: see `logsluice.formats.cloudtrail.logstash`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from logsluice.errors import Unparsable
from logsluice.formats.fields import Field
from logsluice.formats.json_documents import json_format, recogniser, unwrapped

if TYPE_CHECKING:
    from logsluice.model import Event, Format, Parsed

FIELDS = (
    Field("@timestamp", "time", aws="eventTime", ecs="@timestamp"),
    Field("eventVersion"),
    Field("eventName", ecs="event.action"),
    Field("eventSource", ecs="event.provider", about="The service's host name, such as s3.amazonaws.com"),
    Field("eventID", ecs="event.id"),
    Field("eventType", about="AwsApiCall, AwsServiceEvent, AwsConsoleAction, AwsConsoleSignIn …"),
    Field("eventCategory", about="Management, Data, NetworkActivity or Insight"),
    Field("managementEvent", "boolean"),
    Field("readOnly", "boolean"),
    Field("awsRegion", ecs="cloud.region"),
    Field("sourceIPAddress", ecs="source.address", about="An address, or the name of a service"),
    Field("userAgent", "text", ecs="user_agent.original"),
    Field("errorCode", ecs="error.code"),
    Field("errorMessage", "text", ecs="error.message"),
    Field("requestID"),
    Field("recipientAccountId", ecs="cloud.account.id"),
    Field("sharedEventID"),
    Field("apiVersion"),
    Field("vpcEndpointId"),
    Field("vpcEndpointAccountId"),
    Field("sessionCredentialFromConsole"),
    Field("userIdentity.type"),
    Field("userIdentity.principalId", ecs="user.id"),
    Field("userIdentity.arn"),
    Field("userIdentity.accountId"),
    Field("userIdentity.accessKeyId"),
    Field("userIdentity.userName", ecs="user.name"),
    Field("userIdentity.invokedBy"),
    Field("userIdentity.identityProvider"),
    Field("userIdentity.credentialId"),
    Field("userIdentity.sessionContext", "object"),
    Field("userIdentity.onBehalfOf", "object"),
    Field("userIdentity.inScopeOf", "object"),
    Field("requestParameters", "object"),
    Field("responseElements", "object"),
    Field("additionalEventData", "object"),
    Field("serviceEventDetails", "object"),
    Field("resources", "object", many=True),
    Field("tlsDetails.tlsVersion", ecs="tls.version"),
    Field("tlsDetails.cipherSuite", ecs="tls.cipher"),
    Field("tlsDetails.clientProvidedHostHeader", ecs="tls.client.server_name"),
    Field("tlsDetails.keyExchange"),
    Field("addendum", "object", about="Why an event came late or was changed"),
    Field("edgeDeviceDetails", "object"),
    Field("eventContext", "object"),
    Field("insightDetails", "object"),
    Field("insightContext", "object"),
)

_LOOKED_UP = "CloudTrailEvent"


def _record(event: Event) -> Parsed:
    """The record itself, wherever it was put."""
    event = unwrapped(event)
    if "eventTime" not in event:
        if "digestStartTime" in event and "logFiles" in event:
            return Unparsable(
                "a CloudTrail digest file, which holds no events: leave out the prefix CloudTrail-Digest/"
            )
        if _LOOKED_UP in event:
            return _looked_up(event)
    return event


def _looked_up(entry: Event) -> Parsed:
    """An entry of `lookup-events`: the record is text in it, and its resources are beside it."""
    try:
        event = orjson.loads(entry[_LOOKED_UP])
    except orjson.JSONDecodeError as error:
        return Unparsable(f"{_LOOKED_UP} is no JSON: {error}")
    if not isinstance(event, dict):
        return Unparsable(f"{_LOOKED_UP} is no JSON object")
    if "resources" not in event and entry.get("Resources"):
        event["resources"] = entry["Resources"]
    return event


_build = json_format("cloudtrail", FIELDS, "Records", "Events", time="eventTime", before=_record)


def build(as_logstash: bool = False) -> Format:
    """The format.

    Args:
        as_logstash: The events of Logstash's codec instead, see `logsluice.formats.cloudtrail.logstash`.
    """
    if as_logstash:
        from logsluice.formats.cloudtrail.logstash import LogstashCloudTrail

        return LogstashCloudTrail()
    return _build()


recognise = recogniser(
    r"/CloudTrail(?:-Digest|-Insight)?/|_CloudTrail_",
    keys=(b'"eventVersion"', b'"eventSource"', b'"eventName"', b'"eventID"'),
    other=(b'"CloudTrailEvent"',),
)
