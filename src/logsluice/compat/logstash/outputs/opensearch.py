"""OpenSearch and Amazon OpenSearch Service.

Facts: OpenSearch documentation, "logstash-output-opensearch".
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from logsluice.compat.logstash import clusters
from logsluice.compat.logstash.plugins import UNUSED, Output, Pairs
from logsluice.components import near
from logsluice.filters._options import Text

_AWS = {
    "aws_access_key_id": "access_key_id",
    "aws_secret_access_key": "secret_access_key",
    "session_token": "session_token",
    "profile": "profile",
    "assume_role_arn": "role_arn",
    "assume_role_session_name": "role_session_name",
}
"""What `auth_type` says of AWS credentials, in native words."""

_KNOWN = (*_AWS, "type", "user", "password", "region", "service_name")


class Settings(clusters.ClusterSettings):
    """Options of `opensearch`."""

    auth_type: Pairs = Field(
        default_factory=dict, description="`{type => aws_iam region => …}`, or `{type => basic user => …}`."
    )
    tls_certificate: Text | None = Field(default=None, description="Shown to the cluster, in PEM form.")
    tls_key: Text | None = Field(default=None, description="The certificate's private key.")
    target_bulk_bytes: int | None = Field(default=None, ge=1024, description="Upper bound of a request.")
    default_server_major_version: Any = Field(default=None, description=f"{UNUSED}the cluster is asked.")
    service_name: Literal["es", "aoss"] | None = Field(default=None, description=f"{UNUSED}the host's name tells it.")


def translate(settings: Settings) -> Output:
    """The sink `opensearch`."""
    more: dict[str, Any] = {
        "client_certificate": settings.tls_certificate,
        "client_key": settings.tls_key,
        "request_bytes": None if settings.target_bulk_bytes is None else f"{settings.target_bulk_bytes}B",
        **_who(settings.auth_type),
    }
    return settings.output(more)


def _who(given: dict[str, Any]) -> dict[str, Any]:
    if not given:
        return {}
    for name in given:
        if name not in _KNOWN:
            raise ValueError(f"auth_type: there is no option {name!r}{near(name, _KNOWN)}")
    kind = given.get("type")
    if kind == "basic":
        return {"user": given.get("user"), "password": given.get("password"), "auth": None}
    if kind != "aws_iam":
        raise ValueError(f"auth_type: the type must be aws_iam or basic{near(str(kind), ('aws_iam', 'basic'))}")
    aws = {ours: given[name] for name, ours in _AWS.items() if name in given}
    return {"auth": "aws", "user": None, "password": None, "region": given.get("region"), "aws": aws or None}
