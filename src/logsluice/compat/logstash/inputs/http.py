"""Events that are sent by HTTP: the source `http`.

A request is answered when every output has confirmed its events, and not when they were read. Events have `headers` and
`host` (the sender's address) as without ECS; headers that hold credentials are left out. There is no TLS.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from logsluice.compat.logstash import plugins
from logsluice.compat.logstash.plugins import Feed, Flag, Input, InputSettings
from logsluice.filters._options import FieldRef, Text, pairs

FEED = Feed(whole=True)


class Settings(InputSettings):
    """Options of the input `http`."""

    host: Text = Field(default="0.0.0.0", description="The address to listen on.")  # noqa: S104 - as Logstash
    port: int = Field(default=8080, ge=0, le=65535, description="The port.")
    user: Text | None = Field(default=None, description="Who may send.")
    password: Text | None = Field(default=None, description="With `user`.")
    additional_codecs: Annotated[dict[str, Text], BeforeValidator(pairs)] = Field(
        default_factory=lambda: {"application/json": "json"}, description="Codecs by content type."
    )
    response_code: int = Field(default=200, ge=200, le=204, description="Of the answer.")
    max_content_length: int = Field(default=100 * 1024**2, ge=1, description="Bytes of a body.")
    max_pending_requests: int = Field(default=200, ge=1, description="How many may wait.")
    threads: int = Field(default=2, ge=1, le=64, description="Threads.")
    request_headers_target_field: FieldRef = Field(default="headers", description="Where headers go.")
    remote_host_target_field: FieldRef = Field(default="host", description="Where the sender's address goes.")
    ssl: Flag = Field(default=False, description="Not here.")
    ssl_enabled: Flag = Field(default=False, description="Not here.")


def translate(settings: Settings) -> Input:
    """The source `http`."""
    if settings.ssl or settings.ssl_enabled:
        raise ValueError("TLS can't be had: put a load balancer or a proxy in front, and listen on a private address")
    native: dict[str, Any] = {
        "type": "http",
        "host": settings.host,
        "port": settings.port,
        "header_names": "logstash",
        "status": settings.response_code,
        "max_body": f"{settings.max_content_length}B",
        "pending": settings.max_pending_requests,
        "formats": {
            kind: plugins.format_of(codec, FEED, "additional_codecs")
            for kind, codec in settings.additional_codecs.items()
        },
    }
    if settings.user is not None:
        native |= {"user": settings.user, "password": settings.password}
    copied = {
        "[@metadata][http][headers]": settings.request_headers_target_field,
        "[@metadata][http][remote]": settings.remote_host_target_field,
    }
    pipeline = {"workers": settings.threads, "limits": {"record": plugins.LONGEST_DOCUMENT}}
    return Input(native, feed=FEED, pipeline=pipeline, filters=({"mutate": {"copy": copied}},))
