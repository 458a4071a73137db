"""Access logs of Classic Load Balancers.

Fields as in AWS's "Access logs for your Classic Load Balancer", named as S3logsbeat names them. The last three columns
are missing in logs of before 2014; lines of TCP listeners have an empty request (`- - -`) and no status codes.
"""

from __future__ import annotations

from logsluice.formats.columns import code, duration, host_port, integer, keyword, request, text, time
from logsluice.formats.elb_notice import NOTICE, NOTICE_FIELDS
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.table import Table


def _other(line: str) -> Table | None:
    return NOTICE if line.startswith("Enable") else None


TABLE = Table(
    (
        time("time", "@timestamp", ecs="@timestamp", about="When the request was received"),
        keyword("elb", about="The load balancer's name"),
        host_port("client:port", "client", ecs="client"),
        host_port("backend:port", "backend", few_ports=True),
        duration("request_processing_time", about="Seconds until the request was sent to the instance"),
        duration("backend_processing_time", about="Seconds until the instance began to answer"),
        duration("response_processing_time", about="Seconds until the answer was sent to the client"),
        code("elb_status_code", ecs="http.response.status_code"),
        code("backend_status_code"),
        integer("received_bytes", ecs="http.request.bytes"),
        integer("sent_bytes", ecs="http.response.bytes"),
        request("request"),
        text("user_agent", ecs="user_agent.original"),
        keyword("ssl_cipher", ecs="tls.cipher"),
        keyword("ssl_protocol", ecs="tls.version"),
    ),
    at_least=11,
    other=_other,
)

build = positional("elb", TABLE, also=NOTICE_FIELDS)
recognise = recogniser(
    path=r"/elasticloadbalancing/(?!.*_(?:app|net)\.)[^ ]*$",
    line=rb"\d{4}-\d\d-\d\dT\S+Z [\w-]+ \S+:\d+ (?:-|\S+:\d+) |Enable AccessLog for ELB: [\w-]+ at",
)
