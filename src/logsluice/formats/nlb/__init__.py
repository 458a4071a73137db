"""Access logs of Network Load Balancers: one line a TLS connection.

Fields as in AWS's "Access logs for your Network Load Balancer". Times in these logs have no offset and are UTC.
"""

from __future__ import annotations

from logsluice.formats.columns import code, host_port, integer, keyword, quoted_listing, time
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.table import Table

TABLE = Table(
    (
        keyword("type", about="tls"),
        keyword("version", about="Of the log entry's format"),
        time("time", "@timestamp", ecs="@timestamp", about="When the connection ended"),
        keyword("elb", about="The load balancer's resource id"),
        keyword("listener", about="The listener's resource id"),
        host_port("client:port", "client", ecs="client", about="The client's address"),
        host_port(
            "destination:port",
            "destination",
            ecs="destination",
            few_ports=True,
            about="The address that the client connected to",
        ),
        integer("connection_time", about="Milliseconds from start to end"),
        integer("tls_handshake_time", about="Milliseconds"),
        integer("received_bytes", ecs="source.bytes", about="Bytes from the client, decrypted"),
        integer("sent_bytes", ecs="destination.bytes", about="Bytes to the client, before encryption"),
        code("incoming_tls_alert", about="The TLS alert that was received from the client"),
        keyword("chosen_cert_arn", about="ARN of the certificate that was presented"),
        keyword("chosen_cert_serial", about="Serial number of the certificate that was presented"),
        keyword("tls_cipher", ecs="tls.cipher", about="Cipher of the connection"),
        keyword("tls_protocol_version", ecs="tls.version", about="TLS version of the connection"),
        keyword("tls_keyexchange", ecs="tls.curve", about="Once named tls_named_group, and empty then"),
        keyword(
            "domain_name",
            ecs="tls.client.server_name",
            about="The name that the client asked for in the TLS handshake (SNI)",
        ),
        keyword("alpn_fe_protocol", ecs="tls.next_protocol", about="Negotiated with the client"),
        keyword("alpn_be_protocol", about="Negotiated with the target"),
        quoted_listing("alpn_client_preference_list", about="The protocols that the client offers (ALPN)"),
        time("tls_connection_creation_time", ecs="event.start", about="When the connection was begun"),
    ),
    at_least=11,
)

build = positional("nlb", TABLE)
recognise = recogniser(
    path=r"/elasticloadbalancing/.*_net\.[^/]*$",
    line=rb"tls \d+\.\d+ \d{4}-\d\d-\d\dT\S+ net/",
)
