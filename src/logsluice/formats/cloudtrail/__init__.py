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
    Field("@timestamp", "time", aws="eventTime", ecs="@timestamp", about="The time of the event"),
    Field("eventVersion", about="Version of the log's format"),
    Field("eventName", ecs="event.action", about="The action that was asked for"),
    Field("eventSource", ecs="event.provider", about="The service's host name, such as s3.amazonaws.com"),
    Field("eventID", ecs="event.id", about="Names the event"),
    Field("eventType", about="AwsApiCall, AwsServiceEvent, AwsConsoleAction, AwsConsoleSignIn …"),
    Field("eventCategory", about="Management, Data, NetworkActivity or Insight"),
    Field("managementEvent", "boolean", about="Whether it is a management event"),
    Field("readOnly", "boolean", about="Whether the action changes nothing"),
    Field("awsRegion", ecs="cloud.region", about="The region that was called"),
    Field("sourceIPAddress", ecs="source.address", about="An address, or the name of a service"),
    Field("userAgent", "text", ecs="user_agent.original", about="The tool or service that called"),
    Field("errorCode", ecs="error.code", about="The error, where there was one"),
    Field("errorMessage", "text", ecs="error.message", about="Its description"),
    Field("requestID", about="Names the request at the service"),
    Field("recipientAccountId", ecs="cloud.account.id", about="The account that got the event"),
    Field("sharedEventID", about="The same in the events that several accounts got of one action"),
    Field("apiVersion", about="Version of the service's interface"),
    Field("vpcEndpointId", about="The VPC endpoint that the call came through"),
    Field("vpcEndpointAccountId", about="Owner of the VPC endpoint"),
    Field("sessionCredentialFromConsole", about="Whether the credentials came from a session of the console"),
    Field("userIdentity.type", about="Root, IAMUser, AssumedRole, AWSService and others"),
    Field("userIdentity.principalId", ecs="user.id", about="Unique id of the caller; a session has its name in it"),
    Field("userIdentity.arn", about="ARN of the caller"),
    Field("userIdentity.accountId", about="The caller's account"),
    Field("userIdentity.accessKeyId", about="The access key that signed the request"),
    Field("userIdentity.userName", ecs="user.name", about="The caller's name"),
    Field("userIdentity.invokedBy", about="The AWS service that called"),
    Field("userIdentity.identityProvider", about="Who vouched for the caller"),
    Field("userIdentity.credentialId", about="The credential of an IAM Identity Center user"),
    Field("userIdentity.sessionContext", "object", about="Who issued the temporary credentials, and when"),
    Field("userIdentity.onBehalfOf", "object", about="The IAM Identity Center user for whom it was called"),
    Field("userIdentity.inScopeOf", "object", about="The service resource that the credentials are bound to"),
    Field("requestParameters", "object", about="What the request said"),
    Field("responseElements", "object", about="What the answer to a change said"),
    Field("additionalEventData", "object", about="What the service says besides"),
    Field("serviceEventDetails", "object", about="What an event of the service itself is about"),
    Field("resources", "object", many=True, about="What was accessed"),
    Field("tlsDetails.tlsVersion", ecs="tls.version", about="TLS version of the call"),
    Field("tlsDetails.cipherSuite", ecs="tls.cipher", about="Cipher of the call"),
    Field("tlsDetails.clientProvidedHostHeader", ecs="tls.client.server_name", about="The host that the client named"),
    Field("tlsDetails.keyExchange", about="Key exchange of the call"),
    Field("addendum", "object", about="Why an event came late or was changed"),
    Field("edgeDeviceDetails", "object", about="The edge device that was called"),
    Field("eventContext", "object", about="Tags and condition keys, where they are logged"),
    Field("insightDetails", "object", about="The unusual activity of an Insights event"),
    Field("insightContext", "object", about="What led to an Insights event: users, agents, errors, statistics"),
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
