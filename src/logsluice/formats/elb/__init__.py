"""Access logs of Classic Load Balancers.

Fields as in AWS's "Access logs for your Classic Load Balancer", named as S3logsbeat names them. The last three columns
are missing in logs of before 2014; lines of TCP listeners have an empty request (`- - -`) and no status codes.

`as_s3logsbeat: true` keeps the `-` of these requests, and takes a `+` in `request_url` for a space.
"""

from __future__ import annotations

from dataclasses import replace

from logsluice.formats.columns import code, duration, host_port, integer, keyword, request, text, time
from logsluice.formats.elb_notice import NOTICE, NOTICE_FIELDS
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.s3logsbeat import as_s3logsbeat
from logsluice.formats.table import Table
from logsluice.model import Format


def _other(line: str) -> Table | None:
    return NOTICE if line.startswith("Enable") else None


TABLE = Table(
    (
        time("time", "@timestamp", ecs="@timestamp", about="When the request was received"),
        keyword("elb", about="The load balancer's name"),
        host_port("client:port", "client", ecs="client", about="The client's address"),
        host_port(
            "backend:port",
            "backend",
            few_ports=True,
            about="The instance's address; not there when the request was not sent to one",
        ),
        duration("request_processing_time", about="Seconds until the request was sent to the instance"),
        duration("backend_processing_time", about="Seconds until the instance began to answer"),
        duration("response_processing_time", about="Seconds until the answer was sent to the client"),
        code("elb_status_code", ecs="http.response.status_code", about="Status of the answer to the client"),
        code("backend_status_code", about="Status of the instance's answer"),
        integer("received_bytes", ecs="http.request.bytes", about="Size of the request"),
        integer("sent_bytes", ecs="http.response.bytes", about="Size of the answer"),
        request("request"),
        text("user_agent", ecs="user_agent.original", about="What the client calls itself"),
        keyword("ssl_cipher", ecs="tls.cipher", about="Cipher of the connection to the client; of HTTPS only"),
        keyword("ssl_protocol", ecs="tls.version", about="TLS version of the connection to the client; of HTTPS only"),
    ),
    at_least=11,
    other=_other,
)

_AS_S3LOGSBEAT = replace(TABLE, columns=as_s3logsbeat(TABLE.columns, ("elb", "request_verb")))

_build = positional("elb", TABLE, also=NOTICE_FIELDS)
_build_as_s3logsbeat = positional("elb", _AS_S3LOGSBEAT, also=NOTICE_FIELDS)


def build(as_s3logsbeat: bool = False) -> Format:
    """The format.

    Args:
        as_s3logsbeat: Documents as S3logsbeat makes them.
    """
    return _build_as_s3logsbeat() if as_s3logsbeat else _build()


recognise = recogniser(
    path=r"/elasticloadbalancing/(?!.*_(?:app|net)\.)[^ ]*$",
    line=rb"\d{4}-\d\d-\d\dT\S+Z [\w-]+ \S+:\d+ (?:-|\S+:\d+) |Enable AccessLog for ELB: [\w-]+ at",
)
