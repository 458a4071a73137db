"""Connection logs of Application Load Balancers: one line a TLS or plain connection, whether or not it made a request.

Fields as in AWS's "Connection logs for your Application Load Balancer".
"""

from __future__ import annotations

from logsluice.formats.columns import duration, integer, ip, keyword, text, time
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.table import Table

TABLE = Table(
    (
        time("timestamp", "@timestamp", ecs="@timestamp", about="When the connection was set up, or failed to be"),
        ip("client_ip", ecs="client.ip", about="The client's address"),
        integer("client_port", ecs="client.port", about="The port of that address"),
        integer("listener_port", ecs="server.port", about="Port of the listener"),
        keyword("tls_protocol", ecs="tls.version", about="TLS version of the connection"),
        keyword("tls_cipher", ecs="tls.cipher", about="Cipher of the connection"),
        duration("tls_handshake_latency", about="Seconds"),
        text("leaf_client_cert_subject", ecs="tls.client.subject", about="Subject of the client's certificate"),
        text("leaf_client_cert_validity", about="NotBefore=…;NotAfter=…, ISO 8601"),
        keyword("leaf_client_cert_serial_number", about="Serial number of the client's certificate"),
        keyword("tls_verify_status", about="Success, or Failed with the reason"),
        keyword("conn_trace_id", about="Joins the connection to its requests in alb"),
        keyword("tls_keyexchange", ecs="tls.curve", about="Such as X25519MLKEM768"),
        keyword("elb", about="The load balancer's resource id"),
        ip("ip_address", about="Of the load balancer's node"),
    ),
    at_least=7,
)

build = positional("alb_connection", TABLE)
recognise = recogniser(
    path=r"/elasticloadbalancing/.*conn_log[^/]*$",
    line=rb"\d{4}-\d\d-\d\dT\S+Z [0-9A-Fa-f.:]+ \d+ \d+ ",
)
