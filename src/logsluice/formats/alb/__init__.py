r"""Access logs of Application Load Balancers.

Fields as in AWS's "Access logs for your Application Load Balancer", named as S3logsbeat names them. Times that could
not be measured (`-1`) and values that are not there (`-`) are left out. `request` becomes `request_verb`, `request_url`
(percent-decoded once) and `request_proto`.

Lines of the load balancer's connection log, which may lie under the same prefix, are parsed as `alb_connection`. The
line that AWS writes when logging is switched on becomes an event with a `message`.

`as_s3logsbeat: true` keeps the `-` of `target_group_arn`, `trace_id` and requests of dashes, and takes a `+` in
`request_url` for a space.
"""

from __future__ import annotations

from dataclasses import replace

from logsluice.formats import alb_connection
from logsluice.formats.columns import (
    code,
    duration,
    host_port,
    integer,
    ip,
    keyword,
    listing,
    request,
    text,
    time,
)
from logsluice.formats.elb_notice import NOTICE, NOTICE_FIELDS
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.s3logsbeat import as_s3logsbeat
from logsluice.formats.table import Table
from logsluice.model import Format


def _other(line: str) -> Table | None:
    """The table of a line that is no access log line: they begin with the connection's type, never with a digit."""
    if line[:1].isdigit():
        return alb_connection.TABLE
    return NOTICE if line.startswith("Enable") else None


TABLE = Table(
    (
        keyword("type", about="http, https, h2, grpcs, ws or wss"),
        time("time", "@timestamp", ecs="@timestamp", about="When the response was sent"),
        keyword("elb", about="The load balancer's resource id"),
        host_port("client:port", "client", ecs="client", about="The client's address"),
        host_port(
            "target:port",
            "target",
            few_ports=True,
            about="The target's address; not there when the request was not sent to one",
        ),
        duration("request_processing_time", about="Seconds until the request was sent to the target"),
        duration("target_processing_time", about="Seconds until the target began to answer"),
        duration("response_processing_time", about="Seconds until the answer was sent to the client"),
        code("elb_status_code", ecs="http.response.status_code", about="Status of the answer to the client"),
        code("target_status_code", about="Status of the target's answer"),
        integer("received_bytes", ecs="http.request.bytes", about="Size of the request"),
        integer("sent_bytes", ecs="http.response.bytes", about="Size of the answer"),
        request("request"),
        text("user_agent", ecs="user_agent.original", about="What the client calls itself"),
        keyword("ssl_cipher", ecs="tls.cipher", about="Cipher of the connection to the client; of HTTPS only"),
        keyword("ssl_protocol", ecs="tls.version", about="TLS version of the connection to the client; of HTTPS only"),
        keyword("target_group_arn", about="ARN of the target group"),
        keyword("trace_id", about="The X-Amzn-Trace-Id header"),
        keyword(
            "domain_name",
            ecs="tls.client.server_name",
            about="The name that the client asked for in the TLS handshake (SNI)",
        ),
        keyword("chosen_cert_arn", about="ARN of the certificate that was presented"),
        code("matched_rule_priority", about="0: the default rule, -1: an error while rules were evaluated"),
        time("request_creation_time", ecs="event.start", about="When the request was received"),
        text("actions_executed", about="Parted by commas, such as waf,forward"),
        text("redirect_url", about="Where the client was redirected to"),
        keyword("error_reason", about="Why a rule or a Lambda target failed"),
        listing("target:port_list", about="All targets that the request was sent to, as address:port"),
        listing("target_status_code_list", kind="integer", about="The status of each of them"),
        keyword("classification", about="Acceptable, Ambiguous or Severe: how far the request is from RFC 7230"),
        keyword("classification_reason", about="Which rule the request breaks"),
        keyword("conn_trace_id", about="Joins the request to its connection in alb_connection"),
        keyword("transformed_host", about="The Host header after a rule has rewritten it"),
        text("transformed_uri", about="The URI after a rule has rewritten it"),
        keyword("request_transform_status", about="Whether rewriting succeeded"),
        ip("ip_address", about="Of the load balancer's node that answered"),
    ),
    at_least=12,
    other=_other,
)

_AS_S3LOGSBEAT = replace(
    TABLE, columns=as_s3logsbeat(TABLE.columns, ("type", "elb", "request_verb", "target_group_arn", "trace_id"))
)

_build = positional("alb", TABLE, also=(*alb_connection.TABLE.fields, *NOTICE_FIELDS))
_build_as_s3logsbeat = positional("alb", _AS_S3LOGSBEAT, also=(*alb_connection.TABLE.fields, *NOTICE_FIELDS))


def build(as_s3logsbeat: bool = False) -> Format:
    """The format.

    Args:
        as_s3logsbeat: Documents as S3logsbeat makes them.
    """
    return _build_as_s3logsbeat() if as_s3logsbeat else _build()


recognise = recogniser(
    path=r"/elasticloadbalancing/.*_app\.[^/]*$",
    line=rb"(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT\S+ app/|Enable AccessLog for ELB: app/",
)
