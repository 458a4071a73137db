"""Amazon OpenSearch Service, by the older plugin: every request is signed.

Facts: the README of `logstash-output-amazon_es` 7.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from logsluice.compat.logstash import clusters
from logsluice.compat.logstash.plugins import UNUSED, Flag, Output
from logsluice.filters._options import Text, Texts


class Settings(clusters.ClusterSettings):
    """Options of `amazon_es`."""

    hosts: Texts = Field(description="Domains, such as foo.us-east-1.es.amazonaws.com.")
    region: Text | None = Field(default=None, description="Where the domain is; the host's name tells it.")
    port: int | None = Field(default=None, ge=1, le=65535, description="443, or 80 with `protocol => http`.")
    protocol: Literal["https", "http"] = Field(default="https", description="How the domain is spoken to.")
    aws_access_key_id: Text | None = Field(default=None, description="Instead of the credentials that are found.")
    aws_secret_access_key: Text | None = Field(default=None, description="The key's secret.")
    session_token: Text | None = Field(default=None, description="The key's token, where it is a temporary one.")
    profile: Text | None = Field(default=None, description="A profile of the AWS configuration.")
    max_bulk_bytes: int | None = Field(default=None, ge=1024, description="Upper bound of a request.")
    service_name: Literal["es", "aoss"] = Field(default="es", description=f"{UNUSED}the host's name tells it.")
    skip_healthcheck: Any = Field(default=None, description=f"{UNUSED}there is none.")
    skip_template_installation: Flag = Field(default=False, description="As `manage_template => false`.")


def translate(settings: Settings) -> Output:
    """The sink `opensearch`, signing."""
    keys = {
        "access_key_id": settings.aws_access_key_id,
        "secret_access_key": settings.aws_secret_access_key,
        "session_token": settings.session_token,
        "profile": settings.profile if settings.profile != "default" else None,
    }
    aws = {name: value for name, value in keys.items() if value is not None}
    port = settings.port or (443 if settings.protocol == "https" else 80)
    more: dict[str, Any] = {
        **settings.place(settings.protocol == "https", port),
        "request_bytes": None if settings.max_bulk_bytes is None else f"{settings.max_bulk_bytes}B",
        **({"manage_template": False} if settings.skip_template_installation else {}),
    }
    if "user" not in more:
        more |= {"auth": "aws", "region": settings.region, "aws": aws or None}
    return settings.output(more)
