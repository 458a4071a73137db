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
        host_port("client:port", "client", ecs="client"),
        host_port("destination:port", "destination", ecs="destination", few_ports=True),
        integer("connection_time", about="Milliseconds from start to end"),
        integer("tls_handshake_time", about="Milliseconds"),
        integer("received_bytes", ecs="source.bytes"),
        integer("sent_bytes", ecs="destination.bytes"),
        code("incoming_tls_alert"),
        keyword("chosen_cert_arn"),
        keyword("chosen_cert_serial"),
        keyword("tls_cipher", ecs="tls.cipher"),
        keyword("tls_protocol_version", ecs="tls.version"),
        keyword("tls_keyexchange", ecs="tls.curve", about="Once named tls_named_group, and empty then"),
        keyword("domain_name", ecs="tls.client.server_name"),
        keyword("alpn_fe_protocol", ecs="tls.next_protocol", about="Negotiated with the client"),
        keyword("alpn_be_protocol", about="Negotiated with the target"),
        quoted_listing("alpn_client_preference_list"),
        time("tls_connection_creation_time", ecs="event.start"),
    ),
    at_least=11,
)

build = positional("nlb", TABLE)
recognise = recogniser(
    path=r"/elasticloadbalancing/.*_net\.[^/]*$",
    line=rb"tls \d+\.\d+ \d{4}-\d\d-\d\dT\S+ net/",
)
