"""Options of the output `lumberjack`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.components import Options
from logsluice.config.secrets import Secret
from logsluice.config.types import Duration

_OF_TLS = ("ca_file", "client_certificate", "client_key", "client_key_password")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Config(Options):
    """Options of the `lumberjack` output."""

    hosts: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        min_length=1, description="Where Logstash is: names or addresses, each with a port of its own where need be."
    )
    port: int = Field(5044, ge=1, le=65535, description="The port of hosts that name none.")
    loadbalance: bool = Field(False, description="Send to all hosts in turn, not to the first that can be reached.")
    beat: str = Field("logsluice", min_length=1, description="What `[@metadata][beat]` says; many index names use it.")
    beat_version: str | None = Field(
        None, min_length=1, description="What `[@metadata][version]` says, instead of ours."
    )
    document_type: str = Field(
        "_doc", min_length=1, description="What `[@metadata][type]` says; `doc` in beats before 7."
    )
    compression_level: int = Field(3, ge=0, le=9, description="Of zlib; 0 sends events as they are.")
    window: int = Field(2048, ge=1, le=100_000, description="Events in a request at most.")
    timeout: Duration = Field(30.0, gt=0, description="How long to wait for a word of the receiver.")
    ssl: bool = Field(False, description="Speak TLS.")
    ca_file: Path | None = Field(None, description="Authorities to trust instead of the system's, in PEM form.")
    verify_certificates: bool = Field(True, description="false trusts any certificate; for tests.")
    client_certificate: Path | None = Field(None, description="Shown to a receiver that asks for one, in PEM form.")
    client_key: Path | None = Field(None, description="Its private key, when that is in another file.")
    client_key_password: Secret | None = Field(None, description="What the key is encrypted with.")

    @property
    def places(self) -> tuple[str, ...]:
        """The hosts, each with its port."""
        return tuple(f"{_host(text)}:{_parts(text)[1] or self.port}" for text in self.hosts)

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for text in hosts:
            _parts(text)
        return hosts

    @model_validator(mode="after")
    def _tls(self) -> Config:
        for name in _OF_TLS:
            if getattr(self, name) is not None and not self.ssl:
                raise ValueError(f"`{name}` needs `ssl: true`")
        if self.client_certificate is None and (self.client_key or self.client_key_password):
            raise ValueError("`client_key` belongs to a `client_certificate`")
        return self


def address(place: str) -> tuple[str, int]:
    """Host and port of one of `Config.places`."""
    host, port = _parts(place)
    assert port is not None
    return host, port


def _host(text: str) -> str:
    host, _ = _parts(text)
    return f"[{host}]" if ":" in host else host


def _parts(text: str) -> tuple[str, int | None]:
    """Host and port of `host`, `host:port` or `[address]:port`. Raises ValueError."""
    try:
        parts = urlsplit(f"//{text}")
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise ValueError(f"{text!r} is no host: {error}") from None
    if not host or port == 0 or parts.netloc != text or "@" in text:
        raise ValueError(f"{text!r} is no host: write it as logstash.example.com:5044")
    return host, port
